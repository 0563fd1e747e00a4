// The page: its state, which the address holds, the live lattices, and the four panels.

import {Lattice, Mean, TC, bracket, minus, neighbours, onsager, yang} from "./ising.js";
import {DECIMATION, MAJORITY, coarse, field, filter, kernel, odds} from "./rules.js";
import {ZOOMS, bars, curve, marker, numbers, plane} from "./plane.js";
import {cut, outline, paint, paintField, unpacked} from "./fields.js";

const data = JSON.parse(document.getElementById("data").textContent);
const $ = id => document.getElementById(id);
const {rules, penalty} = data;
const ofReader = data.own ?? []; // what is of the reader's runs: "stars", "penalty"
const values = key => [...new Set(rules.grid.map(one => one[key]))].sort((a, b) => a - b);
const W = values("w"), RING = values("ring"), L1 = penalty.l1, OTHER = penalty.other.values;

// --- state: what each entry may be, and how the address writes it; without a prototype, since an address may say anything

const CHOICES = {__proto__: null, algorithm: ["wolff", "metropolis"], zoom: Object.keys(ZOOMS), walk: ["soft", "kernel", "layer"],
  rule: ["majority", "decimation", "soft", "kernel", "similar", "filter", "layer"]};
const LISTS = {__proto__: null, w: W, ring: RING, l1: L1, other: OTHER}; // the state holds a place in the list, the address the number
const state = {T: TC, algorithm: "wolff", rule: "similar", zoom: "near", walk: "soft", w: W.indexOf(0.75),
  ring: RING.indexOf(0), l1: Math.max(0, L1.indexOf(0.03)), other: OTHER.length - 1};

