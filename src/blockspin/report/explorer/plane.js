// Drawings in SVG: the two curves of panel 1, the plane of exponents, and bars with errors.

import {bracket, minus} from "./ising.js";

const SVG = "http://www.w3.org/2000/svg";

// an SVG element inside another; colours are classes, since the page's policy allows no style attributes
export function put(parent, name, attributes = {}, text = null) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== null) made.textContent = text;
  return parent.appendChild(made);
}

// markers by matplotlib's letters, as paths about the origin; `styles` in the package gives each map its own
const MARKERS = {
  o: "M5 0A5 5 0 1 1 -5 0A5 5 0 1 1 5 0Z", s: "M-4.5 -4.5H4.5V4.5H-4.5Z", D: "M0 -6L6 0L0 6L-6 0Z",
  "^": "M0 -6L5.5 4.5H-5.5Z", v: "M0 6L5.5 -4.5H-5.5Z", "<": "M-6 0L4.5 5.5V-5.5Z", p: "M0 -6L5.7 -1.9L3.5 4.9H-3.5L-5.7 -1.9Z",
  h: "M0 -6L5.2 -3V3L0 6L-5.2 3V-3Z", P: "M-2 -6H2V-2H6V2H2V6H-2V2H-6V-2H-2Z",
  X: "M-6 -3L-3 -6L0 -3L3 -6L6 -3L3 0L6 3L3 6L0 3L-3 6L-6 3L-3 0Z", "*": "M0 -7L1.7 -2.2L6.7 -2.2L2.7 .9L4.1 5.7L0 2.8L-4.1 5.7L-2.7 .9L-6.7 -2.2L-1.7 -2.2Z",
};

export function marker(parent, {marker: letter, colour}, x, y) {
  return put(parent, "path", {d: MARKERS[letter] ?? MARKERS.o, transform: `translate(${x} ${y})`, class: `mark ${colour}`});
}

// as wide as on the screen, up to `most`, so that letters have the size that the style sheet says
export const wide = (svg, most) => Math.min(most, svg.getBoundingClientRect().width || most);

const apart = (a, b) => a.right < b.left || b.right < a.left || a.bottom < b.top || b.bottom < a.top;

// Texts next to their points, {x, y, text, class}, the most important first: each where it covers no text that is
// already there, stays in the box, and covers the fewest of the points; left out where there is no such position.
export function label(svg, texts, box, points) {
  const taken = [];
  for (const {x, y, text, ...rest} of texts) {
    const made = put(svg, "text", {x, y, ...rest}, text), {width, height} = made.getBBox();
    const positions = [10, 18, 30, 44].flatMap(far => [[far, 4], [-far - width, 4], [far, -far], [far, far + 6], [-far - width, -far],
      [-far - width, far + 6], [-width / 2, -far], [-width / 2, far + 8]]);
    const found = positions.map(([right, down]) => ({left: x + right, right: x + right + width, bottom: y + down + 4, top: y + down + 4 - height}))
      .filter(one => one.left >= box.left && one.right <= box.right && one.top >= box.top && one.bottom <= box.bottom && taken.every(other => apart(one, other)))
      .map(one => ({...one, covered: points.filter(([a, b]) => !apart(one, {left: a - 4, right: a + 4, top: b - 4, bottom: b + 4})).length}))
      .reduce((best, one) => best && best.covered <= one.covered ? best : one, null);
    if (!found) { made.remove(); continue; }
    made.setAttribute("x", found.left);
    made.setAttribute("y", found.bottom - 4);
    taken.push(found);
  }
}

// a frame with ticks; returns the functions from numbers to its coordinates
export function frame(svg, {x, y, width, height, left = 46, bottom = 34, top = 24, right = 10, xLabel, yLabel, xTicks, yTicks}) {
  svg.replaceChildren();
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const X = value => left + (value - x[0]) / (x[1] - x[0]) * (width - left - right);
  const Y = value => height - bottom - (value - y[0]) / (y[1] - y[0]) * (height - bottom - top);
  for (const tick of xTicks) {
    put(svg, "path", {d: `M${X(tick)} ${top}V${height - bottom}`, class: "grid"});
    put(svg, "text", {x: X(tick), y: height - bottom + 14, "text-anchor": "middle"}, String(tick));
  }
  for (const tick of yTicks) {
    put(svg, "path", {d: `M${left} ${Y(tick)}H${width - right}`, class: "grid"});
    put(svg, "text", {x: left - 5, y: Y(tick) + 4, "text-anchor": "end"}, minus(tick));
  }
  put(svg, "text", {x: width - right, y: height - 4, "text-anchor": "end", class: "label"}, xLabel);
  put(svg, "text", {x: left - 30, y: 13, class: "label"}, yLabel);
  return {X, Y, box: {left, top, right: width - right, bottom: height - bottom}, inside: (a, b) => a >= x[0] && a <= x[1] && b >= y[0] && b <= y[1]};
}

