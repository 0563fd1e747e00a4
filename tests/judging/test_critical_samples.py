"""Samples given as critical are checked by what they are: each way of not being critical, and no false alarm.

Seeds are fixed. At 16 x 16 with 2,000 draws the coupling is known to about .0012, so that .0075 off Kc would be seen.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr

import blockspin as bs
from blockspin import samples as S
from blockspin.judging import Evidence, Outcome
from blockspin.judging.critical import few, refusal
from blockspin.judging.measurement import State
from blockspin.models import KC_SQUARE
from blockspin.models.ising import KC_CUBIC, KC_TRIANGULAR
from blockspin.statistics import Estimate

SQUARE = bs.Lattice.square(16)


@functools.lru_cache
def drawn(K: float, n: int = 2000, *, lattice: bs.Lattice = SQUARE, h: float = 0.0, **more: Any) -> xr.DataArray:
    return bs.sample(bs.Ising(lattice, K, h), n, **{"seed": 1, "chains": 20, **more})


def code(samples: xr.DataArray) -> str:
    others = S.make(np.ones((2, 1, *samples.shape[2:])), S.lattice_of(samples))
    found = refusal(Evidence(others, critical=samples))
    return "" if found is None else found[0]


def occupied(p: float) -> xr.DataArray:
    sites = np.random.default_rng(0).random((2000, 16, 16)) < p
    return bs.read_samples(sites.astype(np.int8))


def window() -> xr.DataArray:
    large = drawn(KC_SQUARE, 400, lattice=bs.Lattice.square(32))
    return S.make(large.values[:, :, :16, :16], SQUARE)


def mixture(*, own: bool) -> xr.DataArray:
    values = np.concatenate([drawn(K, 1000).values for K in (0.42, 0.461)])
    return bs.read_samples(values.reshape(-1, 16, 16)) if own else S.make(values, SQUARE)


def heated() -> xr.DataArray:
    """Chains that start ordered and forget it: not in equilibrium."""
    cold = drawn(0.55, 1000).values
    return S.make(np.concatenate([cold, drawn(KC_SQUARE, 1000).values]), SQUARE)


def one_phase(samples: xr.DataArray) -> xr.DataArray:
    """All draws turned to positive magnetisation, as a simulation below Tc leaves them."""
    sign = np.where(samples.values.sum(axis=(2, 3), keepdims=True) < 0, -1, 1)
    return S.make(samples.values * sign, SQUARE)


def slow(chains: int, draws: int) -> xr.DataArray:
    """Every sweep of a local update: the chains' means differ as correlated draws do."""
    more = {"algorithm": "heat-bath", "spacing": 1, "equilibration": 1500}
    return drawn(KC_SQUARE, chains * draws, lattice=bs.Lattice.square(8), chains=chains, **more)


def one_long_chain() -> xr.DataArray:
    return bs.read_samples(slow(1, 1500).values[0])


def alike(K: float) -> xr.DataArray:
    """One chain and its mirror image, again and again: no error, no certainty, and no crash."""
    one = np.concatenate([side[:, :, ::turn] for side in (drawn(K).values[:1, :30],) for turn in (1, -1)], axis=1)
    return S.make(np.concatenate([np.concatenate([one, -one], axis=1)] * 10), SQUARE)


def labelled(samples: xr.DataArray) -> xr.DataArray:
    """The same with the label of the critical model."""
    return S.make(samples.values, SQUARE, model=bs.Ising(SQUARE, KC_SQUARE).settings())


