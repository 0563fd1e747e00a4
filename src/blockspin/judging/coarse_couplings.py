"""Couplings of fine and of coarse spins, of which flow and range are made, and what stands in their way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from blockspin.judging.evidence import Subject
from blockspin.rg.couplings import Couplings, of_spins
from blockspin.rg.operators import EVEN

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Step:
    """Couplings of one set of samples, of the fine spins and of the coarse ones; why: "" or why there are none."""

    fine: Couplings | None
    coarse: Couplings | None
    why: str


def step(subject: Subject, name: str, operators: tuple[str, ...] | None = None) -> Step:
    """Couplings before and after the map, of its evidence's "samples" or "critical" ones.

    operators: default the table's even ones. The map must have an embedding.
    """
    lattice, embedding = subject.lattice, subject.embedding
    assert embedding is not None
    names = EVEN[lattice.kind] if operators is None else operators
    try:
        coarse = of_spins(subject.placed(name), embedding.lattice, names)
    except ValueError as error:  # operators that wind around a small coarse lattice
        return Step(None, None, str(error))
    fine = subject.evidence.couplings(name, names)
    sides = (("fine", fine), ("coarse", coarse))
    return Step(fine, coarse, next((f"{side} spins: {found.why}" for side, found in sides if found.why), ""))
