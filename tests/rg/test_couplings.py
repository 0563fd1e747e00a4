"""Couplings by pseudo-likelihood: exact sums, known couplings, honest errors, the published table of blocked spins."""

from __future__ import annotations

import math

import numpy as np
import pytest

import blockspin as bs
from blockspin.coarse.blocks import Majority
from blockspin.lattice import Lattice
from blockspin.models import KC_SQUARE, Ising
from blockspin.rg import counting
from blockspin.rg.blocking import block
from blockspin.rg.likelihood import newton
from blockspin.rg.operators import TABLES, evaluate, named
from blockspin.rg.orbits import orbits
from blockspin.rg.pseudolikelihood import Couplings, Spins, couplings, local_terms, of_spins
from blockspin.samples import make, to_matrix
from blockspin.sampling.sample import sample

SEVEN = ["nn", "nnn", "third", "plaquette", "diamond", "fourth", "fifth"]
# 32 x 32 at Kc, blocked once, in this order. Gonzalez-Arroyo and Salas 1988; Swendsen 1984
PUBLISHED = {
    "A": [0.3640, 0.0820, -0.0072, -0.0107, 0.0014, -0.0034, -0.0021],
    "C": [0.3643, 0.0814, -0.0068, -0.0075, 0.0026, -0.0038, -0.0023],
}
TRUNCATION = 0.01  # the table's own systematics, from what its columns do when the set of operators changes


def all_states(lattice: Lattice) -> np.ndarray:
    bits = np.arange(2**lattice.n_sites)[:, None] >> np.arange(lattice.n_sites)
    return (2 * (bits & 1) - 1).astype(np.int8).reshape(-1, *lattice.shape)


def exact_samples(lattice: Lattice, known: dict[str, float], n: int, seed: int) -> np.ndarray:
    """Independent states (n, *sites) of P(s) proportional to exp(sum K S), by the sum over all of them."""
    states = all_states(lattice)
    weight = np.exp(evaluate(named(lattice, list(known)), states) @ list(known.values()))
    chosen = np.random.default_rng(seed).choice(len(states), n, p=weight / weight.sum())
    return states[chosen]


@pytest.mark.parametrize(
    "lattice", [Lattice.square(5, 6), Lattice.square(4, 4), Lattice.chain(7), Lattice.triangular(5)], ids=str
)
def test_local_terms_are_what_turning_a_spin_over_changes(lattice: Lattice) -> None:
    spins = (2 * np.random.default_rng(1).integers(0, 2, (6, *lattice.shape)) - 1).astype(np.int8)
    for operator in (*TABLES[lattice.kind].values(), *orbits(lattice, 4, 2)):
        found = local_terms(operator, spins).reshape(len(spins), -1)
        for site in range(lattice.n_sites):
            turned = spins.reshape(len(spins), -1).copy()
            turned[:, site] *= -1
            change = evaluate([operator], spins) - evaluate([operator], turned.reshape(spins.shape))
            np.testing.assert_array_equal(2 * found[:, site], change[:, 0])


@pytest.mark.parametrize(
    ("lattice", "known"),
    [
        (Lattice.square(3, 4), {"nn": 0.4, "nnn": -0.1, "plaquette": 0.15, "magnetisation": 0.2, "corner": -0.05}),
        (Lattice.square(3, 5), {"nn": 0.3, "00-01-11-21": 0.1}),
        (Lattice.chain(9), {"nn": -0.7, "nnn": 0.3, "third": 0.1, "triple": 0.2}),
        (Lattice.triangular(3), {"nn": 0.27, "triangle": 0.1, "magnetisation": -0.1}),
        (Lattice.triangular(4), {"nn": 0.27, "nnn": 0.05, "rhombus": -0.1, "triangle": 0.05}),
        (Lattice.cubic(2, 2, 3), {"nn": 0.2, "nnn": 0.05, "plaquette": -0.1, "corner": 0.1}),
    ],
    ids=str,
)
def test_the_equations_hold_exactly_in_the_sum_over_all_states(lattice: Lattice, known: dict[str, float]) -> None:
    states, operators = all_states(lattice), named(lattice, list(known))
    weight = np.exp(evaluate(operators, states) @ list(known.values()))
    terms = np.stack([local_terms(operator, states).ravel() for operator in operators], axis=1).astype(float)
    weights = np.repeat(weight / weight.sum() / lattice.n_sites, lattice.n_sites)
    K, why = newton(Spins(terms), weights, tuple(known))
    assert why == ""
    np.testing.assert_allclose(K, list(known.values()), atol=1e-10)


