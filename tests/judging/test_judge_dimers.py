"""Dimers before the judge: what belongs to Ising spins is not defined, and says why; the rest is measured."""

from __future__ import annotations

import math

import numpy as np

import blockspin as bs
from blockspin.judging import Evidence
from blockspin.judging.judge import judge
from blockspin.samples import make


def test_what_belongs_to_spins_is_not_defined_for_dimers() -> None:
    model = bs.Dimers(bs.Lattice.square(4))
    samples = bs.sample(model, 40, seed=1, chains=10)
    bare = make(samples.values, model.lattice)  # no word of where they come from
    assert not Evidence(bare).not_spins
    assert Evidence(bare, model=model).not_spins == Evidence(samples).not_spins != ""
    card = judge(bs.Majority(model.lattice, 2, random_state=0), samples, critical=samples)
    for name in ("spectrum", "flow", "range"):
        rows = [row for row in card.criteria if row.name == name]
        assert len(rows) == 2
        assert all(math.isnan(row.value) and row.passed is None for row in rows)
        assert all(row.why.startswith("not defined for dimers") for row in rows)
    undefined = {row.quantity for row in card.criteria if row.why.startswith("not defined for dimers")}
    assert undefined == {
        "y_t", "y_h", "growth of K - Kc", "K' - K at Kc", "couplings beyond neighbours, gained",
        "couplings beyond neighbours, coarse", "spin flip", "energy a site", "|m|",
    }  # fmt: skip
    defined = {row.name for row in card.criteria if np.isfinite(row.value)}
    assert defined >= {"locality", "tiling", "symmetry", "fidelity"}
    assert "renormalizes" not in card.verdict
