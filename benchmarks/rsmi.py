"""Seconds to a 2 x 2 filter and its distance from the exact optimum: ./run python benchmarks/rsmi.py"""

from __future__ import annotations

import time

import numpy as np

import blockspin as bs
from blockspin.exact import surroundings
from blockspin.exact.information import sign_rule
from blockspin.models import KC_SQUARE

AROUND = [0, 1, 3, 2]  # from row by row to around the square
SEEDS = range(1, 6)
WAYS = {
    "InfoNCE": {"objective": "infonce"},
    "classifier": {"objective": "classifier"},
    "rbm-proxy (2018)": {"algorithm": "rbm-proxy"},
}


def main() -> None:
    """A row a coupling and a way to learn; processor seconds of whole fits, the bounds included, after compilation."""
    lattice = bs.Lattice.square(6)
    print(f"{'K':>7} {'way':18} {'seconds':>8} {'worst':>6} {'nats/s':>7} {'of exact':>9} {'estimate':>11}")
    for K in (0.408, KC_SQUARE):
        model = bs.Ising(lattice, K)
        X = bs.to_matrix(bs.sample(model, 5000, seed=1, chains=50))
        joint = surroundings.torus(model)
        best = joint.best_binary(odd=True)[0]
        for name, way in WAYS.items():
            bs.RSMI(lattice, random_state=0, **way).fit(X, chains=50)  # compiles
            seconds, kept = [], []
            for seed in SEEDS:
                start = time.process_time()
                rsmi = bs.RSMI(lattice, random_state=seed, **way).fit(X, chains=50)
                seconds.append(time.process_time() - start)
                kept.append(joint.kept(sign_rule(rsmi.filters_[0, AROUND])))
            middle = float(np.median(seconds))
            print(
                f"{K:7.4f} {name:18} {middle:8.2f} {max(seconds):6.2f} {np.mean(kept) / middle:7.2f} "
                f"{min(kept) / best:9.5f} {rsmi.information_!s:>11}"
            )
        print(f"{K:7.4f} exact: best odd rule {best:.6f} nats, I(V:E) {joint.information():.6f}")


if __name__ == "__main__":
    main()