@pytest.mark.parametrize(
    ("lattice", "known"),
    [
        (Lattice.square(4), {"nn": 0.35, "nnn": 0.08, "plaquette": -0.05, "third": 0.03}),
        (Lattice.square(3, 5), {"nn": 0.3, "corner": 0.1, "magnetisation": -0.1}),
        (Lattice.chain(12), {"nn": 0.6, "nnn": -0.2}),
        (Lattice.triangular(4), {"nn": 0.2, "nnn": 0.05, "rhombus": -0.03, "triangle": 0.03}),
        (Lattice.cubic(4, 2, 2), {"nn": 0.1, "nnn": 0.02}),
    ],
    ids=str,
)
def test_known_couplings_come_back(lattice: Lattice, known: dict[str, float]) -> None:
    # 20,000 states; sees a wrong coupling of 0.01 (0.03 in one far from the others) at 4.5 sigma
    spins = exact_samples(lattice, known, 20_000, seed=2).reshape(50, 400, *lattice.shape)
    found = of_spins(spins, lattice, list(known))
    for estimate, value in zip(found.K, known.values(), strict=True):
        assert abs(estimate.z(value)) < 4.5
        assert estimate.error < 0.008
    assert found["nn"] == found.K[0]
    assert found.nested[-1] == found.K
    assert (np.diff(found.log_likelihood) >= 0).all(), "every operator can only help"


@pytest.mark.slow
def test_errors_are_the_spread_over_repetitions() -> None:
    # 200 repetitions, 3 couplings each: the spread of z is known to 3 to 5 %, so that errors wrong by a fifth are seen;
    # 50 groups make a t of 49, spread sqrt(49/47) = 1.02
    lattice, known = Lattice.square(3, 4), {"nn": 0.35, "nnn": 0.1, "plaquette": -0.1}
    spins = exact_samples(lattice, known, 400_000, seed=3).reshape(200, 50, 40, *lattice.shape)
    z = np.array([
        [one.z(value) for one, value in zip(of_spins(some, lattice, list(known)).K, known.values(), strict=True)]
        for some in spins
    ])  # fmt: skip
    np.testing.assert_array_less(np.abs(z.mean(axis=0)), 4.5 / math.sqrt(200))
    np.testing.assert_array_less(np.abs(z.std(axis=0) - math.sqrt(49 / 47)), 4.5 / math.sqrt(2 * 200))
    assert 0.9 < z.std() < 1.1


def test_the_model_comes_back_from_its_samples() -> None:
    # sees 0.004 in K at 4.5 sigma; a bond counted twice would give K / 2
    model = Ising(Lattice.square(16), 0.4, h=0.05)
    found = bs.rg.couplings(sample(model, 4000, seed=4), ["nn", "magnetisation", "nnn", "corner"])
    for estimate, value in zip(found.K, [0.4, 0.05, 0, 0], strict=True):
        assert abs(estimate.z(value)) < 4.5
    assert found["nn"].error < 0.004


def blocked(n: int, seed: int) -> tuple[Lattice, np.ndarray]:
    """32 x 32 at Kc after one majority step with random ties, (chain, draw, 16, 16)."""
    lattice = Lattice.square(32)
    samples = sample(Ising(lattice, KC_SQUARE), n, seed=seed)
    blocks = Majority(lattice, 2, random_state=1).fit_transform(to_matrix(samples))
    return lattice.coarse(2), blocks.reshape(*samples.shape[:2], 16, 16)


def test_more_local_terms_than_a_byte_counts() -> None:
    # 48 images of four sites: 192 terms a site
    lattice = Lattice.cubic(6)
    many = [one for one in orbits(lattice, 4, reach=2.3) if one.even and sum(map(len, one.images)) > 127]
    up = np.ones((1, *lattice.shape), np.int8)
    assert many
    for operator in many:
        assert (local_terms(operator, up) == sum(map(len, operator.images))).all()


def test_a_left_out_set_without_couplings_is_told() -> None:
    spins = np.ones((2, 30, 8, 8), np.int8)
    spins[1] = np.random.default_rng(1).choice([-1, 1], (30, 8, 8))
    found = of_spins(spins, Lattice.square(8), ["nn", "nnn"])
    assert "without one of 2 groups of chains nn, nnn have no couplings" in found.why
    assert math.isnan(found.K[0].value)


