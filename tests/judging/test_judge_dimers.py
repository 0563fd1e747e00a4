"""Dimers before the judge: what belongs to Ising spins is not defined, and says why; the rest is measured."""

from __future__ import annotations

import math

import blockspin as bs
from blockspin.judging import Evidence, Outcome
from blockspin.judging.judge import judge
from blockspin.judging.measurement import State
from blockspin.judging.verdict import Verdict
from blockspin.samples import make


def test_what_belongs_to_spins_is_not_defined_for_dimers() -> None:
    model = bs.Dimers(bs.Lattice.square(4))
    samples = bs.sample(model, 40, seed=1, chains=10)
    bare = make(samples.values, model.lattice)  # no word of where they come from
    assert not Evidence(bare).not_spins
    assert Evidence(bare, model=model).not_spins == Evidence(samples).not_spins != ""
    card = judge(bs.Majority(model.lattice, 2, random_state=0), samples, critical=samples)
    undefined = [row for row in card.rows if row.code == "not spins"]
    # the majority rule has no such numbers of dimers either, and nothing fails
    assert {(row.state, row.outcome) for row in undefined} == {(State.UNDEFINED, Outcome.CANNOT_TELL)}
    assert all(math.isnan(row.value) for row in undefined)
    assert {row.quantity for row in undefined} == {
        "y_t", "y_h", "growth of K - Kc", "K' - K at Kc", "couplings beyond neighbours, gained",
        "couplings beyond neighbours, coarse", "spin flip", "energy a site", "|m|", "distance from the exact row",
        "spread of rows",
    }  # fmt: skip
    assert {row.criterion for row in card.rows if row.defined} >= {"locality", "tiling", "symmetry", "fidelity"}
    assert card.verdict is not Verdict.RENORMALIZES
    assert [note.code for note in card.notes].count("not spins") == 1