// an exact curve, what was measured live at other temperatures, and the present dot with its error bar
export function curve(svg, {exact, T, Tc, dots, now, y, yTicks, yLabel}) {
  const {X, Y, box} = frame(svg, {x: [1, 4], y, width: wide(svg, 480), height: 200, xLabel: "T", yLabel, xTicks: [1, 2, 3, 4], yTicks});
  put(svg, "path", {d: `M${X(Tc)} ${box.top}V${box.bottom}`, class: "exact"});
  put(svg, "text", {x: X(Tc) + 5, y: box.top + 11}, "Tc");
  const points = Array.from({length: 601}, (_, i) => 1 + i / 200);
  put(svg, "path", {d: `M${points.map(t => `${X(t).toFixed(1)} ${Y(exact(t)).toFixed(1)}`).join("L")}`, class: "stroke ink"});
  for (const [t, value] of dots) put(svg, "circle", {cx: X(t), cy: Y(value), r: 3, class: "mark sky"});
  if (Number.isFinite(now.value)) {
    bar(svg, X(T), Y(now.value), 0, Number.isFinite(now.error) ? Y(0) - Y(now.error) : 0, "vermilion");
    put(svg, "circle", {cx: X(T), cy: Y(now.value), r: 5, class: "mark vermilion"});
  }
}

// error bars, half-lengths in pixels
export function bar(svg, x, y, wide, high, colour) {
  put(svg, "path", {d: `M${x - wide} ${y}H${x + wide}M${x} ${y - high}V${y + high}`, class: `stroke ${colour}`});
}

export const ZOOMS = {
  all: {x: [0.4, 1.35], y: [1.74, 2.05], xTicks: [0.4, 0.6, 0.8, 1, 1.2], yTicks: [1.75, 1.8, 1.85, 1.9, 1.95, 2, 2.05]},
  near: {x: [0.8, 1.25], y: [1.81, 1.97], xTicks: [0.8, 0.9, 1, 1.1, 1.2], yTicks: [1.825, 1.85, 1.875, 1.9, 1.925, 1.95]},
  close: {x: [0.94, 1.06], y: [1.865, 1.895], xTicks: [0.95, 0.975, 1, 1.025, 1.05], yTicks: [1.865, 1.87, 1.875, 1.88, 1.885, 1.89]},
};

// The plane: exact point, stars with errors, trails, and the point that is chosen now. All are {y_t, y_h: [value,
// error]}. Returns how many stars lie outside of the frame.
export function plane(svg, {zoom, stars, trails, now, chosen}) {
  const width = wide(svg, 640), height = Math.max(340, width * 430 / 640);
  const ticks = width < 480 ? ZOOMS[zoom].xTicks.filter((_, i) => i % 2 === 0) : ZOOMS[zoom].xTicks;
  const {X, Y, box, inside} = frame(svg, {...ZOOMS[zoom], xTicks: ticks, width, height, xLabel: "y_t", yLabel: "y_h"});
  const place = one => [X(one.y_t[0]), Y(one.y_h[0])];
  const size = one => [X(one.y_t[1]) - X(0), Y(0) - Y(one.y_h[1])];
  const known = one => one.y_t[0] !== null && one.y_h[0] !== null;
  const shown = one => known(one) && inside(one.y_t[0], one.y_h[0]);
  put(svg, "path", {d: `M${X(1)} ${box.top}V${box.bottom}M${box.left} ${Y(15 / 8)}H${box.right}`, class: "exact"});
  const texts = [{x: X(1), y: Y(15 / 8), text: "exact (1, 15/8)", class: "label"}];
  for (const {points, colour, label} of trails) {
    const seen = points.filter(shown);
    if (seen.length) put(svg, "path", {d: `M${seen.map(one => place(one).map(c => c.toFixed(1)).join(" ")).join("L")}`, class: `stroke trail ${colour}`});
    const end = seen.at(-1) === points.at(-1) ? seen[0] : seen.at(-1); // the soft majority ends where others are
    if (end) texts.push({x: place(end)[0], y: place(end)[1], text: label, class: "label"});
    for (const one of seen) put(svg, "circle", {cx: place(one)[0], cy: place(one)[1], r: 2.5, class: `mark ${colour}`});
  }
  for (const one of stars.filter(shown)) {
    bar(svg, ...place(one), ...size(one), one.colour);
    const drawn = marker(svg, one, ...place(one));
    drawn.dataset.star = stars.indexOf(one);
    put(drawn, "title", {}, `${one.name}: ${numbers(one)}`);
    if (one === chosen) put(svg, "circle", {cx: place(one)[0], cy: place(one)[1], r: 12, class: "ring ink"});
  }
  if (known(now)) texts.unshift(here(svg, now, place(now), size(now), box, shown(now)));
  const steps = Array.from({length: 60}, (_, i) => i / 59); // of the dashed lines, which no text should cover either
  label(svg, texts, box, [...[...stars, ...trails.flatMap(one => one.points)].filter(shown).map(place),
    ...steps.map(s => [X(1), box.top + s * (box.bottom - box.top)]), ...steps.map(s => [box.left + s * (box.right - box.left), Y(15 / 8)])]);
  return stars.length - stars.filter(shown).length;
}