function read(hash) {
  for (const [key, text] of new URLSearchParams(hash.replace(/^#/, ""))) {
    if (key === "T" && Number(text) >= 1 && Number(text) <= 4) state.T = snapped(Number(text));
    else if (CHOICES[key]?.includes(text)) state[key] = text;
    else if (LISTS[key]?.includes(Number(text))) state[key] = LISTS[key].indexOf(Number(text));
  }
}

const snapped = T => Math.abs(T - TC) < 0.006 ? TC : T; // the slider's nearest step, and no other

function written() {
  const entries = Object.entries(state).map(([key, value]) => [key, LISTS[key] ? LISTS[key][value] : key === "T" ? value.toFixed(4) : value]);
  return `#${new URLSearchParams(entries)}`;
}

let writing = 0;
function set(changes) {
  Object.assign(state, changes);
  if ("algorithm" in changes) restart();
  clearTimeout(writing); // browsers refuse an address that changes many times a second
  writing = setTimeout(() => history.replaceState(null, "", written()), 300);
  show();
}

// --- the live lattices

const live = new Lattice(256, 1);
const sizes = () => state.rule === "layer" ? [penalty.L] : [128, 64, 32, 16];
let fine, own, shown, energy, magnetisation, scores, waiting, dots = new Map(), frames = 0, sweeps = 0;
let running = !matchMedia("(prefers-reduced-motion: reduce)").matches;

function restart() { // what a change of T or of the rule makes worthless
  energy = new Mean(); magnetisation = new Mean();
  scores = [1, 2, 3].map(() => ({coarse: new Mean(), own: new Mean()}));
  waiting = {lattice: 40, blocks: 20};
}

function build() {
  const [L, ...rest] = sizes();
  if (fine?.L === L) return;
  fine = new Lattice(L, 2);
  own = (rest.length ? rest : [L / 2]).map((size, k) => new Lattice(size, 3 + k));
  for (const one of [fine, ...own]) { one.heat(); for (let n = 0; n < 60; n++) one.relax(state.T, "wolff"); }
}

function stepLattice() {
  sweeps++;
  if (waiting.lattice-- > 0) return live.relax(state.T, state.algorithm);
  live.update(state.T, state.algorithm);
  energy.add(live.energy());
  magnetisation.add(Math.abs(live.magnetisation()));
  if (energy.n > 20) dots.set(state.T.toFixed(2), [state.T, energy.value, magnetisation.value]);
}

function stepBlocks() {
  const measuring = waiting.blocks-- <= 0;
  for (const one of [fine, ...own]) measuring ? one.wolff(state.T) : one.relax(state.T, "wolff");
  shown = [fine.spins];
  own.forEach((one, k) => {
    const L = fine.L / 2 ** k, uniforms = fine.random.uniforms(L * L / 4);
    shown.push(coarse(chosen(), shown[k], L, uniforms));
    if (!measuring) return;
    scores[k].coarse.add(neighbours(shown[k + 1], L / 2));
    scores[k].own.add(neighbours(one.spins, L / 2));
  });
}

// --- rules: the one that is chosen, and its measured exponents

const FIXED = {majority: MAJORITY, decimation: DECIMATION, similar: kernel(rules.similar.features, rules.similar.theta),
  filter: filter(rules.filter.weights)};
const NAMES = {majority: "majority", decimation: "decimation", similar: "self-similar rule", filter: "convolutional RBM"};
const layers = new Map(); // stored layers that have been unpacked
const point = (l1 = state.l1, other = state.other) => penalty.points[l1 * OTHER.length + other];
const inGrid = (w, ring) => rules.grid.find(one => one.w === w && one.ring === ring);

function chosen() {
  if (state.rule === "layer") return layers.get(point());
  if (FIXED[state.rule]) return FIXED[state.rule];
  return kernel(["block", "ring 1"], [W[state.w], state.rule === "soft" ? 0 : RING[state.ring]]);
}

function measured(rule) {
  if (rule === "layer") return {...point(), name: `RBM layer, L1 ${L1[state.l1]}`};
  if (NAMES[rule]) return {...rules[rule], name: NAMES[rule]};
  const ring = rule === "soft" ? 0 : RING[state.ring];
  return {...inGrid(W[state.w], ring), name: rule === "soft" ? `soft majority, w = ${W[state.w]}` : `kernel, w = ${W[state.w]}, ring ${minus(ring)}`};
}

async function load(one) {
  if (layers.has(one)) return;
  const weights = Float64Array.from(await unpacked(one.fields), byte => byte * one.scale);
  layers.set(one, {kind: "layer", weights, site: one.site, sign: one.sign, L: penalty.L});
}

// --- panel 1

function drawLattice() {
  paint($("spins"), live.spins, live.L);
  drawCurves();
}

function drawCurves() {
  const common = {T: state.T, Tc: TC};
  const seen = [...dots.values()];
  curve($("energy"), {...common, exact: onsager, dots: seen.map(([T, e]) => [T, e]), now: energy, y: [-2.05, -0.3], yTicks: [-2, -1.5, -1, -0.5], yLabel: "energy a site"});
  curve($("magnetisation"), {...common, exact: yang, dots: seen.map(([T, , m]) => [T, m]), now: magnetisation, y: [-0.05, 1.05], yTicks: [0, 0.5, 1], yLabel: "magnetisation"});
  const live_ = one => Number.isFinite(one.error) ? bracket(one.value, one.error) : "wait a moment";
  $("energy-text").textContent = `energy: live ${live_(energy)}, exact ${minus(onsager(state.T).toFixed(4))} (Onsager)`;
  $("magnetisation-text").textContent = `|m|: live ${live_(magnetisation)}, exact for the infinite lattice ${yang(state.T).toFixed(4)} (Yang)`;
}

// --- panel 2

let unit = {step: 1, y: 20, x: 24};

function drawBlocks() {
  if (!shown) return;
  paint($("fine"), fine.spins, fine.L);
  $("fine-size").textContent = `${fine.L} × ${fine.L}`;
  document.querySelectorAll("#steps .step").forEach((one, i) => { one.hidden = Math.floor(i / 2) >= own.length; });
  own.forEach((one, k) => {
    paint($(`coarse-${k + 1}`), shown[k + 1], one.L);
    paint($(`own-${k + 1}`), one.spins, one.L, alike(one.spins, shown[k + 1]));
    $(`own-size-${k + 1}`).textContent = `on ${one.L} × ${one.L}`;
  });
  drawScores();
}

// the model has two phases that are one another's mirror image: show the one that the coarse lattice is in
const alike = (spins, others) => [spins, others].map(one => Math.sign(one.reduce((sum, s) => sum + s, 0.5))).reduce((a, b) => a * b);

function drawScores() {
  own.forEach((one, k) => {
    const {coarse: ours, own: theirs} = scores[k], error = Math.hypot(ours.error, theirs.error);
    const ready = Number.isFinite(error);
    $(`score-${k + 1}`).textContent = ready ? `mean s s′ of neighbours: ${bracket(ours.value, ours.error)}, the model ${bracket(theirs.value, theirs.error)}` : "measuring …";
    if (k === 0) $("score").textContent = `Live score, step 1: neighbours differ from the model's by ${ready ? bracket(ours.value - theirs.value, error) : "… (being measured)"}. Exponents at Tc: ${numbers(measured(state.rule))}.`;
  });
}

function drawUnit() {
  const rule = chosen(), {step} = unit, L = fine.L, coarseL = L / 2 ** step;
  const [y, x] = [unit.y, unit.x].map(at => at < coarseL ? at : coarseL >> 1); // of a larger lattice
  const read = field(rule, y, x, L, step);
  outline($("outline"), read, L);
  for (const k of [1, 2, 3]) {
    const {style} = $(`pointed-${k}`);
    $(`pointed-${k}`).hidden = k !== step;
    style.left = `${100 * x / coarseL}%`; style.top = `${100 * y / coarseL}%`; style.width = style.height = `${100 / coarseL}%`;
  }
  const side = state.rule === "layer" ? L : 8, from = state.rule === "layer" ? [0, 0] : [2 * y - 3, 2 * x - 3];
  const single = step === 1 ? [y, x] : [Math.min(y, L / 2 - 1), Math.min(x, L / 2 - 1)];
  const origin = state.rule === "layer" ? from : [2 * single[0] - 3, 2 * single[1] - 3];
  const surely = rule.kind === "kernel" || rule.kind === "layer" ? Math.tanh : Boolean; // mean of the block spin, the others cancelling
  paintField($("own-field"), cut(field(rule, ...single, L, 1), L, ...origin, side), side, surely);
  paintField($("majority-field"), cut(field(MAJORITY, ...single, L, 1), L, ...origin, side), side, Boolean);
  const up = odds(rule);
  $("odds").textContent = up === null ? "" : `Up in ${up.map(one => (100 * one).toFixed(one > 0.995 && one < 1 ? 1 : 0)).join(", ")} % of cases where 4, 3, 2 of the block's spins are up${["kernel", "similar"].includes(state.rule) ? " and those around it cancel" : ""}.`;
}

function pointAt(step, y, x) {
  const L = fine.L / 2 ** step, within = at => Math.min(L - 1, Math.max(0, at));
  unit = {step, y: within(y), x: within(x)};
  drawUnit();
}

// --- panel 3

let star = null;
const trailOf = {soft: () => W.map(w => inGrid(w, 0)), kernel: () => RING.map(ring => inGrid(W[state.w], ring)),
  layer: () => L1.map((_, i) => point(i))};
const ALONG = {soft: "w", kernel: "ring", layer: "l1"};

function drawPlane() {
  const trails = [["soft", "ink", "w"], ["kernel", "green", "ring"], ["layer", "purple", "L1"]].map(([name, colour, label]) => ({points: trailOf[name](), colour, label}));
  const now = measured(state.rule);
  const outside = plane($("plane"), {zoom: state.zoom, stars: measuredStars, trails, now, chosen: star});
  const from = state.rule === state.walk ? "" : ` This rule was chosen in panel 2; move the slider to mark ${{soft: "the soft majority", kernel: "the kernel", layer: "a layer"}[state.walk]} instead.`;
  $("here-text").textContent = `Marked: ${now.name}: ${numbers(now)}.${from}`;
  drawHit(now);
  const without = data.stars.length - measuredStars.length;
  $("star-text").textContent = star ? `${star.name}: ${numbers(star)}. ${SAYS[star.map] ?? ""} Run: ${star.title}.` : "Tap a marker: its name and numbers come here.";
  $("outside").textContent = `${measuredStars.length} maps have exponents; ${outside} of them lie outside of this frame. ${without} more have none: their units have no positions on a lattice, or data are too few.`;
  $("stars").querySelectorAll("button").forEach((one, i) => one.setAttribute("aria-pressed", measuredStars[i] === star));
}

// how many errors each exponent lies from its exact value; within two of them it counts as exact
function drawHit(now) {
  const found = [["y_t", 1, "1"], ["y_h", 15 / 8, "15/8"]].map(([name, exact, text]) => ({name, text, off: (now[name][0] - exact) / now[name][1]}));
  const words = ({name, text, off}) => Math.abs(off) <= 2 ? `${name} is ${text} within two errors`
    : `${name} is ${Math.abs(off).toFixed(0)} errors ${off < 0 ? "below" : "above"} ${text}`;
  const known = found.every(({off}) => Number.isFinite(off)) && now.y_t[0] !== null && now.y_h[0] !== null;
  const hit = known ? found.filter(one => Math.abs(one.off) <= 2).map(one => one.name).join(" ") || "none" : "unknown";
  $("hit").dataset.hit = hit;
  $("hit").textContent = known ? `${hit === "y_t y_h" ? "A hit" : "No hit"}: ${found.map(words).join(", ")}.` : "No answer: an exponent or its error is not known.";
}

const SAYS = {__proto__: null, ...JSON.parse($("stars").dataset.says)}; // what a map is, by its name
const measuredStars = data.stars.filter(one => one.y_t[0] !== null && one.y_h[0] !== null);

function listStars() {
  measuredStars.forEach(one => {
    const button = document.createElement("button"), words = document.createElement("span");
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "-8 -8 16 16");
    marker(svg, one, 0, 0);
    words.textContent = `${one.name}: ${numbers(one)}`;
    button.type = "button";
    button.append(svg, words);
    button.addEventListener("click", () => { star = star === one ? null : one; drawPlane(); });
    group(one).appendChild(document.createElement("li")).append(button);
  });
  for (const fold of $("stars").children) fold.querySelector("b").textContent = `Maps: ${fold.querySelectorAll("li").length}`;
}

// the list of a run's maps; each is open where there is room
const groups = new Map();
function group({run, title}) {
  if (!groups.has(run)) {
    const fold = document.createElement("details"), summary = document.createElement("summary"), list = document.createElement("ul");
    fold.open = innerWidth >= 768;
    summary.append(document.createElement("b"), `. ${title}`);
    fold.append(summary, list);
    $("stars").append(fold);
    groups.set(run, list);
  }
  return groups.get(run);
}

// --- panel 4

// from the fields that are seen to others, in a third of a second: one sees which unit becomes which
const morph = {now: null, target: null};

function morphTo(weights, N, largest) {
  const canvases = [...$("fields").children], target = weights.slice(0, canvases.length * N), start = performance.now();
  const from = morph.now?.length === target.length ? morph.now : target, still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  morph.target = weights;
  const tick = now => {
    if (morph.target !== weights) return; // other fields were chosen meanwhile
    const share = still ? 1 : Math.min(1, Math.max(0, now - start) / 350);
    morph.now = target.map((weight, i) => from[i] + share * (weight - from[i]));
    canvases.forEach((canvas, j) => paintField(canvas, morph.now.slice(j * N, (j + 1) * N), penalty.L, weight => weight / largest));
    if (share < 1) requestAnimationFrame(tick);
  };
  tick(start);
}

function drawPenalty() {
  const one = point(), {weights} = layers.get(one), N = penalty.L ** 2, largest = Math.max(...weights.map(Math.abs));
  if (morph.target !== weights) morphTo(weights, N, largest);
  const {block, untrained, kl_uniform: fair, y_t, y_h} = penalty.marks;
  const lost = `not defined: no positions for ${one.undefined} of ${penalty.seeds} seeds`;
  const row = (label, [value, error], range, marks, {log = false, none = lost} = {}) => ({label, value, error, range, marks, log, none});
  const mark = (at, label) => at === null ? [] : [{at, label: `${label} ${Number(at.toPrecision(4))}`}];
  const range = (key, ...also) => { // of all points, so that the axis stays while a slider moves
    const ends = penalty.points.map(other => other[key]).filter(([value]) => value !== null).flatMap(([value, error]) => [value - error, value + error]);
    return [Math.min(...ends, ...also), Math.max(...ends, ...also)];
  };
  bars($("bars"), [
    row("sites that a field covers", one.participation, [1, N], [...mark(block, "a block"), ...mark(untrained, "untrained")], {log: true}),
    row("KL divergence, nats a site", one.kl, range("kl", 0, fair * 1.15), mark(fair, "independent spins"), {none: "too far for some seeds"}),
    row("y_t", one.y_t, range("y_t", 0.4, 1.1), [...mark(y_t, "majority"), ...mark(1, "exact")]),
    row("y_h", one.y_h, range("y_h", 1.7, 2), [...mark(y_h, "majority"), ...mark(15 / 8, "exact")]),
  ]);
  $("penalty-text").textContent = `Fields are local, by the package's judge, for ${one.local} of ${penalty.seeds} seeds. KL: of the RBM from the model. Numbers are means over seeds, fields of seed ${penalty.seed}. Run: ${penalty.run}.`;
}

const FEW = 16; // fields that one sees at first

function showFields(n) {
  const some = Math.min(n, penalty.units);
  $("fields").replaceChildren(...Array.from({length: some}, (_, j) => {
    const canvas = document.createElement("canvas");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `Field of unit ${j + 1}`);
    return canvas;
  }));
  morph.target = null; // so that they are painted
  $("shown-fields").textContent = `Fields of ${some} of the ${penalty.units} units`;
  $("more-fields").textContent = some < penalty.units ? `Show all ${penalty.units}` : `Show ${FEW}`;
  $("more-fields").hidden = penalty.units <= FEW;
}

