// The two-dimensional Ising model: a live lattice, its updates, its exact curves, and means with error bars.

export const TC = 2 / Math.log(1 + Math.SQRT2);

// xorshift128 (Marsaglia, J. Stat. Softw. 8, 2003): seeded, so that a test sees the same lattice twice
export class Random {
  constructor(seed) {
    const words = [seed >>> 0, 0x9e3779b9, 0x243f6a88, 0xb7e15162];
    [this.x, this.y, this.z, this.w] = words;
    for (let i = 0; i < 40; i++) this.word();
  }

  word() {
    const t = this.x ^ (this.x << 11);
    this.x = this.y; this.y = this.z; this.z = this.w;
    this.w = this.w ^ (this.w >>> 19) ^ t ^ (t >>> 8);
    return this.w >>> 0;
  }

  uniform() { return (this.word() + 0.5) / 4294967296; }

  uniforms(n) { return Float64Array.from({length: n}, () => this.uniform()); }
}

// spins -1/+1 on an L x L torus, row by row; L is a power of two, so that a mask takes an index around
export class Lattice {
  constructor(L, seed) {
    this.L = L;
    this.N = L * L;
    this.random = new Random(seed);
    this.spins = new Int8Array(this.N).fill(1);
    this.stack = new Int32Array(this.N);
    this.clusters = 1;
  }

  heat() { for (let i = 0; i < this.N; i++) this.spins[i] = this.random.word() & 1 ? 1 : -1; }

  cool() { this.spins.fill(1); }

  // one Metropolis try a site on average, at random sites: in a fixed order all spins would flip at once at high T
  metropolis(T) {
    const {spins, random, N, L} = this, mask = N - 1, column = L - 1;
    const chance = [4, 8].map(cost => Math.exp(-cost / T) * 4294967296);
    for (let n = 0; n < N; n++) {
      const i = random.word() & mask, row = i & ~column;
      const field = spins[(i + L) & mask] + spins[(i - L) & mask]
        + spins[row | ((i + 1) & column)] + spins[row | ((i - 1) & column)];
      const cost = spins[i] * field; // half of the energy that a flip costs
      if (cost <= 0 || random.word() < chance[(cost >> 1) - 1]) spins[i] = -spins[i];
    }
  }

  // one cluster of Wolff (Phys. Rev. Lett. 62, 361 (1989)); returns its size
  cluster(T) {
    const {spins, random, stack, N, L} = this, mask = N - 1, column = L - 1;
    const add = (1 - Math.exp(-2 / T)) * 4294967296;
    const first = random.word() & mask, sign = spins[first];
    let waiting = 1, size = 0;
    stack[0] = first;
    spins[first] = -sign;
    while (waiting) {
      const i = stack[--waiting], row = i & ~column;
      size++;
      for (let side = 0; side < 4; side++) {
        const j = side === 0 ? (i + L) & mask : side === 1 ? (i - L) & mask
          : row | ((side === 2 ? i + 1 : i - 1) & column);
        if (spins[j] === sign && random.word() < add) {
          spins[j] = -sign;
          stack[waiting++] = j;
        }
      }
    }
    return size;
  }

  // as many clusters as `relax` found to flip about all spins. To stop when enough have flipped would favour states
  // of large clusters, and the mean energy near Tc would be wrong by several errors
  wolff(T) { for (let n = 0; n < this.clusters; n++) this.cluster(T); }

  update(T, algorithm) { algorithm === "wolff" ? this.wolff(T) : this.metropolis(T); }

  // an update towards equilibrium, before anything is measured
  relax(T, algorithm) {
    if (algorithm === "metropolis") return this.metropolis(T);
    let n = 0;
    for (let flipped = 0; flipped < this.N && n < 200; n++) flipped += this.cluster(T);
    this.clusters = Math.ceil((this.clusters + n) / 2);
  }

  magnetisation() { return this.spins.reduce((sum, s) => sum + s, 0) / this.N; }

  energy() { return -2 * neighbours(this.spins, this.L); }
}

// mean of s s' over the bonds of an L x L torus: minus half of the energy a site
export function neighbours(spins, L) {
  let sum = 0;
  for (let y = 0; y < L; y++) for (let x = 0; x < L; x++) {
    const i = y * L + x;
    sum += spins[i] * (spins[y * L + (x + 1) % L] + spins[((y + 1) % L) * L + x]);
  }
  return sum / (2 * L * L);
}

// energy a site of the infinite lattice (L. Onsager, Phys. Rev. 65, 117 (1944)), K(k) by the arithmetic-geometric mean
export function onsager(T) {
  const K = 1 / T, tanh = Math.tanh(2 * K), rest = 2 * tanh * tanh - 1;
  if (Math.abs(rest) < 1e-12) return -1 / tanh;
  let [a, b] = [1, Math.abs(rest)];
  while (Math.abs(a - b) > 1e-15) [a, b] = [(a + b) / 2, Math.sqrt(a * b)];
  return -(1 + rest / a) / tanh;
}

// spontaneous magnetisation (C. N. Yang, Phys. Rev. 85, 808 (1952))
export function yang(T) { return T < TC ? (1 - Math.sinh(2 / T) ** -4) ** 0.125 : 0; }

// A running mean whose error knows that successive values are alike: pairs are averaged level by level, and the
// largest error of the levels with enough blocks counts (Flyvbjerg and Petersen, J. Chem. Phys. 91, 461 (1989)).
export class Mean {
  constructor() { this.levels = []; }

  add(value, level = 0) {
    const one = this.levels[level] ??= {n: 0, mean: 0, squares: 0, half: null};
    one.n++;
    const change = value - one.mean;
    one.mean += change / one.n;
    one.squares += change * (value - one.mean);
    if (one.half === null) one.half = value;
    else { this.add((one.half + value) / 2, level + 1); one.half = null; }
  }

  get n() { return this.levels[0]?.n ?? 0; }

  get value() { return this.levels[0]?.mean ?? NaN; }

  get error() {
    const enough = this.levels.filter(one => one.n >= 12);
    return enough.length ? Math.max(...enough.map(one => Math.sqrt(one.squares / (one.n - 1) / one.n))) : NaN;
  }
}

// 0.9921(19): the error, in brackets, is of the last digits; two of them where it begins with a 1. As in the package
export function bracket(value, error) {
  if (value === null || !Number.isFinite(value)) return "not defined";
  if (!(error > 1e-9 * Math.abs(value)) || !Number.isFinite(error)) return minus(String(Number(value.toPrecision(6))));
  if (Math.max(Math.abs(value), error) < 1e-12) return "0";
  let digits = -Math.floor(Math.log10(error));
  if (Math.round(error * 10 ** digits) === 10) digits--;
  if (error * 10 ** digits < 1.95) digits++;
  const tens = 10 ** Math.max(0, -digits), places = Math.max(0, digits);
  return minus(`${(Math.round(value / tens * 10 ** places) / 10 ** places * tens).toFixed(places)}(${Math.round(error * 10 ** digits) * tens})`);
}

export const minus = value => String(value).replace(/^-/, "\u2212");
