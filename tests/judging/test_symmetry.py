"""Symmetry: closed forms for spin flip, translation and the point group, and a brute-force twin."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import xarray as xr
from made_maps import Linear, Of, measured

from blockspin.coarse.blocks import Decimation, Majority
from blockspin.coarse.rbm import RBM
from blockspin.judging import Evidence, Subject
from blockspin.judging.criteria import rule_of
from blockspin.judging.criteria.symmetry import flip_equivariance, point_group, translation
from blockspin.judging.measurement import NotDefined, Side
from blockspin.judging.nulls import PERMUTATIONS, shuffled
from blockspin.judging.rules import CloserThanNulls, Described
from blockspin.lattice import Lattice
from blockspin.samples import to_matrix
from blockspin.statistics import Estimate


def flip(transformer: object, samples: xr.DataArray) -> Estimate:
    row = flip_equivariance(Subject(transformer, Evidence(samples), name="m"))
    assert row.target == Side("equivariant", 1.0)
    return Estimate(row.value, row.error)


def test_odd_maps_turn_over_with_the_spins_and_even_maps_do_not(lattice: Lattice, held_out: xr.DataArray) -> None:
    fields = np.random.default_rng(1).normal(size=(8, 256))
    for odd in (Majority(lattice, 2, random_state=1).fit(fields[:1] ** 0), Linear(fields), Of(lambda X: 5 + X[:, :9])):
        assert flip(odd, held_out).value == pytest.approx(1)
    assert flip(Of(lambda X: (X[:, :4] * X[:, 1:5]).astype(float)), held_out).value == pytest.approx(-1)
    assert flip(Of(lambda X: np.column_stack([X[:, :3], np.full(len(X), 0.1)])), held_out).value == pytest.approx(1)
    for constant in (1.0, 0.1):  # the mean of many 0.1 is not 0.1
        with pytest.raises(NotDefined) as undefined:
            flip(Of(lambda X, constant=constant: np.full((len(X), 4), constant)), held_out)
        assert undefined.value.code == "constant"


def test_a_map_half_odd_and_half_even_is_in_between(held_out: xr.DataArray) -> None:
    # c = s0 + a s1 s2, both of unit variance and uncorrelated: -corr = (1 - a^2) / (1 + a^2), up to the means that the
    # finite sample leaves; sees 0.02 at 4.5 sigma of 0.005 or so
    mixed = flip(Of(lambda X: (X[:, [0]] + 0.5 * X[:, [9]] * X[:, [200]]).astype(float)), held_out)
    assert abs(mixed.value - 0.6) < 0.01 + 4.5 * mixed.error
    assert 0 < mixed.error < 0.02


def test_biases_break_the_symmetry_of_a_machine(held_out: xr.DataArray) -> None:
    weights = 0.05 * np.random.default_rng(2).normal(size=(8, 256))
    assert flip(RBM.from_weights(weights, units="spin"), held_out).value == pytest.approx(1, abs=1e-6)
    biased = RBM.from_weights(weights, hidden=np.full(8, 2.0), units="spin")
    assert flip(biased, held_out).value < 0.8


def test_machines_that_pass_on_draws_are_judged_by_their_means_and_so_are_their_nulls(held_out: xr.DataArray) -> None:
    machine = RBM.from_weights(0.05 * np.random.default_rng(3).normal(size=(8, 256)), units="spin", output="sample")
    assert flip(machine, held_out).value == pytest.approx(1, abs=1e-6)
    # a null that stays noisy would make any such machine pass
    assert flip(shuffled(machine, 256, 1), held_out).value == pytest.approx(1, abs=1e-6)


def test_copies_of_one_field_moved_and_turned_over_are_one_field() -> None:
    lattice, random = Lattice.square(6, 9), np.random.default_rng(4)
    field = random.normal(size=lattice.shape)
    copies = [s * a * np.roll(field, random.integers(0, 9, 2), (0, 1)) for s in (1, -1) for a in (0.1, 1.0, 3.0)]
    template, share = translation(np.array(copies).reshape(6, -1), lattice)
    np.testing.assert_allclose(share, 1)
    overlap = [abs((np.roll(field, shift, (0, 1)) * template).sum()) for shift in np.ndindex(*lattice.shape)]
    assert max(overlap) == pytest.approx(np.linalg.norm(field) * np.linalg.norm(template))


def test_unlike_fields_share_what_they_must() -> None:
    # plane waves of different wave vectors are orthogonal at every shift: of M equal ones each explains 1 / M
    lattice = Lattice.square(8)
    waves = np.cos(2 * np.pi * lattice.coordinates @ np.array([[1, 0], [0, 1], [1, 1], [2, 1]]).T / 8).T
    np.testing.assert_allclose(translation(waves, lattice)[1], 1 / 4, atol=1e-9)
    chain = Lattice.chain(8)
    np.testing.assert_allclose(translation(np.eye(8)[[1, 4, 5]], chain)[1], 1)


def test_a_permutation_of_sites_destroys_translation_alone(lattice: Lattice, held_out: xr.DataArray) -> None:
    rule = Majority(lattice, 2, random_state=1).fit(to_matrix(held_out))
    rows = measured("symmetry", rule, Evidence(held_out))
    assert {quantity: row.value for quantity, row in rows.items()} == pytest.approx(
        {"spin flip": 1, "translation": 1, "point group": 1}
    )
    rows = measured("symmetry", shuffled(rule, 256, 1), Evidence(held_out))
    assert rows["spin flip"].value == pytest.approx(1)
    assert rows["translation"].value < 0.4
    assert list(measured("symmetry", Linear(np.eye(256)[:1]), Evidence(held_out))) == ["spin flip"]


def brute_force(template: np.ndarray) -> float:
    """The largest even share over all centres (p/2, q/2), every element of the group written out."""
    L = template.shape[0]
    best = 0.0
    for p, q in itertools.product(range(2 * L), repeat=2):
        mean = np.zeros_like(template)
        square = (p - q) % 2 == 0
        for x, y in itertools.product(range(L), repeat=2):
            images = [(x, y), (p - x, y), (x, q - y), (p - x, q - y)]
            if square:  # quarter turns map sites to sites
                u, v = (p - q) // 2, (q - p) // 2
                images += [(j + u, i + v) for i, j in images]
            mean[x, y] = np.mean([template[i % L, j % L] for i, j in images])
        best = max(best, (mean**2).sum())
    return best / (template**2).sum()


def blob(lattice: Lattice, centre: tuple[float, float], width: float) -> np.ndarray:
    squared = lattice.distance(centre, lattice.coordinates) ** 2
    return np.exp(-squared / (2 * width**2)).reshape(lattice.shape)


def test_blobs_on_sites_bonds_and_plaquettes_are_even() -> None:
    for shape in ((8, 8), (6, 10)):
        lattice = Lattice.square(*shape)
        for centre in ((3, 5), (3, 5.5), (3.5, 5.5), (0, 0), (7.5, 0)):
            assert point_group(blob(lattice, centre, 1.2), lattice) == pytest.approx(1)
            assert point_group(-blob(lattice, centre, 1.2), lattice) == pytest.approx(1)
    assert point_group(np.exp(-0.5 * (np.arange(9) - 4.0) ** 2), Lattice.chain(9)) == pytest.approx(1)
    assert point_group(blob(Lattice.cubic(6), (3, 3, 2), 0.9), Lattice.cubic(6)) == pytest.approx(1)


def test_a_hexagon_is_even_on_the_triangular_lattice_alone() -> None:
    lattice = Lattice.triangular(8)
    hexagon = np.zeros(64)
    hexagon[[27, *lattice.neighbours[27]]] = 1
    assert point_group(hexagon.reshape(8, 8), lattice) == pytest.approx(1)
    assert point_group(hexagon.reshape(8, 8), Lattice.square(8)) < 0.9
    triangle = np.zeros((8, 8))
    triangle[3, 3] = triangle[4, 3] = triangle[4, 4] = 1  # its centre is no site and no bond
    assert point_group(triangle, lattice) < 0.9


def test_the_corner_of_three_sites_by_hand() -> None:
    # about the plaquette's centre its four sites have 3/4 each: 4 (3/4)^2 / 3 = 3/4
    corner = np.zeros((6, 6))
    corner[2, 2] = corner[3, 2] = corner[2, 3] = 1
    assert point_group(corner, Lattice.square(6)) == pytest.approx(3 / 4)
    assert math.isnan(point_group(np.zeros((4, 4)), Lattice.square(4)))


def test_the_point_group_against_every_element_written_out() -> None:
    # the centres tried lie within a site of the peak: for a peaked field with noise that is where the best one is
    lattice = Lattice.square(6)
    for seed, noise in itertools.product(range(3), (0.05, 0.2)):
        random = np.random.default_rng(seed)
        template = blob(lattice, tuple(random.integers(0, 12, 2) / 2), 0.8) + noise * random.normal(size=(6, 6))
        assert point_group(template, lattice) == pytest.approx(brute_force(template))


def test_decimation_is_even_about_its_site(lattice: Lattice, held_out: xr.DataArray) -> None:
    rule = Decimation(lattice, 2).fit(to_matrix(held_out))
    assert measured("symmetry", rule, Evidence(held_out))["point group"].value == pytest.approx(1)
    assert rule_of("symmetry", "point group") == Described()
    assert rule_of("symmetry", "spin flip") == CloserThanNulls(blind=PERMUTATIONS)
    assert rule_of("symmetry", "translation") == CloserThanNulls()