// --- Python that makes the same numbers

const SAMPLES = () => `import blockspin as bs

lattice = bs.Lattice.square(${rules.L})
critical = bs.sample(bs.Ising(lattice, K=${rules.Kc}), ${rules.n}, seed=1)`;

function exponentsCode() {
  const one = measured(state.rule), expected = `  # ${numbers(one).replaceAll("\u2212", "-")}`;
  if (state.rule === "layer") return penaltyCode();
  if (state.rule === "filter") return `${SAMPLES()}
X = bs.to_matrix(critical)
rbm = (lambda one: ${one.python})(lattice).fit(X[::4])
(step,) = bs.rg.exponents(critical, [bs.Placed(rbm, lattice).fit(X[:1000])])
print(step)${expected}`;
  return `${SAMPLES()}
(step,) = bs.rg.exponents(critical, lambda one: ${one.python}, 1)
print(step)${expected}`;
}

function penaltyCode() {
  const one = point(), at = `l1=${L1[state.l1]}, ${penalty.other.name}=${OTHER[state.other]}`;
  return `# ${penalty.command} --out runs/${penalty.run}
import blockspin as bs
import xarray as xr

run = xr.open_dataset("runs/${penalty.run}/results.nc", group="${penalty.plane}", engine="h5netcdf")
print(run.sel(${at})["y_t"].mean("seed").item())  # ${one.y_t[0] === null ? "nan" : one.y_t[0].toFixed(6)}`;
}