CASES: dict[str, tuple[Callable[[], xr.DataArray], str]] = {
    "sites occupied at random, 30 %": (lambda: occupied(0.3), "field"),
    "sites occupied at random, 70 %": (lambda: occupied(0.7), "field"),
    "sites occupied at random, half": (lambda: occupied(0.5), "off critical"),
    "a field": (lambda: drawn(KC_SQUARE, h=0.02), "field"),
    "one phase": (lambda: one_phase(drawn(0.46)), "field"),
    "a frozen set": (lambda: S.make(np.ones((20, 5, 16, 16)), SQUARE), "frozen"),
    "too warm": (lambda: drawn(0.43), "off critical"),
    "too cold": (lambda: drawn(0.45), "off critical"),
    "too warm, labelled critical": (lambda: labelled(drawn(0.43)), "off critical"),
    "a mixture of temperatures": (lambda: mixture(own=False), "mixed chains"),
    "a mixture, one draw a chain": (lambda: mixture(own=True), "energy variance"),
    "chains that are not in equilibrium": (heated, "mixed chains"),
    "a window of a larger lattice": (window, "open edges"),
    "an antiferromagnet": (lambda: drawn(-KC_SQUARE), "antiferromagnet"),
    "a chain": (lambda: drawn(0.6, lattice=bs.Lattice.chain(64)), "no critical point"),
    "one long chain": (lambda: drawn(KC_SQUARE).isel(chain=range(1, 2)), "few chains"),
    "seven chains, far from Kc": (lambda: drawn(0.38).isel(chain=range(7)), "few chains"),
    "eight chains, far from Kc": (lambda: drawn(0.38).isel(chain=range(8)), "off critical"),
    "chains that are all alike": (lambda: alike(KC_SQUARE), "open edges"),
    "one long chain, as if of independent draws": (lambda: one_long_chain(), "not independent"),
    "critical": (lambda: drawn(KC_SQUARE), ""),
    "critical, eight chains": (lambda: drawn(KC_SQUARE).isel(chain=range(8)), ""),
    "critical, chains with long correlations": (lambda: slow(100, 20), ""),
    "critical, long chains with long correlations": (lambda: slow(50, 100), ""),
    "critical, one draw a chain": (lambda: bs.read_samples(drawn(KC_SQUARE).values.reshape(-1, 16, 16)), ""),
    "critical, triangular": (lambda: drawn(KC_TRIANGULAR, lattice=bs.Lattice.triangular(12)), ""),
    "critical, cubic": (lambda: drawn(KC_CUBIC, lattice=bs.Lattice.cubic(6)), ""),
    "critical, long torus": (lambda: drawn(KC_SQUARE, lattice=bs.Lattice.square(8, 24)), ""),
    "a little off Kc, which nobody sees": (lambda: drawn(KC_SQUARE + 0.002), ""),
}


@pytest.mark.parametrize("name", CASES)
def test_samples_are_judged_by_what_they_are(name: str) -> None:
    make, expected = CASES[name]
    assert code(make()) == expected


def test_critical_samples_are_not_refused_by_chance() -> None:
    """Of 30 sets none; at the probabilities in thresholds.py all checks together refuse one in thousands."""
    lattice = bs.Lattice.square(8)
    assert [code(drawn(KC_SQUARE, 400, lattice=lattice, seed=seed)) for seed in range(30)] == [""] * 30


def test_refused_samples_fail_and_pass_nothing() -> None:
    samples = drawn(0.43)
    card = bs.judge(bs.Majority(SQUARE, 2, random_state=1), samples, critical=samples, criteria=["spectrum", "flow"])
    assert {(row.state, row.outcome, row.code) for row in card.rows} == {
        (State.UNDEFINED, Outcome.CANNOT_TELL, "off critical")
    }
    assert "off critical" in {note.code for note in card.notes}


def test_a_field_is_no_coupling() -> None:
    """30 % occupied sites: h = artanh(-.4), all couplings 0 (even operators alone gave nn = .113(1))."""
    found = bs.rg.couplings(occupied(0.3))
    assert all(
        abs(one.z(0.0)) < 4 for name, one in zip(found.operators, found.K, strict=True) if name != "magnetisation"
    )
    assert abs(found["magnetisation"].z(math.atanh(-0.4))) < 4
    assert found["magnetisation"].error < 0.01


def test_a_coupling_in_a_field_is_itself() -> None:
    found = bs.rg.couplings(S.make(drawn(0.3, h=0.1).values, SQUARE))
    assert abs(found["nn"].z(0.3)) < 4
    assert abs(found["magnetisation"].z(0.1)) < 4


@pytest.mark.parametrize(
    ("n", "sites", "expected"), [(40, 8, {"few independent draws", "fewer draws than sites"}), (2000, 8, set())]
)
def test_few_draws_are_noted(n: int, sites: int, expected: set[str]) -> None:
    assert {one for one, _ in few(drawn(KC_SQUARE, n, lattice=bs.Lattice.square(sites)))} == expected


def test_the_majority_rule_has_its_distance_from_the_exact_exponents() -> None:
    samples = drawn(KC_SQUARE)
    card = bs.judge(bs.Majority(SQUARE, 2, random_state=1), samples, critical=samples, criteria=["spectrum"])
    for name, exact in (("y_t", 1.0), ("y_h", 15 / 8)):
        row = card.row("spectrum", name)
        assert row is not None
        assert row.distance == Estimate(row.value - exact, row.error)
