"""Transfer matrices against enumeration, Kaufman's torus, Fortuin and Kasteleyn's q = 2, and computed moments.

Mutants tried, each seen to fail here: the bond (y = L - 1, y = 0) left out, the diagonal to y + 1 in place of y - 1 on
one site only, the field halved, first rows counted once in place of by their class, colours renamed in a field.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields, replace

import numpy as np
import pytest

from blockspin.exact import enumeration, ising2d
from blockspin.lattice import Lattice
from blockspin.models import KC_SQUARE, BlumeCapel, Ising, PairModel, Potts, potts_kc
from oracles import strip, transfer

LATTICES = [
    *(Lattice.square(*shape) for shape in [(2, 2), (3, 4), (4, 4), (5, 3), (2, 5)]),
    *(Lattice.triangular(*shape) for shape in [(2, 2), (3, 4), (4, 4), (5, 3), (2, 5)]),
]


@pytest.mark.parametrize("lattice", LATTICES, ids=str)
@pytest.mark.parametrize(("K", "h"), [(0.4, 0.0), (-0.3, -0.1)])
def test_the_torus_agrees_with_enumeration(lattice: Lattice, K: float, h: float) -> None:
    model = Ising(lattice, K, h)
    chance, states = enumeration.probabilities(model), enumeration.states(lattice)
    m = states.mean(axis=1)
    assert transfer.log_partition(model) == pytest.approx(enumeration.log_partition(model), rel=1e-13)
    energy = chance @ enumeration.energies(model) / lattice.n_sites
    assert transfer.energy_per_site(model) == pytest.approx(energy, rel=1e-12, abs=1e-14)
    probability = transfer.count_distribution(model)
    counted = np.bincount((states > 0).sum(axis=1), weights=chance, minlength=lattice.n_sites + 1)
    np.testing.assert_allclose(probability, counted, rtol=1e-11)
    moments = transfer.magnetisation_moments(model)
    known = [math.fsum(chance * power) for power in (m, np.abs(m), m**2, m**4)]  # <m> = 0 is left by 2^16 roundings
    np.testing.assert_allclose((moments.m, moments.abs_m, moments.m2, moments.m4), known, rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(moments.U4, 1 - known[3] / (3 * known[2] ** 2), rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("lattice", LATTICES, ids=str)
@pytest.mark.parametrize(("K", "h"), [(0.4, 0.0), (-0.3, 0.2)])
def test_correlations_agree_with_enumeration(lattice: Lattice, K: float, h: float) -> None:
    model = Ising(lattice, K, h)
    pictures = enumeration.states(lattice).reshape(-1, *lattice.shape)
    along = 1 + int(np.argmax(lattice.shape))
    pairs = [(pictures * np.roll(pictures, r, axis=along)).mean(axis=(1, 2)) for r in range(max(lattice.shape))]
    np.testing.assert_allclose(
        transfer.correlation(model), np.array(pairs) @ enumeration.probabilities(model), atol=1e-13
    )


@pytest.mark.parametrize(("shape", "K"), [((8, 8), KC_SQUARE), ((6, 40), 0.5), ((20, 5), 0.3), ((4, 6), -0.7)])
def test_the_square_torus_agrees_with_kaufman(shape: tuple[int, int], K: float) -> None:
    lattice = Lattice.square(*shape)
    model = Ising(lattice, K)
    assert transfer.log_partition(model) == pytest.approx(ising2d.log_partition(lattice, K), rel=1e-14)
    assert transfer.energy_per_site(model) == pytest.approx(K * ising2d.energy_per_site(lattice, K), rel=1e-12)


def test_magnetisation_at_the_critical_point_agrees_with_computed_values() -> None:
    for L, known in {
        4: (0.8438604448, 0.7613589086, 0.6171993184),
        8: (0.7773310928, 0.6469115750, 0.6130453849),
    }.items():
        moments = transfer.magnetisation_moments(Ising(Lattice.square(L), KC_SQUARE))
        np.testing.assert_allclose((moments.abs_m, moments.m2, moments.U4), known, atol=6e-11)
        assert moments.m == pytest.approx(0, abs=1e-14)


def test_the_susceptibility_is_the_slope_of_the_magnetisation() -> None:
    lattice, step = Lattice.triangular(5, 6), 1e-5
    up, down = (transfer.magnetisation_moments(Ising(lattice, 0.2, 0.1 + shift)) for shift in (step, -step))
    here = transfer.magnetisation_moments(Ising(lattice, 0.2, 0.1))
    assert (up.m - down.m) / (2 * step) == pytest.approx(lattice.n_sites * (here.m2 - here.m**2), rel=1e-7)


def test_long_strips_do_not_overflow_and_decay_at_the_gap() -> None:
    # K > Kc on a strip is disordered: <s_0 s_r> falls as exp(-r / xi) once r passes the width
    G = transfer.correlation(Ising(Lattice.square(3, 100), 0.4))
    ratio = G[21:31] / G[20:30]  # G is 1e-2 here and exact to 1e-14
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-6)
    assert G[0] == pytest.approx(1, rel=1e-12)
    assert G[1] == pytest.approx(G[-1], rel=1e-12)
    assert transfer.log_partition(Ising(Lattice.square(3, 5000), 3.0)) == pytest.approx(
        ising2d.log_partition(Lattice.square(3, 5000), 3.0), rel=1e-13
    )
    assert transfer.log_partition(Ising(Lattice.square(4), 400.0)) == pytest.approx(32 * 400 + math.log(2), rel=1e-14)


@pytest.mark.parametrize("kind", ["square", "triangular"])
@pytest.mark.parametrize(
    ("shape", "make"),
    [
        ((3, 3), lambda lattice: Potts(lattice, 0.9, 3)),
        ((2, 3), lambda lattice: Potts(lattice, -0.5, 5)),
        ((2, 2), lambda lattice: Potts(lattice, 0.0, 7)),
        ((2, 4), lambda lattice: Potts(lattice, 0.9, 4, 0.3)),
        ((3, 4), lambda lattice: BlumeCapel(lattice, 0.6, 0.3)),
        ((3, 3), lambda lattice: BlumeCapel(lattice, -0.5, -0.2, 0.1)),
    ],
)
def test_letters_agree_with_enumeration(
    kind: str, shape: tuple[int, int], make: Callable[[Lattice], PairModel]
) -> None:
    model = make(Lattice(kind, shape))
    N, chance = model.lattice.n_sites, enumeration.probabilities(model)
    states = enumeration.states(model.lattice, model.letters)
    known = enumeration.log_partition(model)
    energy = chance @ enumeration.energies(model) / N
    for torus in (transfer, strip):
        assert torus.log_partition(model) == pytest.approx(known, rel=1e-13)
        assert torus.energy_per_site(model) == pytest.approx(energy, rel=1e-7, abs=1e-8)
    counted = np.bincount((states == model.letters.letters[-1]).sum(axis=1), weights=chance, minlength=N + 1)
    np.testing.assert_allclose(transfer.count_distribution(model), counted, rtol=1e-10)
    assert strip.conjugate(model, "h") == pytest.approx(-chance @ (model_of_field(model).energy(states)), abs=1e-7)


def model_of_field(model: PairModel) -> PairModel:
    """dH/dh."""
    off = {field.name: 0.0 for field in fields(model)[1:] if field.name not in ("q", "h")}
    return replace(model, **off, h=1.0)


@pytest.mark.parametrize("lattice", [Lattice.square(4, 7), Lattice.triangular(5, 4)], ids=str)
def test_potts_with_two_states_is_ising(lattice: Lattice) -> None:
    # delta = (1 + s s')/2: K_Potts = 2 K, and a constant K a bond
    K, one, other = 0.37, Ising(lattice, 0.37), Potts(lattice, 0.74, 2)
    constant = K * len(lattice.bonds)
    assert transfer.log_partition(other) == pytest.approx(transfer.log_partition(one) + constant)
    np.testing.assert_allclose(transfer.count_distribution(other), transfer.count_distribution(one), rtol=1e-11)


def test_the_critical_potts_energy_is_that_of_self_duality() -> None:
    # at Kc = ln(1 + sqrt q) the bulk energy is -(1 + 1/sqrt q) for q <= 4; corrections fall as L^(1/nu - 2)
    for q in (3, 4):
        exact, Kc = -(1 + 1 / math.sqrt(q)), potts_kc(q)
        gap = [transfer.energy_per_site(Potts(Lattice.square(L, 4 * L), Kc, q)) / Kc - exact for L in (2, 3, 4)]
        assert 0 > gap[2] > gap[1] > gap[0]


def test_errors_name_the_rule() -> None:
    with pytest.raises(ValueError, match="cubic"):
        transfer.log_partition(Ising(Lattice.cubic(3), 0.2))
    with pytest.raises(ValueError, match=r"square 17x20.*2\^17"):
        transfer.log_partition(Ising(Lattice.square(17, 20), 0.4))
    with pytest.raises(ValueError, match="square 16x16"):
        transfer.magnetisation_moments(Ising(Lattice.square(16), 0.4))