def test_blocked_critical_spins_have_the_published_couplings() -> None:
    # 5000 configurations: errors to 0.003, beside truncation systematics of 0.01 of the table itself.
    # It sees a wrong coupling of 0.02; the next-nearest neighbour, 0.08, is no Ising model's
    lattice, blocks = blocked(5000, seed=5)
    found = of_spins(blocks, lattice, [*SEVEN, "magnetisation", "corner"])
    for source in PUBLISHED.values():
        for estimate, value in zip(found.K, source, strict=False):
            assert abs(estimate.value - value) < TRUNCATION + 4.5 * estimate.error
    assert found["nn"].error < 0.004
    # truncation shows: one operator alone is off by more than twice the systematics
    assert found.nested[0][0].value - found["nn"].value > 2 * TRUNCATION
    for name in ("magnetisation", "corner"):
        assert abs(found[name].z(0)) < 4.5
    # ties that prefer up are caught: a field of 0.03 or more appears
    tied = blocks.copy()
    tied[(np.random.default_rng(1).random(blocks.shape) < 0.02) & (blocks < 0)] = 1
    assert of_spins(tied, lattice, ["nn", "nnn", "magnetisation"])["magnetisation"].z(0) > 4.5


def test_a_table_and_sorted_codes_count_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    lattice = Lattice.square(4)
    spins = exact_samples(lattice, {"nn": 0.3}, 2000, seed=6).reshape(20, 100, 4, 4)
    whole = of_spins(spins, lattice, SEVEN[:4])
    monkeypatch.setattr(counting, "TABLE", 0)
    monkeypatch.setattr(counting, "BYTES", 16 * 7)
    pieces = of_spins(spins, lattice, SEVEN[:4])
    assert pieces.K == whole.K
    np.testing.assert_array_equal(pieces.left_out, whole.left_out)


def undefined(found: Couplings) -> str:
    assert all(math.isnan(one.value) for one in found.K) == bool(found.why)
    return found.why


def test_what_the_data_cannot_support_is_not_given() -> None:
    lattice = Lattice.square(4)
    random = (2 * np.random.default_rng(1).integers(0, 2, (10, 200, 4, 4)) - 1).astype(np.int8)
    assert undefined(of_spins(random, lattice, ["nn"])) == ""
    up = np.ones((10, 20, 4, 4), np.int8)
    assert "'nn' is constant around every site, or its coupling runs away" in undefined(of_spins(up, lattice, ["nn"]))
    stripes = up * np.where(np.arange(4) % 2, -1, 1).astype(np.int8)  # nn says nothing there
    found = of_spins(stripes, lattice, ["nn", "third"])
    assert "'nn' is constant" in undefined(found)
    # on a ring of 5 the third neighbour is the second
    ring = (2 * np.random.default_rng(1).integers(0, 2, (10, 200, 5)) - 1).astype(np.int8)
    found = of_spins(ring, Lattice.chain(5), ["nn", "nnn", "third"])
    assert undefined(found) == "operators nn, nnn, third are dependent on these configurations"
    assert [math.isnan(first[0].value) for first in found.nested] == [False, False, True]
    assert "dependent" in str(found)


def test_what_does_not_fit_is_named() -> None:
    lattice = Lattice.square(4)
    spins = np.ones((3, 2, 4, 4), np.int8)
    with pytest.raises(ValueError, match=r"\(chain.*4, 4\).*\(3.*16\)"):
        of_spins(spins.reshape(3, 2, 16), lattice)
    with pytest.raises(ValueError, match="at least 2 chains; got 1"):
        of_spins(spins[:1], lattice)
    for names in ([], ["nn", "00-01"]):
        with pytest.raises(ValueError, match="operator"):
            of_spins(spins, lattice, names)
    with pytest.raises(ValueError, match="'up'"):
        of_spins(spins, lattice, ["up"])
    with pytest.raises(ValueError, match=r"'third'.*square 2x2"):
        of_spins(spins[..., :2, :2], Lattice.square(2), ["third"])
    with pytest.raises(ValueError, match="operators"):
        of_spins(spins, lattice, [one.name for one in orbits(lattice, 4, 2.3)])
    with pytest.raises(TypeError, match=r"read_samples"):
        couplings(spins)


def test_odd_operators_join_where_the_spins_are_magnetised() -> None:
    # 20 chains of 100 draws of 16 spins: <s> to 0.006, beside which 0.2 is a field
    random = np.random.default_rng(1)
    for p, odd in ((0.5, ()), (0.6, ("magnetisation", "corner"))):
        spins = np.where(random.random((20, 100, 4, 4)) < p, 1, -1).astype(np.int8)
        assert couplings(make(spins, Lattice.square(4))).operators == ("nn", "nnn", "third", "plaquette", *odd)


def test_dimers_are_refused_and_their_blocks_are_not() -> None:
    dimers = bs.sample(bs.Dimers(Lattice.square(4)), 20, seed=1, chains=4)
    with pytest.raises(ValueError, match="dimers"):
        couplings(dimers)
    with pytest.raises(ValueError, match="dimers"):
        bs.rg.exponents(dimers, bs.Majority, 1)
    _, blocks = block(dimers, bs.Majority(Lattice.square(8), 2, random_state=1))
    assert len(couplings(blocks, ["nn"]).K) == 1
