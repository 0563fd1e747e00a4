"""Write the explorer's own data: ./run python docs/explorer.py runs/penalty

The file is src/blockspin/report/explorer/data.json. Exponents of rules are measured here, in some minutes. Stars are
those of docs/extracts, and layers over the L1 penalty those of the run given, which is made by

    ./run run locality-map --sweep l1=0,0.001,0.003,0.01,0.03,0.1 --sweep n_samples=500,2000,8000,16000 \\
        --sweep seeds=3 --out runs/penalty
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import blockspin as bs
from blockspin.experiments import explore
from blockspin.files import write_json
from blockspin.report import explorer
from blockspin.rg.learned.learner import FEATURES

KC = "0.44068679350977147"
# of bs.SelfSimilar, in the order of FEATURES: the first of `blockspin run kernels --preset paper --seed 1`
THETA = (0.7064, 0.017, -0.2747, 0.1749, 0.0308, -0.065, -0.8054, 1.8965, 1.6596, -1.299)
W = (0.4, 0.5, 0.6, 0.75, 0.9, 1.1, 1.5, 2.5)
RING = (-0.05, 0.0, 0.025, 0.05, 0.075, 0.1, 0.11, 0.15, 0.2)
EXTRACTS = ("mehta-schwab-quick", "mehta-schwab-local", "mcrg-quick")
LATTICE = bs.Lattice.square(32)


def kernel(features: tuple[str, ...], theta: tuple[float, ...]) -> str:
    """Code that makes a kernel on the lattice `one`, as a user would write it."""
    return f"bs.rules.Kernel(one, 2, {list(features)}, {list(theta)}, random_state=0)"


def rules() -> dict[str, Any]:
    """The rules with their exponents, first step, each by the code that the page lets one copy."""
    critical = bs.sample(bs.Ising(LATTICE, K=float(KC)), 40_000, seed=1)

    def measured(code: str) -> dict[str, Any]:
        (step,) = bs.rg.exponents(critical, lambda one: eval(code, {"bs": bs, "one": one}), 1)
        print(code, step, flush=True)
        return {"python": code} | {y: [getattr(step, y).value, getattr(step, y).error] for y in ("y_t", "y_h")}

    rbm = bs.ConvolutionalRBM(LATTICE, 2, 4, units="spin", biases=False, learning_rate=0.02, random_state=1)
    rbm.fit(bs.to_matrix(critical)[::4])
    (step,) = bs.rg.exponents(critical, [bs.Placed(rbm, LATTICE).fit(bs.to_matrix(critical)[:1000])])
    filters = "bs.ConvolutionalRBM(one, 2, 4, units='spin', biases=False, learning_rate=0.02, random_state=1)"
    grid = [{"w": w, "ring": ring} | measured(kernel(("block", "ring 1"), (w, ring))) for ring in RING for w in W]
    return {
        "L": LATTICE.shape[0],
        "Kc": KC,
        "n": 40_000,
        "majority": measured("bs.Majority(one, 2, random_state=0)"),
        "decimation": measured("bs.Decimation(one, 2)"),
        "similar": {"features": FEATURES, "theta": THETA} | measured(kernel(FEATURES, THETA)),
        "filter": {"weights": rbm.filters_[0].tolist(), "python": filters}
        | {y: [getattr(step, y).value, getattr(step, y).error] for y in ("y_t", "y_h")},
        "grid": grid,
    }


def main(folder: Path) -> None:
    """Measure, read the extracts and the run, and write the file."""
    stars = []
    for name in EXTRACTS:
        stored = json.loads((Path(__file__).parent / "extracts" / f"{name}.json").read_text())
        for card in stored["maps"]:
            rows = {key: row for key, row in card["quantities"].items() if key in ("y_t", "y_h")}
            stars.append(explore.star(card["map"], card["layer"], name, rows))
    data = {"rules": rules(), **explore.of_runs([folder]), "stars": stars}
    write_json(explorer.DATA, data)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
