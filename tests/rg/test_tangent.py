"""Rows of the critical manifold: against exact covariances, the exact normal, and layers in any order."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
import pytest
import xarray as xr

import blockspin as bs
from blockspin.exact import enumeration
from blockspin.lattice import Lattice
from blockspin.models import KC_SQUARE, Ising
from blockspin.rg import tangent
from blockspin.rg.normal import _extensive, critical_normal
from blockspin.rg.operators import SQUARE, evaluate, named
from blockspin.samples import by_chain, lattice_of, make, to_matrix

OPERATORS = ("nn", "nnn", "third", "plaquette")
EVEN = [name for name, one in SQUARE.items() if one.even]


@cache
def enumerated(model: Ising) -> tuple[np.ndarray, np.ndarray]:
    return enumeration.states(model.lattice), enumeration.probabilities(model)


def drawn(model: Ising, chains: int, draws: int, seed: int) -> xr.DataArray:
    """Independent draws from all states of a small lattice."""
    states, chance = enumerated(model)
    index = np.random.default_rng(seed).choice(len(chance), (chains, draws), p=chance)
    return make(states[index], model.lattice, model=model.settings())


def exact_rows(model: Ising, rule: Any, functions: list[str], operators: list[str]) -> np.ndarray:
    """r_b(O) by how exact means of O move with the couplings K_b."""
    states, chance = enumerated(model)
    coarse = model.lattice.coarse(rule.b)
    O = evaluate(named(coarse, functions), rule.transform(states).reshape(-1, *coarse.shape))
    S = evaluate(named(model.lattice, operators), states.reshape(-1, *model.lattice.shape))
    slopes = []
    for column in S.T:
        up, down = (chance * np.exp(step * (column - column.mean())) for step in (1e-6, -1e-6))
        slopes.append((up @ O / up.sum() - down @ O / down.sum()) / 2e-6)
    return np.array(slopes).T / slopes[0][:, None]


RULES = [
    (Ising(Lattice.square(4), KC_SQUARE), lambda lattice: bs.Majority(lattice, 2, ties="first")),
    (Ising(Lattice.square(4), 0.3), bs.Decimation),
    (Ising(Lattice.chain(12), 0.7), lambda lattice: bs.Majority(lattice, 3)),
    (Ising(Lattice.chain(12), 0.4), bs.Decimation),
]


@pytest.mark.parametrize(("model", "rule"), RULES, ids=["majority", "decimation", "ring majority", "ring decimation"])
def test_rows_are_those_of_all_states(model: Ising, rule: Any) -> None:
    two = model.lattice.dimension == 2
    # on 2 x 2 sites "third" is a constant, and on rings of 4 or 6 the third neighbour is a near one
    functions, operators = (
        (["nn", "nnn", "plaquette"], ["nn", "nnn", "plaquette"]) if two else (["nn", "nnn"], ["nn", "nnn"])
    )
    (found,) = bs.rg.manifold(drawn(model, 200, 200, 1), rule, 1, functions, operators)
    exact = exact_rows(model, rule(model.lattice), functions, operators)
    z = [
        one.z(value)
        for row, exact_row in zip(found.rows, exact, strict=True)
        for one, value in zip(row, exact_row, strict=True)
    ]
    # errors are 0.2 to 1 %: half a percent to two would show
    assert max(map(abs, z)) < 4.5
    against = exact.mean(axis=0)[1:]
    spread = math.sqrt((((exact[:, 1:] / against) - 1) ** 2).mean())
    assert abs(found.spread.z(spread)) < 4.5


def coverage(repeats: int) -> tuple[float, float]:
    """How often an entry, and the spread, lies within its error of the exact one."""
    model = Ising(Lattice.square(4), KC_SQUARE)
    rule = bs.Majority(model.lattice, 2, ties="first")
    names = ["nn", "nnn", "plaquette"]
    exact = exact_rows(model, rule, names, names)
    spread = math.sqrt(((exact[:, 1:] / exact.mean(axis=0)[1:] - 1) ** 2).mean())
    hits = []
    for seed in range(repeats):
        (found,) = bs.rg.manifold(drawn(model, 50, 160, seed), rule, 1, names, names)
        hits.append((abs(found.rows[1][2].z(exact[1, 2])) < 1, abs(found.spread.z(spread)) < 1))
    return tuple(np.mean(hits, axis=0))


def test_error_bars_cover() -> None:
    of_entries, of_spread = coverage(300)
    # 0.683 with an error of 0.027
    assert 0.58 < of_entries < 0.78
    assert 0.58 < of_spread < 0.78


@pytest.mark.slow
def test_error_bars_cover_over_2000_sets() -> None:
    of_entries, of_spread = coverage(2000)
    assert 0.65 < of_entries < 0.71
    assert 0.65 < of_spread < 0.71


def test_the_normal_against_closed_forms() -> None:
    normal = dict(zip(EVEN, critical_normal(EVEN), strict=True))
    mean = {name: _extensive(name)[0] for name in EVEN}
    # <s s'> along a row is a determinant of a_(i-j): a_n = 1/2pi int e^(-i n x) phi(x) dx (McCoy and Wu 1973)
    z = math.sqrt(2) - 1
    alpha = z * (1 - z) / (1 + z)
    x = (np.arange(2**20) + 0.5) * 2 * np.pi / 2**20
    phi = np.sqrt((1 - alpha * np.exp(1j * x)) / (1 - alpha * np.exp(-1j * x))) * np.exp(0.5j * (np.pi - x))
    a = {n: float((np.exp(-1j * n * x) * phi).mean().real) for n in (-1, 0, 1)}
    assert mean["nn"] / 2 == pytest.approx(a[0], abs=1e-6)
    assert mean["third"] / 2 == pytest.approx(a[0] ** 2 - a[1] * a[-1], abs=1e-6)
    # all a_n have the same logarithm in their slope, so that the slope of the determinant follows
    assert normal["third"] == pytest.approx(2 * a[0] - a[1] - a[-1], abs=1e-6)
    # along the diagonal: 2/pi, and (2/pi)^2 4/3
    assert mean["nnn"] / 2 == pytest.approx(2 / math.pi, abs=1e-8)
    assert mean["fifth"] / 2 == pytest.approx(16 / (3 * math.pi**2), abs=1e-8)
    assert normal["nnn"] == pytest.approx(math.sqrt(2), abs=1e-8)


def test_means_satisfy_callens_identity() -> None:
    # <s_0 s_1> = <s_1 tanh(K sum of neighbours)>, tanh linear in the sum and the sum of triples of 4 spins
    K, mean = KC_SQUARE, {name: _extensive(name)[0] for name in EVEN}
    A = (math.tanh(4 * K) + 2 * math.tanh(2 * K)) / 8
    B = (math.tanh(4 * K) - 2 * math.tanh(2 * K)) / 8
    nn, nnn, third, four = mean["nn"] / 2, mean["nnn"] / 2, mean["third"] / 2, mean["diamond"]
    pairs = 2 * nnn + third
    assert nn == pytest.approx(A * (1 + pairs) + B * (pairs + four), abs=1e-7)
    # and its slope by the logarithm: K itself has none
    normal = dict(zip(EVEN, critical_normal(EVEN), strict=True))
    pairs = 2 * normal["nnn"] / 2 + normal["third"] / 2
    assert normal["nn"] / 2 == pytest.approx(A * pairs + B * (pairs + normal["diamond"]), abs=1e-7)


@pytest.fixture(scope="module")
def critical() -> xr.DataArray:
    return bs.sample(Ising(Lattice.square(32), KC_SQUARE), 20_000, seed=1)


def test_levels_of_majority_near_the_normal_and_those_of_decimation_are_slower(critical: xr.DataArray) -> None:
    majority, decimation = (bs.rg.manifold(critical, rule, 2) for rule in (bs.Majority, bs.Decimation))
    assert all(level.distance is not None for level in (*majority, *decimation))
    far = [[level.distance.value for level in one] for one in (majority, decimation)]  # type: ignore[union-attr]
    assert far[0][1] < far[0][0] / 2
    # errors are 0.0015: decimation is a step behind
    assert far[1][0] > far[0][0] + 0.01
    assert far[1][1] > far[0][1] + 0.01


def test_a_layer_in_any_order_has_the_row_too(critical: xr.DataArray) -> None:
    rule, order = bs.Majority(lattice_of(critical), 2, random_state=1), np.random.default_rng(0).permutation(256)
    shuffled = by_chain(rule.transform(to_matrix(critical))[:, order], critical)
    names, values = tangent.partners(shuffled, 1)
    fine = tangent.values(critical.values, lattice_of(critical), OPERATORS)[len(critical) // 2 :]
    found = tangent.tangent(names, values, OPERATORS, fine, (), "")
    placed = bs.rg.manifold(critical, rule, 1, operators=OPERATORS)[0].rows[0]
    # the first four partners of a block are its neighbours: their rows are that of "nn", errors are 0.3 to 1 %
    rows = dict(zip(found.functions, found.rows, strict=True))
    for k in range(1, 5):
        assert max(abs(one.z(other)) for one, other in zip(rows[f"partner {k}"][1:], placed[1:], strict=True)) < 4.5


def test_a_fitted_map_without_positions_is_taken(critical: xr.DataArray) -> None:
    machine = bs.RBM.from_weights(np.random.default_rng(1).normal(0, 0.1, (16, 1024)), units="spin")
    (found,) = bs.rg.manifold(critical, machine)
    assert {name.split()[0] for name in found.functions} == {"partner", "random"}
    # a random projection sees the long waves alone, and has the row of m^2: near the normal by no merit of its own
    m = critical.values.mean(axis=(-2, -1))
    half, values = slice(len(critical) // 2, None), np.stack([m**2, m**4], axis=-1)
    fine = tangent.values(critical.values, lattice_of(critical), OPERATORS)[half]
    whole = tangent.tangent(("m^2", "m^4"), values[half], OPERATORS, fine, tuple(critical_normal(OPERATORS)), "")
    few = bs.rg.manifold(critical, machine, operators=OPERATORS)[0]
    assert max(abs(one.z(other)) for one, other in zip(few.rows[0][1:], whole.rows[0][1:], strict=True)) < 4.5
    assert few.distance is not None
    assert few.distance.value < 0.05


def test_refusals(critical: xr.DataArray) -> None:
    for arguments, why in (
        ({"functions": ["nn"]}, "two or more functions"),
        ({"functions": ["nn", "corner"]}, "corner are odd"),
        ({"operators": ["nnn", "nn"]}, '"nn" first'),
        ({"operators": ["nn"]}, '"nn" first'),
    ):
        with pytest.raises(ValueError, match=why):
            bs.rg.manifold(critical, bs.Majority, **{"steps": 1, **arguments})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="at least 4 units"):
        bs.rg.manifold(critical, bs.RBM.from_weights(np.ones((3, 1024)), units="spin"))
    for given in ({"steps": 2}, {"functions": ["nn", "nnn"]}):
        with pytest.raises(ValueError, match="functions of their own"):
            bs.rg.manifold(critical, bs.RBM.from_weights(np.ones((16, 1024)), units="spin"), **given)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="h = 0"):
        bs.rg.manifold(drawn(Ising(Lattice.square(4), 0.4, 0.1), 4, 4, 1), bs.Majority, 1)
    with pytest.raises(ValueError, match="at least 4 chains"):
        bs.rg.manifold(critical[:2], bs.Majority, 1)
    off = bs.sample(Ising(Lattice.square(16), 0.3), 400, seed=1)
    (found,) = bs.rg.manifold(off, bs.Majority, 1)
    assert "K = 0.3" in found.note
    assert found.distance is None
