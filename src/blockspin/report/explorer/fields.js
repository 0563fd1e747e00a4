// Pictures on canvases: spins, fields of hidden units, outlines; and the stored fields of layers.

const colour = name => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const parts = text => [1, 3, 5].map(i => parseInt(text.slice(i, i + 2), 16));

// spins of an L x L lattice, one pixel each; the style sheet enlarges them without smoothing. sign -1: turned over
export function paint(canvas, spins, L, sign = 1) {
  if (canvas.width !== L) canvas.width = canvas.height = L;
  const image = new ImageData(L, L), pixels = new Uint32Array(image.data.buffer);
  const [up, down] = ["up", "down"].map(name => word(parts(colour(name))));
  for (let i = 0; i < spins.length; i++) pixels[i] = spins[i] === sign ? up : down;
  canvas.getContext("2d").putImageData(image, 0, 0);
}

const word = ([r, g, b]) => (255 << 24 | b << 16 | g << 8 | r) >>> 0; // pixels are little-endian

// weights of an area, from blue (negative) by the page's colour (zero) to vermilion (positive); `share`: how much colour
export function paintField(canvas, weights, wide, share) {
  canvas.width = wide;
  canvas.height = weights.length / wide;
  const image = new ImageData(wide, canvas.height), pixels = new Uint32Array(image.data.buffer);
  const [zero, plus, minus] = ["card", "vermilion", "blue"].map(name => parts(colour(name)));
  weights.forEach((weight, i) => {
    const end = weight < 0 ? minus : plus, part = Math.min(1, share(Math.abs(weight)));
    pixels[i] = word(zero.map((c, k) => Math.round(c + part * (end[k] - c))));
  });
  canvas.getContext("2d").putImageData(image, 0, 0);
}

// a window of an L x L field, side x side sites, that begins at (row, column)
export function cut(field, L, row, column, side) {
  return Array.from({length: side * side}, (_, i) => {
    const y = ((row + Math.floor(i / side)) % L + L) % L, x = ((column + i % side) % L + L) % L;
    return field[y * L + x];
  });
}

// a border around the sites with a weight, on a canvas that lies over the lattice; outside of them, so that they are seen
export function outline(canvas, field, L) {
  const size = 512 / L, context = canvas.getContext("2d"), largest = Math.max(...field.map(Math.abs));
  canvas.width = canvas.height = 512;
  const inside = (y, x) => Math.abs(field[((y + L) % L) * L + (x + L) % L]) > 0.1 * largest;
  context.beginPath();
  for (let y = 0; y < L; y++) for (let x = 0; x < L; x++) if (inside(y, x)) {
    const [left, top] = [x * size, y * size];
    if (!inside(y - 1, x)) { context.moveTo(left, top); context.lineTo(left + size, top); }
    if (!inside(y + 1, x)) { context.moveTo(left, top + size); context.lineTo(left + size, top + size); }
    if (!inside(y, x - 1)) { context.moveTo(left, top); context.lineTo(left, top + size); }
    if (!inside(y, x + 1)) { context.moveTo(left + size, top); context.lineTo(left + size, top + size); }
  }
  for (const [width, name] of [[24, "page"], [16, "vermilion"]]) { // a light seam, so that it is seen on either colour
    context.lineWidth = width;
    context.strokeStyle = colour(name);
    context.stroke();
  }
  for (let y = 0; y < L; y++) for (let x = 0; x < L; x++) if (inside(y, x)) context.clearRect(x * size, y * size, size, size);
}

// stored weights: bytes -127..127, deflated, in base 64
export async function unpacked(text) {
  const bytes = Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Int8Array(await new Response(stream).arrayBuffer());
}
