"""Repeated coarse-graining and Monte Carlo RG along it: recursions, learned maps in a row, what does not fit."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import blockspin as bs
from blockspin.coarse.blocks import Decimation, Majority
from blockspin.lattice import Lattice
from blockspin.models import KC_SQUARE, Ising
from blockspin.rg import mcrg as kernel
from blockspin.rg.blocking import block, exponents
from blockspin.samples import check, lattice_of, make, provenance, to_matrix
from blockspin.sampling.sample import sample
from blockspin.statistics import Estimate


class Linear:
    """A fitted linear map with the sign of its fields as output, as a learned one."""

    def __init__(self, fields: np.ndarray) -> None:
        self.fields = fields

    def transform(self, X: np.ndarray) -> np.ndarray:
        return np.where(X @ self.fields.T >= 0, 1, -1).astype(np.int8)


def majority(lattice: Lattice) -> Majority:
    return Majority(lattice, 2, random_state=1)


def test_levels_are_blocks_of_blocks() -> None:
    lattice = Lattice.square(16, 24)
    samples = sample(Ising(lattice, 0.4), 60, seed=1, chains=6)
    levels = block(samples, lambda lattice: Majority(lattice, 2, ties="first"), 3)
    assert [lattice_of(level).shape for level in levels] == [(16, 24), (8, 12), (4, 6), (2, 3)]
    rows = to_matrix(samples)
    for level, size in zip(levels[1:], ((16, 24), (8, 12), (4, 6)), strict=True):
        rows = Majority(Lattice.square(*size), 2, ties="first").fit_transform(rows)
        np.testing.assert_array_equal(to_matrix(check(level)), rows)
    assert provenance(levels[2])["blocked"] == 2
    assert provenance(levels[2])["fine"]["model"]["K"] == 0.4


def test_fitted_maps_one_a_step() -> None:
    samples = sample(Ising(Lattice.square(18), KC_SQUARE), 200, seed=1)
    rules = [Majority(Lattice.square(18), 3), Majority(Lattice.square(6), 3)]
    maps = [Linear(rule.fields_) for rule in rules]
    once, twice = block(samples, maps)[1:]
    by_rule = block(samples, lambda lattice: Majority(lattice, 3), 2)
    np.testing.assert_array_equal(once, by_rule[1])
    np.testing.assert_array_equal(twice, by_rule[2])
    assert len(block(samples, maps, 1)) == 2
    found, expected = exponents(samples, maps, 1), exponents(samples, lambda lattice: Majority(lattice, 3), 1)
    assert (found[0].y_t, found[0].y_h) == (expected[0].y_t, expected[0].y_h)


def test_a_single_transformer() -> None:
    lattice = Lattice.square(16)
    samples = sample(Ising(lattice, KC_SQUARE), 2000, seed=1)
    one = Majority(lattice, 2, random_state=1)
    (single,), (built,) = bs.rg.exponents(samples, one), bs.rg.exponents(samples, majority, 1)
    assert (single.y_t, single.y_h) == (built.y_t, built.y_h)
    # a block rule is its like on the coarse lattice; a map of one lattice is not
    for level, expected in zip(block(samples, one, 2), block(samples, majority, 2), strict=True):
        np.testing.assert_array_equal(level, expected)
    with pytest.raises(ValueError, match=r"16x16.*8x8"):
        block(samples, Linear(one.fields_), 2)


def test_decimation_of_the_ring_follows_the_recursion() -> None:
    # dK'/dK = tanh 2K and dh'/dh = 1 + tanh 2K at every level; sees 0.06 in y_t and 0.02 in y_h at 4.5 sigma
    K = 1.0
    samples = sample(Ising(Lattice.chain(64), K), 20_000, seed=3)
    found = bs.rg.exponents(samples, Decimation, 3, ["nn", "magnetisation"])
    assert len(found) == 3
    for step in found:
        assert abs(step.y_t.z(math.log2(math.tanh(2 * K)))) < 4.5
        assert abs(step.y_h.z(math.log2(1 + math.tanh(2 * K)))) < 4.5
        K = math.atanh(math.tanh(K) ** 2)
    assert found[0].y_t.error < 0.013
    assert found[0].y_h.error < 0.004


def test_the_critical_ising_model_level_by_level() -> None:
    # L = 32, 10,000 configurations, seven even and four odd operators; sees 0.05 in y_t and 0.003 in y_h at 4.5 sigma
    samples = sample(Ising(Lattice.square(32), KC_SQUARE), 10_000, seed=5)
    names = ["nn", "nnn", "third", "plaquette", "fourth", "fifth", "diamond"]
    first, second = bs.rg.exponents(samples, majority, 2, [*names[:3], "magnetisation", *names[3:], "corner"])
    assert first.even == tuple(names)
    assert first.odd == ("magnetisation", "corner")
    for estimate, value in zip(first.y_t_by_operators, (0.9112, 0.9666, 0.9674), strict=False):
        assert abs(estimate.z(Estimate(value, 0.002))) < 4.5
    assert abs(first.y_h_by_operators[0].z(Estimate(1.88114, 0.0001))) < 4.5
    # the second step lies nearer to the exact 1 and 15/8, as far as one can see
    assert abs(second.y_t.z(Estimate(1, 0.02))) < 4.5
    assert abs(second.y_h.z(Estimate(1.875, 0.005))) < 4.5
    assert first.y_t.error < 0.012
    # the thermal direction is mostly nearest neighbours, with next ones of the same sign
    assert first.direction_t[0] == 1
    assert 0.1 < first.direction_t[1] < 1
    # the wrong ratio of lattice spacings is seen: the same levels, b = 3
    (wrong,) = kernel.mcrg([level.values for level in block(samples, majority, 1)], 3, lattice=Lattice.square(32))
    assert abs(wrong.y_t.z(0.9674)) > 20


def test_directions_of_decimation() -> None:
    # decimation of the ring maps K to K' and nothing else: the direction of growth is the first coupling's
    samples = sample(Ising(Lattice.chain(32), 0.7), 20_000, seed=2)
    (found,) = exponents(samples, Decimation, 1)
    np.testing.assert_allclose(found.direction_t, [1, 0, 0], atol=0.05)
    dead = Linear(np.zeros((8, 16)))
    (nothing,) = exponents(
        make(np.where(to_matrix(samples)[:40, :16] > 0, 1, -1).reshape(4, 10, 16), Lattice.chain(16)), [dead]
    )
    assert np.isnan(nothing.direction_t).all()


def test_what_does_not_fit_is_named() -> None:
    samples = make(np.ones((3, 2, 8, 8), np.int8), Lattice.square(8))
    for rule, steps, message in (
        (majority, None, "steps"),
        (majority, 0, "steps"),
        ([Linear(np.ones((16, 64)))], 2, "rule .* 2 steps"),
        ([], None, "rule|steps"),
    ):
        with pytest.raises(ValueError, match=message):
            block(samples, rule, steps)
    for rule in ("majority", 3, ["majority"]):
        with pytest.raises(TypeError, match="rule"):
            block(samples, rule, 1)
    for shape in ((15, 64), (64, 64), (1, 64)):
        with pytest.raises(ValueError, match=r"\(n, M\).*shape \(6"):
            block(samples, [Linear(np.ones(shape))])
    with pytest.raises(ValueError, match=r"4.*8x8.*2x2 .*divide"):
        block(samples, majority, 4)
    maps: list[Any] = [Linear(np.ones((16, 64))), Linear(np.ones((1, 16)))]
    with pytest.raises(ValueError, match="fill a coarser lattice"):
        block(samples, maps)
    wide = make(np.ones((3, 2, 24, 24), np.int8), Lattice.square(24))
    maps = [
        Majority(Lattice.square(24), 2).fit(to_matrix(wide)),
        Majority(Lattice.square(12), 3).fit(np.ones((1, 144))),
    ]
    with pytest.raises(ValueError, match=r"2.0, 3.0"):
        exponents(wide, maps)

    class Real:
        def transform(self, X: np.ndarray) -> np.ndarray:
            return np.full((len(X), 16), 0.5)

    with pytest.raises(ValueError, match=r"got values 0.5\. bs\.Placed"):
        block(samples, [Real()])


def test_machines_need_places_and_fitted_rules_stay_as_they_are() -> None:
    critical = bs.sample(bs.Ising(bs.Lattice.square(8), KC_SQUARE), 200, seed=1, chains=10)
    machine = bs.RBM.from_weights(np.ones((16, 64)), units="spin", output="sample", random_state=0)
    with pytest.raises(ValueError, match=r"RBM.*lattice.*; bs\.Placed\(map, lattice\)"):
        bs.rg.exponents(critical, [machine])
    rule = bs.ConvolutionalRBM(bs.Lattice.square(8), 2, 2, n_iter=0, output="sample", random_state=0)
    rule.fit(bs.to_matrix(critical))
    rule._set_learned(filters_=np.ones((1, 2, 2), np.float32), _biases=np.zeros(2, np.float32))
    given, built = (
        bs.rg.exponents(critical, [rule])[0],
        bs.rg.exponents(critical, lambda lattice: rule.on(lattice), 1)[0],
    )
    assert given.y_t == built.y_t
    assert str(given).startswith("y_t = ")
    in_field = bs.sample(bs.Ising(bs.Lattice.square(8), 0.4, 0.05), 200, seed=1, chains=10)
    with pytest.raises(ValueError, match=r"h = 0\.05"):
        bs.rg.exponents(in_field, bs.Majority, 1)
    assert "magnetisation" in bs.rg.couplings(in_field).operators
    with pytest.raises(ValueError, match=r"'nn'.*\['nn'\]"):
        bs.rg.couplings(critical, "nn")
    (path,) = bs.rg.flow(critical, bs.Majority, 1)
    assert str(path).startswith("from K = 0.440687")
