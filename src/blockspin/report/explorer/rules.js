// Rules of coarse-graining: P(block spin = +1 | spins), and what a block spin reads. The package's bs.Majority,
// bs.Decimation, bs.rules.Kernel, bs.ConvolutionalRBM and bs.RBM, number for number.

// the sites outside a 2 x 2 block that are the n-th nearest to its centre, as [row, column] from the block's first site
export function ring(n) {
  const far = (y, x) => (2 * y - 1) ** 2 + (2 * x - 1) ** 2; // four times the squared distance
  const around = [];
  for (let y = -6; y <= 7; y++) for (let x = -6; x <= 7; x++) if (far(y, x) > 2) around.push([y, x]);
  const shells = [...new Set(around.map(site => far(...site)))].sort((a, b) => a - b);
  return around.filter(site => far(...site) === shells[n - 1]);
}

const BLOCK = [[0, 0], [0, 1], [1, 0], [1, 1]];

// a rule of weighted sites: {sites: [[y, x, weight]], tied: the same, added where the block's sum is 0}
export function kernel(features, theta) {
  const rule = {kind: "kernel", sites: [], tied: []};
  features.forEach((name, k) => {
    const sites = name === "block" ? BLOCK : ring(Number(name.at(-1)));
    const list = name.startsWith("tie") ? rule.tied : rule.sites;
    for (const [y, x] of sites) list.push([y, x, theta[k]]);
  });
  return rule;
}

// one filter of a convolutional RBM, centred on the block
export function filter(weights) {
  const before = (weights.length - 2) / 2;
  const sites = weights.flatMap((row, y) => row.map((weight, x) => [y - before, x - before, weight]));
  return {kind: "kernel", sites, tied: []};
}

export const MAJORITY = {kind: "majority", sites: BLOCK.map(site => [...site, 1]), tied: []};
export const DECIMATION = {kind: "decimation", sites: [[0, 0, 1]], tied: []};

// P(+1) of every block spin of an L x L torus, row by row
export function chance(rule, spins, L) {
  if (rule.kind === "layer") return layered(rule, spins);
  const half = L / 2, found = new Float64Array(half * half);
  const at = (y, x) => spins[((y + L) % L) * L + (x + L) % L];
  const sum = (list, y, x) => { let total = 0; for (const [dy, dx, w] of list) total += w * at(y + dy, x + dx); return total; };
  for (let y = 0; y < L; y += 2) for (let x = 0; x < L; x += 2) {
    const block = at(y, x) + at(y, x + 1) + at(y + 1, x) + at(y + 1, x + 1);
    let p;
    if (rule.kind === "majority") p = block > 0 ? 1 : block < 0 ? 0 : 0.5;
    else if (rule.kind === "decimation") p = at(y, x) > 0 ? 1 : 0;
    else p = sigmoid(2 * (sum(rule.sites, y, x) + (block === 0 ? sum(rule.tied, y, x) : 0)));
    found[(y / 2) * half + x / 2] = p;
  }
  return found;
}

// a layer of an RBM without weight sharing: unit j lies at site[j] of the coarse lattice, turned by its sign
function layered({weights, site, sign, L}, spins) {
  const N = L * L, found = new Float64Array(site.length);
  site.forEach((place, j) => {
    let total = 0;
    for (let i = 0; i < N; i++) total += weights[j * N + i] * spins[i];
    found[place] = sigmoid(2 * sign[j] * total);
  });
  return found;
}

const sigmoid = x => 1 / (1 + Math.exp(-x));

// P(+1) of a block spin of which k = 4, 3, 2 spins are up and all other sites cancel; null where the block does not decide
export function odds({kind, sites}) {
  if (kind === "majority") return [1, 1, 0.5];
  const block = sites?.filter(([y, x]) => (y === 0 || y === 1) && (x === 0 || x === 1)).map(([, , weight]) => weight);
  return kind === "kernel" && block.every(weight => weight === block[0]) ? [4, 2, 0].map(sum => sigmoid(2 * block[0] * sum)) : null;
}

// coarse spins -1/+1, one uniform number a block spin; rules without coins use none of them
export function coarse(rule, spins, L, uniforms) {
  return Int8Array.from(chance(rule, spins, L), (p, i) => uniforms[i] < p ? 1 : -1);
}

// the weights that unit (y, x) gives to the sites of an L x L lattice; steps > 1: the sites of its blocks, by 1
export function field(rule, y, x, L, steps) {
  const found = new Float64Array(L * L), put = (row, column, weight) => {
    found[((row % L + L) % L) * L + (column % L + L) % L] += weight;
  };
  const side = 2 ** steps;
  if (rule.kind === "layer") {
    const N = L * L, j = rule.site.indexOf(y * (L / 2) + x);
    for (let i = 0; i < N; i++) found[i] = rule.sign[j] * rule.weights[j * N + i];
  } else if (steps === 1) for (const [dy, dx, weight] of rule.sites) put(2 * y + dy, 2 * x + dx, weight);
  else for (let dy = 0; dy < side; dy++) for (let dx = 0; dx < side; dx++) put(side * y + dy, side * x + dx, 1);
  return found;
}