const CODE = {
  lattice: () => `import blockspin as bs
from blockspin.exact import ising2d

K = 1 / ${state.T}
print(ising2d.energy_per_site(bs.Lattice.square(1_000_000), K))  # exact: ${onsager(state.T).toFixed(4)}
model = bs.Ising(bs.Lattice.square(256), K)
samples = bs.sample(model, 400, seed=1)
print((model.energy(samples) / K / 256**2).mean(), abs(samples.mean(("x", "y"))).mean().item())`,
  blocks: exponentsCode, exponents: exponentsCode, penalty: penaltyCode,
};

async function copy(button) {
  const name = button.dataset.copy, pre = $(`${name}-code`);
  pre.parentElement.open = true;
  try {
    await navigator.clipboard.writeText(pre.textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy the Python"; }, 1500);
  } catch { // not allowed: select it for the reader
    getSelection().selectAllChildren(pre);
  }
}

// --- controls

async function show() {
  const one = point();
  await load(one);
  if (one !== point()) return; // moved on meanwhile
  const key = `${state.T} ${state.rule} ${state.w} ${state.ring} ${state.l1} ${state.other}`;
  if (show.last !== key) { restart(); show.last = key; build(); stepBlocks(); }
  $("T").value = state.T;
  $("T-value").textContent = state.T === TC ? "2.2692" : state.T.toFixed(2);
  for (const [id, list] of Object.entries(LISTS)) {
    $(id).value = state[id];
    $(`${id}-value`).textContent = minus(list[state[id]]);
    $(id).setAttribute("aria-valuetext", list[state[id]]);
  }
  for (const id of Object.keys(CHOICES)) $(id).value = state[id];
  document.querySelector(".for-w").hidden = !["soft", "kernel"].includes(state.rule);
  document.querySelector(".for-ring").hidden = state.rule !== "kernel";
  const along = ALONG[state.walk];
  $("along").max = LISTS[along].length - 1;
  $("along").value = state[along];
  $("along-value").textContent = `${along === "l1" ? "L1" : along} ${minus(LISTS[along][state[along]])}`;
  for (const id of ["rule-says", "walk-says"]) $(id).textContent = $("rule").selectedOptions[0].dataset.says;
  drawLattice(); drawBlocks(); drawUnit(); drawPlane(); drawPenalty();
  for (const name of Object.keys(CODE)) $(`${name}-code`).textContent = CODE[name]();
}

function connect() {
  for (const [id, list] of Object.entries(LISTS)) $(id).max = list.length - 1;
  $("T").addEventListener("input", event => set({T: snapped(Number(event.target.value))}));
  $("Tc").addEventListener("click", () => set({T: TC}));
  for (const id of Object.keys(LISTS)) $(id).addEventListener("input", event => set({[id]: Number(event.target.value)}));
  for (const id of ["algorithm", "zoom"]) $(id).addEventListener("change", event => set({[id]: event.target.value}));
  $("rule").addEventListener("change", ({target: {value}}) => set({rule: value, walk: CHOICES.walk.includes(value) ? value : state.walk}));
  $("walk").addEventListener("change", event => set({walk: event.target.value, rule: event.target.value}));
  $("along").addEventListener("input", event => set({rule: state.walk, [ALONG[state.walk]]: Number(event.target.value)}));
  $("more-fields").addEventListener("click", () => { showFields($("fields").children.length === FEW ? penalty.units : FEW); drawPenalty(); });
  addEventListener("resize", () => { drawCurves(); drawPlane(); drawPenalty(); });
  $("run").addEventListener("click", () => { running = !running; pressed(); });
  $("cool").addEventListener("click", () => { live.cool(); restart(); drawLattice(); });
  $("heat").addEventListener("click", () => { live.heat(); restart(); drawLattice(); });
  for (const button of document.querySelectorAll("[data-copy]")) button.addEventListener("click", () => copy(button));
  for (const step of [1, 2, 3]) {
    const canvas = $(`coarse-${step}`);
    canvas.addEventListener("pointermove", event => at(event, step));
    canvas.addEventListener("pointerdown", event => at(event, step));
    canvas.addEventListener("keydown", event => {
      const move = {ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1]}[event.key];
      if (!move) return;
      event.preventDefault();
      const from = unit.step === step ? unit : {y: 0, x: 0};
      pointAt(step, from.y + move[0], from.x + move[1]);
    });
  }
  $("plane").addEventListener("click", event => {
    const index = event.target.closest("[data-star]")?.dataset.star;
    if (index !== undefined) { star = measuredStars[index]; drawPlane(); }
  });
  addEventListener("hashchange", () => { read(location.hash); show(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { morph.target = null; show(); });
}

function at(event, step) {
  const box = event.target.getBoundingClientRect(), L = fine.L / 2 ** step;
  pointAt(step, Math.floor((event.clientY - box.top) / box.height * L), Math.floor((event.clientX - box.left) / box.width * L));
}

function pressed() {
  $("run").textContent = running ? "Pause" : "Run";
  $("run").setAttribute("aria-pressed", running);
}

// a lattice is updated while its panel is in view, at every frame; curves and the pictures of panel 2 are drawn twice a
// second, since a picture that changes faster is not seen
const visible = new Set();
const watch = new IntersectionObserver(entries => entries.forEach(entry => visible[entry.isIntersecting ? "add" : "delete"](entry.target.id)));
let painted = 0;

function frame_(now) {
  requestAnimationFrame(frame_);
  frames++;
  if (!running) return;
  const due = now - painted > 500;
  if (due) painted = now;
  if (visible.has("lattice")) {
    stepLattice();
    paint($("spins"), live.spins, live.L);
    if (due) drawCurves();
  }
  if (visible.has("blocks")) {
    stepBlocks();
    if (due) drawBlocks();
  }
}

read(location.hash);
showFields(FEW);
// with runs of the reader: whose numbers a panel has
const WHOSE = {rules: "The block rules of panels 1 to 3 are the package's. Your runs are in panels 3 and 4; a layer of panel 4 can be chosen as a rule.",
  stars: ["Markers are maps of the package's runs.", "Markers are maps of your runs; lines of rules are the package's."],
  penalty: ["This layer is of the package's run.", "This layer is of your run."]};
for (const small of document.querySelectorAll("[data-of]")) {
  const yours = ofReader.includes(small.dataset.of), words = WHOSE[small.dataset.of];
  small.dataset.yours = yours;
  small.hidden = ofReader.length === 0;
  small.textContent = Array.isArray(words) ? words[Number(yours)] : words;
}
$("other-name").textContent = penalty.other.label;
$("other-label").hidden = OTHER.length < 2;
$("sources").textContent = `Rules: ${rules.L} × ${rules.L}, ${rules.n} configurations, first step.`;
listStars();
connect();
pressed();
live.heat();
await show();
for (const id of ["lattice", "blocks"]) watch.observe($(id));
requestAnimationFrame(frame_);
// for tests, and for whoever opens the console
globalThis.explorer = {data, state, live, coarse, chosen, kernel, filter, field, onsager, yang, neighbours, bracket, Lattice, Mean,
  MAJORITY, DECIMATION, opened: performance.now(), get frames() { return frames; }, get sweeps() { return sweeps; }, pause() { running = false; pressed(); }};
