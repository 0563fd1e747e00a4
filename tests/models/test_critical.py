"""Where models are critical, and samples that are not."""

from __future__ import annotations

import math

import pytest

from blockspin.lattice import Lattice
from blockspin.models import Dimers, Ising, Potts, critical_coupling, not_critical

SQUARE, TRIANGULAR = Lattice.square(8), Lattice.triangular(8)


def test_critical_couplings() -> None:
    assert math.sinh(2 * critical_coupling(Ising(SQUARE, 0.1))) == pytest.approx(1)
    assert math.exp(4 * critical_coupling(Ising(TRIANGULAR, 0.1))) == pytest.approx(3)
    assert critical_coupling(Potts(SQUARE, 0.1, q=2)) == pytest.approx(2 * critical_coupling(Ising(SQUARE, 0.1)))
    for model in (Ising(Lattice.chain(8), 0.4), Potts(TRIANGULAR, 0.4, q=3), Dimers(Lattice.square(8))):
        assert critical_coupling(model) is None


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (Ising(SQUARE, 0.4407), ""),
        (Ising(SQUARE, -0.4407), ""),  # the antiferromagnet: the same up to a sublattice's signs
        (Ising(SQUARE, 0.408), "samples of K = 0.408, not of Kc = 0.440687"),
        (Ising(SQUARE, 0.4407, h=0.01), "in a field, h = 0.01"),
        (Ising(TRIANGULAR, 0.2747), ""),
        (Ising(TRIANGULAR, -0.2747), "samples of K = -0.2747"),  # frustrated: no transition
        (Ising(Lattice.cubic(4), 0.2216), ""),
        (Potts(SQUARE, 1.005, q=3), ""),
        (Potts(SQUARE, 0.95, q=3), "samples of K = 0.95, not of Kc = 1.00505"),
        (Ising(Lattice.chain(8), 0.4), ""),
        (None, ""),
    ],
)
def test_samples_off_the_critical_point_are_told(model: object, said: str) -> None:
    told = not_critical(model)
    assert said in told if said else told == ""