// the ring around what is chosen now; outside of the frame an arrow at its border, towards it. Returns its text
function here(svg, now, [x, y], size, {left, right, top, bottom}, inside) {
  if (inside) {
    bar(svg, x, y, ...size, "vermilion");
    put(svg, "circle", {cx: x, cy: y, r: 9, class: "ring vermilion", id: "here"});
    return {x, y, text: now.name, class: "label strong"};
  }
  const at = [Math.min(right - 12, Math.max(left + 12, x)), Math.min(bottom - 12, Math.max(top + 12, y))];
  const turn = Math.atan2(y - at[1], x - at[0]) * 180 / Math.PI;
  put(svg, "path", {d: "M11 0L-7 8V-8Z", transform: `translate(${at.join(" ")}) rotate(${turn})`, class: "mark vermilion", id: "here"});
  return {x: at[0], y: at[1], text: `${now.name}, outside`, class: "label strong"};
}

export const numbers = one => `y_t ${bracket(...one.y_t)}, y_h ${bracket(...one.y_h)}`;

// about five round numbers from low to high; powers of four where the axis is logarithmic
export function ticks(low, high, log) {
  if (log) return Array.from({length: 12}, (_, i) => 4 ** i).filter(one => one >= low && one <= high);
  const rough = (high - low) / 5, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(one => one * power).find(one => one >= rough);
  return Array.from({length: 12}, (_, i) => Number(((Math.ceil(low / step - 1e-9) + i) * step).toPrecision(6))).filter(one => one <= high * (1 + 1e-9));
}

// rows of bars: {label, value, error, range: [low, high], log, marks: [{at, label}], none}, each with its axis
export function bars(svg, rows) {
  const width = wide(svg, 480), high = 86, left = 12, right = width - 24;
  svg.replaceChildren();
  svg.setAttribute("viewBox", `0 0 ${width} ${rows.length * high}`);
  rows.forEach((row, i) => {
    const scale = row.log ? Math.log : Number, [low, top] = row.range.map(scale);
    const X = value => left + Math.min(1, Math.max(0, (scale(value) - low) / (top - low))) * (right - left);
    const y = i * high + 38, known = row.value !== null;
    put(svg, "text", {x: 2, y: y - 24, class: "strong"}, row.label);
    put(svg, "text", {x: width - 2, y: y - 24, "text-anchor": "end"}, known ? bracket(row.value, row.error) : row.none);
    put(svg, "rect", {x: left, y, width: right - left, height: 14, class: "track"});
    if (known) {
      put(svg, "rect", {x: left, y, width: Math.max(1, X(row.value) - left), height: 14, class: "filled"});
      const [from, to] = [X(row.value - row.error), X(row.value + row.error)];
      put(svg, "path", {d: `M${from} ${y + 7}H${to}M${from} ${y + 2}V${y + 12}M${to} ${y + 2}V${y + 12}`, class: "whisker"});
    }
    for (const tick of ticks(...row.range, row.log)) {
      put(svg, "path", {d: `M${X(tick)} ${y + 14}V${y + 18}`, class: "stroke ink"});
      put(svg, "text", {x: X(tick), y: y + 30, "text-anchor": "middle"}, String(tick));
    }
    const marks = [...row.marks].sort((a, b) => a.at - b.at).map(({at, label}) => {
      const made = put(svg, "text", {y: y - 8, class: "label"}, label);
      return {made, at: X(at), long: made.getComputedTextLength()};
    });
    // their names in one row above the bar, each as near to its mark as the others let it
    marks.reduce((free, one) => { one.left = Math.max(free, one.at - one.long / 2); return one.left + one.long + 10; }, 2);
    marks.reduceRight((free, one) => { one.left = Math.min(free - one.long, one.left); return one.left - 10; }, width - 2);
    for (const {made, at, long, left: start} of marks) {
      made.setAttribute("x", start);
      put(svg, "path", {d: `M${at} ${y + 14}V${y}L${start + long / 2} ${y - 6}`, class: "stroke ink"});
    }
  });
}
