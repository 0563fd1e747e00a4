"""Couplings of Potts states: exact sums, two states against Ising, K as it was sampled, flow and matching."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from blockspin.rg.potts_couplings import Alike, alike_around

import blockspin as bs
from blockspin.lattice import Lattice
from blockspin.rg import potts
from blockspin.rg.couplings import couplings
from blockspin.rg.likelihood import newton
from blockspin.rg.matching import critical_coupling
from blockspin.rg.operators import named
from blockspin.samples import make
from blockspin.statistics import Estimate


def plurality(lattice: Lattice) -> bs.Plurality:
    return bs.Plurality(lattice, 2, random_state=1)


@pytest.mark.parametrize(
    ("lattice", "q", "known"),
    [
        (Lattice.chain(7), 3, {"nn": 0.9, "nnn": -0.3, "triple": 0.2}),
        (Lattice.square(3, 2), 3, {"nn": 0.8, "nnn": 0.2, "plaquette": -0.3}),
        (Lattice.triangular(3, 2), 4, {"nn": 0.4, "triangle": 0.3}),
    ],
    ids=str,
)
def test_the_equations_hold_exactly_in_the_sum_over_all_states(
    lattice: Lattice, q: int, known: dict[str, float]
) -> None:
    states = np.array(list(product(range(q), repeat=lattice.n_sites)), np.int8).reshape(-1, 1, *lattice.shape)
    operators = named(lattice, list(known))
    weight = np.exp(potts.values(states, operators, q)[0][:, 0] @ list(known.values()))
    flat = states[:, 0]
    around = np.stack(
        [[alike_around(one, (flat == c).astype(np.uint8)).ravel() for one in operators] for c in range(q)]
    )
    own = (flat.ravel()[None] + np.arange(q)[:, None]) % q  # the site's own state, then the others
    terms = np.moveaxis(np.take_along_axis(around, own[:, None].astype(int), axis=0), -1, 0).astype(float)
    weights = np.repeat(weight / weight.sum() / lattice.n_sites, lattice.n_sites)
    K, why = newton(Alike(terms), weights, tuple(known))
    assert why == ""
    np.testing.assert_allclose(K, list(known.values()), atol=1e-9)


def test_two_states_are_ising_spins() -> None:
    # delta = (1 + s s')/2: the same likelihood, K of pairs twice that of spins. Seen to fail: shapes seen from one end
    lattice = Lattice.square(8)
    spins = bs.sample(bs.Ising(lattice, K=0.4), 1000, seed=1)
    states = make((1 - spins.values) // 2, lattice, states=2)
    ising, two = (couplings(one, ["nn", "nnn", "third"]) for one in (spins, states))
    for one, other in zip(ising.K, two.K, strict=True):
        assert 2 * one.value == pytest.approx(other.value, abs=1e-8)
        assert 2 * one.error == pytest.approx(other.error, rel=1e-6)
    np.testing.assert_allclose(ising.log_likelihood, two.log_likelihood, atol=1e-10)


@pytest.mark.parametrize(
    ("model", "error"),
    [
        (bs.Potts(Lattice.square(12), K=0.9, q=3), 0.006),
        (bs.Potts(Lattice.triangular(9), K=0.5, q=4), 0.006),
        (bs.Potts(Lattice.chain(40), K=1.2, q=3), 0.02),
    ],
    ids=str,
)
def test_the_coupling_that_was_sampled(model: bs.Potts, error: float) -> None:
    # sees 4.5 times the error; the other couplings are 0. Seen to fail: K 5 % high
    found = couplings(bs.sample(model, 2000, seed=1), ["nn", "nnn"])
    assert abs(found["nn"].z(model.K)) < 4.5
    assert abs(found["nnn"].z(0)) < 4.5
    assert found["nn"].error < error
    assert found.nested[0][0].error < error


def test_the_chain_follows_its_recursion() -> None:
    # t = (e^K - 1)/(e^K + q - 1) goes to t^2 (decimation: a block of two takes its first site where they differ)
    K, q = 2.0, 3
    first = lambda lattice: bs.Plurality(lattice, 2, ties="first")  # noqa: E731  a rule is a function here
    (found,) = bs.flow([bs.sample(bs.Potts(Lattice.chain(32), K=K, q=q), 4000, seed=2)], first, 2, ["nn", "nnn"])
    for level in found.levels:
        assert abs(level["nn"].z(K)) < 4.5
        assert abs(level["nnn"].z(0)) < 4.5
        t = ((math.exp(K) - 1) / (math.exp(K) + q - 1)) ** 2
        K = math.log((1 + (q - 1) * t) / (1 - t))
    assert found.errors[0, 0] < 0.03
    assert found.turns[0].why == ""


@pytest.mark.slow
def test_the_critical_coupling_by_matching_and_by_flow() -> None:
    # 16 against 8 at q = 3, from either side: sees 0.02 in Kc at 4.5 sigma; what is irrelevant is 0.005 of it
    exact = bs.potts_kc(3)
    for K in (exact - 0.01, exact + 0.01):
        large, small = (bs.sample(bs.Potts(Lattice.square(L), K=K, q=3), 6000, seed=L) for L in (16, 8))
        found = critical_coupling(large, small, plurality, 2)[1]
        assert abs(found.Kc.z(Estimate(exact, 0.005))) < 4.5
        assert found.Kc.error < 0.005
    below, above = bs.flow(
        [bs.sample(bs.Potts(Lattice.square(16), K=exact + d, q=3), 6000, seed=5) for d in (-0.1, 0.1)], plurality, 2
    )
    apart = [
        high.nested[0][0].value - low.nested[0][0].value for low, high in zip(below.levels, above.levels, strict=True)
    ]
    assert apart[0] < apart[1] < apart[2]


def test_what_does_not_fit_is_named() -> None:
    lattice = Lattice.square(6)
    samples = make(np.random.default_rng(1).integers(0, 5, (4, 20, 6, 6)), lattice, states=5)
    with pytest.raises(ValueError, match="of Potts states are of shapes of two sites or more; got magnetisation"):
        couplings(samples, ["nn", "magnetisation"])
    with pytest.raises(ValueError, match=r"5 states have too many kinds of surroundings .*bs\.mcrg"):
        couplings(samples, ["nn", "nnn", "third", "plaquette", "fourth", "fifth", "diamond"])
    assert len(couplings(samples, ["nn", "corner"]).K) == 2
