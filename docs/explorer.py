"""Write the explorer's own data, report/explorer/data.json: ./run python docs/explorer.py [runs/penalty]

Exponents of rules are measured here, in some minutes. Stars are those of docs/extracts. Layers over the L1 penalty are
those of the run given, else they stay; docs/how-to/explore.md has the command that makes it.
"""

import json
import sys
from pathlib import Path
from typing import Any

import blockspin as bs
from blockspin.experiments import explore
from blockspin.files import write_json
from blockspin.report import explorer
from blockspin.rg.learned.learner import FEATURES

KC, N, LATTICE = "0.44068679350977147", 40_000, bs.Lattice.square(32)
# of bs.SelfSimilar, in the order of FEATURES: the first of `blockspin run kernels --preset paper --seed 1`
THETA = (0.7064, 0.017, -0.2747, 0.1749, 0.0308, -0.065, -0.8054, 1.8965, 1.6596, -1.299)
W = (0.4, 0.5, 0.6, 0.75, 0.9, 1.1, 1.5, 2.5)
# no step along y_h is larger than a third of the nearest zoom's frame, and steps are finer next to the exact point
RING = (-0.05, -0.025, 0, 0.0125, 0.025, 0.0375, 0.05, 0.0625, 0.075, 0.0875, 0.095, 0.1, 0.105, 0.11, 0.125, 0.15, 0.2)
EXTRACTS = ("mehta-schwab-quick", "mehta-schwab-local", "mcrg-quick")
FILTER = "bs.ConvolutionalRBM(one, 2, 4, units='spin', biases=False, learning_rate=0.02, random_state=1)"


def rules() -> dict[str, Any]:
    """The rules with their exponents, first step, each by the code that the page lets one copy."""
    critical = bs.sample(bs.Ising(LATTICE, K=float(KC)), N, seed=1)
    X = bs.to_matrix(critical)
    rbm = eval(FILTER, {"bs": bs, "one": LATTICE}).fit(X[::4])

    def measured(code: str, *maps: Any) -> dict[str, Any]:
        (step,) = bs.rg.exponents(critical, maps or (lambda one: eval(code, {"bs": bs, "one": one})), 1)
        print(code, step, flush=True)
        return {"python": code} | {y: [getattr(step, y).value, getattr(step, y).error] for y in explore.EXPONENTS}

    def kernel(features: tuple[str, ...], theta: tuple[float, ...]) -> dict[str, Any]:
        return measured(f"bs.rules.Kernel(one, 2, {list(features)}, {list(theta)}, random_state=0)")

    fixed = {"majority": "bs.Majority(one, 2, random_state=0)", "decimation": "bs.Decimation(one, 2)"}
    return {"L": LATTICE.shape[0], "Kc": KC, "n": N, **{name: measured(code) for name, code in fixed.items()}} | {
        "similar": {"features": FEATURES, "theta": THETA} | kernel(FEATURES, THETA),
        "filter": {"weights": rbm.filters_[0].tolist()} | measured(FILTER, bs.Placed(rbm, LATTICE).fit(X[:1000])),
        "grid": [{"w": w, "ring": ring} | kernel(("block", "ring 1"), (w, float(ring))) for ring in RING for w in W],
    }


def stars() -> list[dict[str, Any]]:
    """The maps of the extracts."""
    runs = {name: json.loads((Path(__file__).parent / f"extracts/{name}.json").read_text()) for name in EXTRACTS}
    titles = {name: explore.called(run["experiment"], run["preset"], run["trainings"]) for name, run in runs.items()}
    maps = [(name, one) for name, run in runs.items() for one in run["maps"]]
    return [explore.star(one["map"], one["layer"], name, titles[name], one["quantities"]) for name, one in maps]


if __name__ == "__main__":
    found = explore.of_runs(map(Path, sys.argv[1:]))
    write_json(explorer.DATA, explorer.data() | found | {"stars": stars(), "rules": rules()})
