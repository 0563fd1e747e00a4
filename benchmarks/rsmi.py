"""Seconds to a 2 x 2 filter and its distance from the exact optimum; a part of page.py."""

from __future__ import annotations

import time
from typing import Any

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


def measure() -> dict[str, Any]:
    """A row a coupling and a way to learn; processor seconds of whole fits, the bounds included, after compilation."""
    lattice, rows = bs.Lattice.square(6), []
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
            row = {"K": f"{K:.4f}", "way": name, "seconds": middle, "worst": max(seconds)}
            row |= {"nats a second": float(np.mean(kept)) / middle, "of exact": f"{min(kept) / best:.5f}"}
            rows.append(row | {"estimate (nats)": str(rsmi.information_), "exact": f"{best:.6f}"})
    return {"ways": rows}
