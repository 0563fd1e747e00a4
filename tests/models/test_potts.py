"""The Potts model: against the Ising model at q = 2, its ring, its critical coupling and its errors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockspin.exact import enumeration
from blockspin.lattice import Lattice
from blockspin.models import KC_SQUARE, Ising, Potts, potts_kc

EXTENT = st.integers(2, 5)
LATTICES = st.one_of(
    st.builds(Lattice.square, EXTENT, EXTENT),
    st.builds(Lattice.chain, EXTENT),
    st.builds(Lattice.triangular, EXTENT, EXTENT),
    st.builds(Lattice.cubic, EXTENT, EXTENT, EXTENT),
)


@given(lattice=LATTICES, K=st.floats(-3, 3), h=st.floats(-3, 3), seed=st.integers(0, 99))
def test_two_states_are_spins_at_half_the_coupling(lattice: Lattice, K: float, h: float, seed: int) -> None:
    spins = np.random.default_rng(seed).choice(np.array([-1, 1], np.int8), (4, lattice.n_sites))
    constant = K * len(lattice.bonds) + h * lattice.n_sites
    two = Potts(lattice, 2 * K, 2, 2 * h).energy((spins < 0).astype(np.int8))
    np.testing.assert_allclose(two, Ising(lattice, K, h).energy(spins) - constant, atol=1e-10)


def test_the_partition_function_of_the_ring_is_the_trace_of_its_transfer_matrix() -> None:
    # Z = (e^K + q - 1)^L + (q - 1)(e^K - 1)^L
    for q, L, K in ((3, 7, 0.8), (5, 5, -0.6), (10, 4, 1.3)):
        known = (np.exp(K) + q - 1) ** L + (q - 1) * (np.exp(K) - 1) ** L
        found = enumeration.log_partition(Potts(Lattice.chain(L), K, q))
        assert found == pytest.approx(np.log(known), rel=1e-13)


def test_the_critical_coupling_is_self_dual() -> None:
    # duality: (e^K - 1)(e^K* - 1) = q
    for q in (2, 3, 4, 10):
        assert np.expm1(potts_kc(q)) ** 2 == pytest.approx(q, rel=1e-14)
    assert potts_kc(2) == pytest.approx(2 * KC_SQUARE, rel=1e-15)
    assert 1 / potts_kc(3) == pytest.approx(0.994973, abs=5e-7)


@pytest.mark.parametrize("q", [1, 0, -3, 65, 2.0, "3", True, None])
def test_a_number_of_states_that_is_none_is_refused(q: object) -> None:
    with pytest.raises(ValueError, match=r"q.*64"):
        Potts(Lattice.chain(4), 0.4, q)  # type: ignore[arg-type]


def test_other_errors_name_what_came() -> None:
    with pytest.raises(TypeError, match="must be a Lattice"):
        Potts((4, 4), 0.4, 3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="coupling K"):
        Potts(Lattice.chain(4), np.nan, 3)
    with pytest.raises(ValueError, match=r"\(\.\.\., 3, 4\).*\(\.\.\., 12\).*\(2, 11\)"):
        Potts(Lattice.square(3, 4), 0.4, 3).energy(np.ones((2, 11)))
    with pytest.raises(ValueError, match=r"model.*K.*K"):
        Potts.from_settings({"model": "potts"})
    with pytest.raises(ValueError, match="got 'ising'"):
        Potts.from_settings(Potts(Lattice.chain(4), 0.4, 3).settings() | {"model": "ising"})
