"""Speed of the samplers, of their peers, and the bound that random bits set, in one run; a part of page.py.

Peers (mcising, peapods, isingenerator) are installed into benchmarks/.peers and run first. One thread, processor
seconds, the least of several.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba import njit

from blockspin.lattice import Lattice
from blockspin.models import KC_CUBIC, KC_SQUARE, KC_TRIANGULAR, BlumeCapel, Ising, PairModel, Potts, potts_kc
from blockspin.sampling import sample
from blockspin.sampling.chains import start
from blockspin.sampling.cluster import ClusterChains
from blockspin.sampling.multispin.lanes import LANES, fair, generators, load, store
from blockspin.sampling.multispin.updates import Replicas
from blockspin.sampling.pair_chains import ALGORITHMS
from blockspin.sampling.pairs import reflections, tables_of
from blockspin.sampling.words import generators as words

HERE = Path(__file__).resolve().parent
PEERS = ("mcising==1.1.0", "peapods==0.2.0", "isingenerator==3.1.2")
WORDS_A_SITE = 10.1  # 64-bit words a lane word until 512 lanes are decided: 1 + log2(512) + 0.1


def least(function: Callable[[], object], repeats: int = 5, clock: Callable[[], float] = time.process_time) -> float:
    """The least of the times, in seconds."""
    times = []
    for _ in range(repeats):
        start = clock()
        function()
        times.append(clock() - start)
    return min(times)


@njit
def _bits(state: np.ndarray, n: int) -> None:
    a, b, c, counter = load(state, 0), load(state, 8), load(state, 16), load(state, 24)
    total = a
    for _ in range(n):
        bits, a, b, c, counter = fair(a, b, c, counter)
        total = total ^ bits
    store(state, 0, total)


def bound() -> float:
    """Flips a ns if drawing the random bits that Metropolis needs were all the work."""
    state, n = generators(1, 1, "benchmark")[0], 2_000_000
    _bits(state, 10)
    return LANES * n / WORDS_A_SITE / least(lambda: _bits(state, n)) / 1e9


def metropolis(model: Ising, stripes: int) -> float:
    """Flips a ns of multi-spin sweeps without flips of clusters, every 32nd of them heat bath."""
    chains = LANES // stripes
    replicas = Replicas.start(model, chains, 1, "benchmark", stripes=stripes, clusters=0)
    replicas.advance(3)
    steps = max(2, 200_000_000 // (chains * model.lattice.n_sites))
    return chains * model.lattice.n_sites * steps / least(lambda: replicas.advance(steps)) / 1e9


def flips(model: Ising) -> dict[str, Any]:
    """Seeds of a flip of clusters near equilibrium, and ns a site of a step: two multi-spin sweeps and the flip."""
    replicas = Replicas.start(model, LANES, 1, "benchmark")
    replicas.advance(50)
    replicas.measure_step()
    steps = max(4, 200_000 // model.lattice.n_sites)
    spent = least(lambda: replicas.advance(steps)) / (steps * LANES * model.lattice.n_sites) * 1e9
    return {"seeds": replicas.clusters, "a step with flips, ns a site": spent}


def clusters(model: Ising) -> dict[str, float]:
    """ns a site of Swendsen-Wang and heat bath, ns a changed site of Wolff."""
    N = model.lattice.n_sites
    chains, steps = max(1, 12_800 // N), max(6, 2_000_000 // N)
    running = ClusterChains(model, "swendsen-wang", np.ones((chains, N), np.int8), words(1, chains, "benchmark"), 3)
    running.advance(50)
    cost = {}
    for algorithm in ("swendsen-wang", "heat-bath"):
        running.algorithm = algorithm
        cost[algorithm] = least(lambda: running.advance(steps)) / (steps * running.values.size) * 1e9
    running.algorithm, times = "wolff", []
    for _ in range(5):
        began = time.process_time()
        changed = running.advance(steps).sum()
        times.append((time.process_time() - began) / changed * 1e9)
    return cost | {"wolff": min(times)}


def pairs_of(model: PairModel) -> dict[str, float]:
    """ns a site of the heat bath of any model, near equilibrium, and of a step of as many clusters as turn N sites."""
    cost = {}
    for algorithm in ALGORITHMS if len(reflections(model)) else ("heat-bath",):
        running = start(model, algorithm, max(1, 12_800 // model.lattice.n_sites), 1, "benchmark")
        running.advance(50)
        running.measure_step()
        steps = max(4, 1_000_000 // model.lattice.n_sites)
        spent = least(lambda: running.advance(steps))  # noqa: B023
        cost[algorithm] = spent / (steps * running.values.size) * 1e9
    return cost


def peers() -> list[dict[str, Any]]:
    """The figures of peers.py, run in its own environment."""
    home = HERE / ".peers" / "sampling"
    python = home / "bin" / "python"
    if not python.exists():
        uv = shutil.which("uv") or str(HERE.parent / ".tools" / "bin" / "uv")
        subprocess.run([uv, "venv", "--quiet", str(home)], check=True)
        subprocess.run([uv, "pip", "install", "--quiet", "--python", str(python), *PEERS], check=True)
    threads = {"OMP_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1"}
    environment = os.environ | threads | {"PYTHONPATH": str(HERE.parent / "src")}
    done = subprocess.run([str(python), str(HERE / "peers.py")], env=environment, capture_output=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def kernels(limit: float, ours: dict[tuple[str, int], float]) -> dict[str, Any]:
    """Tables of the kernels; `ours` takes what peers are compared with, by kind and extent."""
    bits, sites, pairs = [], [], []
    cases = [(Lattice.square(L), KC_SQUARE, 64 if L >= 512 else 1) for L in (16, 40, 64, 128, 256, 1024, 4096)]
    cases += [(Lattice.triangular(64), KC_TRIANGULAR, 1), (Lattice.cubic(16), KC_CUBIC, 1)]
    for lattice, K, stripes in cases:
        value = metropolis(Ising(lattice, K), stripes)
        more = flips(Ising(lattice, K)) if stripes == 1 else {"seeds": None, "a step with flips, ns a site": None}
        row = {"lattice": str(lattice), "stripes": stripes, "flips/ns": value, "of the bound": value / limit}
        bits.append(row | more)
        if lattice.kind == "square":
            ours["metropolis", lattice.shape[0]] = value
    models = [Ising(Lattice.square(L), KC_SQUARE) for L in (40, 256, 1024, 4096)]
    models += [Ising(Lattice.triangular(256), KC_TRIANGULAR), Ising(Lattice.cubic(40), KC_CUBIC)]
    for model in models:
        cost = clusters(model)
        sites.append({"lattice": str(model.lattice)} | cost)
        if model.lattice.kind == "square":
            ours |= {(name, model.lattice.shape[0]): value for name, value in cost.items()}
    square, triangular, cubic = Lattice.square(64), Lattice.triangular(64), Lattice.cubic(16)
    others: list[PairModel] = [
        BlumeCapel(lattice, K, 0.3) for lattice, K in ((square, 0.5), (triangular, 0.3), (cubic, 0.3))
    ]
    others += [Potts(square, potts_kc(q), q) for q in (2, 3, 10)]
    others += [Ising(square, (0.3, 0.05)), BlumeCapel(cubic, (0.2, 0.05), 0.3), Potts(triangular, 0.5, 8)]
    for one in others:
        cost = pairs_of(one)
        way = "table" if tables_of(one).up_to.size else "products"
        row = {"model": str(one), "by": way, "heat bath, updates/ns": 1 / cost["heat-bath"]}
        pairs.append(row | {"a step of Wolff, ns a site": cost.get("wolff")})
    return {"metropolis": bits, "clusters": sites, "pairs": pairs}


def samples(ours: dict[tuple[str, int], float]) -> list[dict[str, Any]]:
    """Configurations a second of 40 x 40, 20,000 of them, equilibration and tau included."""
    rows = []
    for K in (0.408, KC_SQUARE):
        model, rates = Ising(Lattice.square(40), K), {}
        for algorithm in ("multi-spin", "swendsen-wang", "wolff"):
            sample(model, 100, seed=1, algorithm=algorithm)
            rates[algorithm] = 20_000 / least(lambda: sample(model, 20_000, seed=1, algorithm=algorithm), 3)  # noqa: B023
        rows.append({"K": f"{K:.4f}"} | rates)
        ours[f"samples {K:.4f}", 40] = max(rates.values())
    return rows


def compared(others: list[dict[str, Any]], ours: dict[tuple[str, int], float]) -> list[dict[str, Any]]:
    """The same work by peers, and how many times faster ours is."""
    rows = []
    for figure in others:
        drawn = figure["what"] == "samples"
        about = f"samples {figure['K']:.4f}" if drawn else figure["what"]
        mine, theirs = ours[about, figure.get("L", 40)], figure["value"]
        faster = mine / theirs if drawn or about == "metropolis" else theirs / mine
        label = f"{about}, L = {figure.get('L', 40)}"
        name = " ".join([figure["peer"], figure.get("algorithm", "")]).strip()
        rows.append({"work": label, "peer": name, "theirs": theirs, "blockspin": mine, "ratio": faster})
    return sorted(rows, key=lambda row: row["work"])


def measure() -> dict[str, Any]:
    """Every table."""
    numba.set_num_threads(1)
    others, limit, ours = peers(), bound(), {}
    found = {"bound": limit, **kernels(limit, ours), "samples": samples(ours)}
    return found | {"peers": compared(others, ours)}
