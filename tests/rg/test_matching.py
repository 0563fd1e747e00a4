"""Two-lattice matching against the exact critical coupling, and against exact sums."""

from __future__ import annotations

import numpy as np
import pytest

from blockspin.coarse.blocks import Majority
from blockspin.lattice import Lattice
from blockspin.models import KC_SQUARE, Ising
from blockspin.rg.matching import critical_coupling
from blockspin.samples import make
from blockspin.sampling.sample import sample


def majority(lattice: Lattice) -> Majority:
    return Majority(lattice, 2, random_state=1)


@pytest.mark.parametrize("K", [0.436, 0.444])
def test_the_critical_coupling_of_the_square_lattice(K: float) -> None:
    # 32 against 16, 8000 configurations each, from either side: sees an error of 0.0045 in Kc at 4.5 sigma
    large = sample(Ising(Lattice.square(32), K), 8000, seed=7)
    small = sample(Ising(Lattice.square(16), K), 8000, seed=8)
    found = critical_coupling(large, small, majority, 3)
    assert [one.n for one in found] == [0, 1, 2]
    for one in found[1:]:
        assert one.operators == ("nn", "nnn", "third", "plaquette")
        assert abs(one.Kc.z(KC_SQUARE)) < 4.5
        assert one.Kc.error < 0.001
    # without a step on the small lattice what is irrelevant is all there, and operators disagree
    first = [estimate.value for estimate in found[0].by_operator]
    assert max(first) - min(first) > 0.003


def test_matched_lattices_need_no_shift() -> None:
    # the same spins on both sides, as if the step had changed nothing: Kc = K whatever the derivatives
    spins = (2 * np.random.default_rng(1).integers(0, 2, (10, 50, 8, 8)) - 1).astype(np.int8)
    small = make(spins, Lattice.square(8))
    large = make(np.repeat(np.repeat(spins, 2, axis=2), 2, axis=3), Lattice.square(16))
    (found,) = critical_coupling(large, small, majority, 1, ["nn"], K=0.3)
    assert found.Kc.value == pytest.approx(0.3, abs=1e-12)


def test_what_does_not_fit_is_named() -> None:
    small, large = (make(np.ones((3, 2, L, L), np.int8), Lattice.square(L)) for L in (8, 8))
    with pytest.raises(ValueError, match=r"large.*4x4.*8x8"):
        critical_coupling(large, small, majority, 1, K=0.4)
    with pytest.raises(ValueError, match=r"K.*None.*None"):
        critical_coupling(large, small, majority, 1)
    fine = make(np.ones((3, 2, 16, 16), np.int8), Lattice.square(16))
    with pytest.raises(ValueError, match=r"even .*'corner'"):
        critical_coupling(fine, small, majority, 1, ["corner"], K=0.4)
    with pytest.raises(ValueError, match="at least 2 chains; got 1"):
        critical_coupling(fine.isel(chain=[0]), small.isel(chain=[0]), majority, 1, K=0.4)
