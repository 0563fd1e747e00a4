"""What follows from a model's two tables: energy, settings, symmetries, shells of neighbours, and what is refused.

Mutants tried, each seen to fail here: a step of the second shell left out of `neighbours`; a symmetry of the bonds
alone; `free` by the first shell alone.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blockspin.alphabet import Alphabet, labels
from blockspin.lattice import Lattice
from blockspin.models import BlumeCapel, Ising, PairModel, Potts, known

EXTENT, NUMBER = st.integers(2, 5), st.floats(-3, 3)
LATTICES = st.one_of(
    st.builds(Lattice.chain, EXTENT),
    st.builds(Lattice.square, EXTENT, EXTENT),
    st.builds(Lattice.triangular, EXTENT, EXTENT),
    st.builds(Lattice.cubic, EXTENT, EXTENT, EXTENT),
)


@dataclass(frozen=True)
class Clock(PairModel):
    """H = -K sum_<ij> cos(2 pi (s_i - s_j)/q)."""

    name: ClassVar = "clock"
    lattice: Lattice
    K: Any
    q: int

    @property
    def alphabet(self) -> Alphabet:
        return labels(self.q)

    def bond(self, a: Any, b: Any) -> Any:
        return -self.K * np.cos(2 * np.pi * (a - b) / self.q)


@given(lattice=LATTICES, K=NUMBER, h=NUMBER, D=NUMBER, q=st.integers(2, 10), seed=st.integers(0, 99))
def test_energy_is_the_sum_over_bonds_and_sites(
    lattice: Lattice, K: float, h: float, D: float, q: int, seed: int
) -> None:
    first, second = lattice.bonds.T
    for model in (Ising(lattice, K, h), Ising(lattice, (K,), h), BlumeCapel(lattice, K, D, h), Potts(lattice, K, q, h)):
        flat = np.random.default_rng(seed).choice(model.letters.values, (3, 2, lattice.n_sites))
        one, two = flat[..., first].astype(int), flat[..., second]
        if isinstance(model, Potts):
            expected = -K * (one == two).sum(-1) - h * (flat == 0).sum(-1)
        else:
            expected = -K * (one * two).sum(-1) - h * flat.sum(-1)
        if isinstance(model, BlumeCapel):
            expected = expected + D * np.abs(flat).sum(-1)
        np.testing.assert_allclose(model.energy(flat), expected, atol=1e-12)
        np.testing.assert_allclose(model.energy(flat.reshape(3, 2, *lattice.shape)), expected, atol=1e-12)


@settings(max_examples=50)
@given(lattice=LATTICES, K=NUMBER, seed=st.integers(0, 99))
def test_shells_couple_all_pairs_at_their_distance(lattice: Lattice, K: float, seed: int) -> None:
    if min(lattice.shape) < 3:  # where a neighbour is one in two ways the bonds count twice
        return
    spins = np.random.default_rng(seed).choice(np.array([-1, 1]), lattice.n_sites)
    steps = lattice.coordinates[:, None] - lattice.coordinates
    images = np.stack(np.meshgrid(*[[-1, 0, 1]] * lattice.dimension), axis=-1).reshape(-1, lattice.dimension)
    away = lattice.length(steps[:, :, None] + images * lattice.shape)
    second = {"chain": 2, "square": math.sqrt(2), "triangular": math.sqrt(3), "cubic": math.sqrt(2)}[lattice.kind]
    for shell, distance in ((0, 1.0), (1, second)):
        if lattice.kind == "chain" and lattice.n_sites == 4 and shell:
            continue
        near = (np.abs(away - distance) < 1e-6).sum(axis=-1)
        expected = -K * (near * spins[:, None] * spins).sum() / 2
        assert Ising(lattice, (K, 0.0) if shell == 0 else (0.0, K)).energy(spins) == pytest.approx(expected, abs=1e-9)


@given(lattice=LATTICES, K=st.floats(-1e3, 1e3), h=st.floats(-1e3, 1e3), q=st.integers(2, 64))
def test_settings_survive_json(lattice: Lattice, K: float, h: float, q: int) -> None:
    for model in (Ising(lattice, K, h), Ising(lattice, (K,), h), Potts(lattice, K, q, h), BlumeCapel(lattice, K, h)):
        stored = json.loads(json.dumps(model.settings()))
        assert type(model).from_settings(stored) == model == known(stored)


def test_the_symmetry_is_that_of_the_tables() -> None:
    L = Lattice.square(4)
    sizes = {
        Ising(L, 0.4): 2, Ising(L, 0.4, 0.1): 1, BlumeCapel(L, 0.4, 0.1): 2, BlumeCapel(L, 0.4, 0.1, 0.2): 1,
        Potts(L, 0.4, 4): 24, Potts(L, 0.4, 4, 0.1): 6, Potts(L, (0.4, -0.1), 3): 6, Clock(L, 0.4, 4): 8,
        Clock(L, 0.4, 5): 10, Potts(L, 0.4, 8): 29,
    }  # fmt: skip
    for model, size in sizes.items():
        assert len(model.group) == size, model
        np.testing.assert_array_equal(model.group[0], np.arange(model.letters.q))
        for p in model.group:
            np.testing.assert_allclose(model.bonds[:, p][:, :, p], model.bonds, atol=1e-12)
            np.testing.assert_allclose(model.sites[p], model.sites, atol=1e-12)
    assert BlumeCapel(L, 0.4, 0.1).orbits.tolist() == [0, 1, 0]
    assert Potts(L, 0.4, 12, 0.3).orbits.tolist() == [0] + [1] * 11
    assert Clock(L, 0.4, 5).orbits.tolist() == [0] * 5
    assert [model.alike for model in (Potts(L, 0.4, 3), Clock(L, 0.4, 3), Clock(L, 0.4, 4))] == [True, True, False]


def test_properties_of_the_tables() -> None:
    L = Lattice.square(4)
    assert [Ising(L, K).free for K in (0.0, (0.0, 0.0), 1e-6, (0.0, 0.2))] == [True, True, False, False]
    assert [Potts(L, K, 3).aligning for K in (0.4, 0.0, -0.4, (-0.4, 0.9))] == [True, True, False, False]
    assert BlumeCapel(L, 0.4, 0.1).aligning
    assert not BlumeCapel(L, -0.4, 0.1).aligning


def test_what_is_no_model_is_refused() -> None:
    @dataclass(frozen=True)
    class Skew(Clock):
        def bond(self, a: Any, b: Any) -> Any:
            return self.K * a

    with pytest.raises(ValueError, match="Skew"):
        Skew(Lattice.square(4), 0.4, 3).energy(np.zeros(16, int))
    for K in ((), (0.1, np.nan), ((0.1,),), np.ones(2), "0.1"):
        with pytest.raises(ValueError, match="coupling K"):
            Ising(Lattice.square(4), K)
    with pytest.raises(ValueError, match="q must"):
        Clock(Lattice.square(4), 0.4, 3.5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="chain"):
        Ising(Lattice.chain(2), (0.1, 0.2))
    with pytest.raises(ValueError, match="values -1"):
        Potts(Lattice.chain(4), 0.4, 3).energy([0, 1, 2, -1])
    with pytest.raises(ValueError, match="missing: D"):
        BlumeCapel.from_settings({"model": "blume-capel", "K": 0.1, "lattice": {"kind": "chain", "shape": [4]}})
