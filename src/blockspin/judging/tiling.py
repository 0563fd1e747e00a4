"""Tiling: do the fields' centres cover the lattice once, as the blocks of a block rule do?"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from blockspin.coarse.embedding import alive, centres
from blockspin.judging.card import Measurement
from blockspin.judging.evidence import Subject
from blockspin.lattice import Lattice
from blockspin.statistics import jackknife_error

FloatArray = NDArray[np.float64]
DUPLICATE = 0.9  # two units are duplicates where the cosine of their fields exceeds this


def nearest_neighbour_spacing(positions: FloatArray, lattice: Lattice) -> FloatArray:
    """Distance of each centre to the nearest other, shape (M,); a grid gives b, Poisson points b / 2 in 2D."""
    distance = lattice.distance(positions[:, None, :], positions[None, :, :])
    np.fill_diagonal(distance, np.inf)
    nearest: FloatArray = distance.min(axis=1)
    return nearest


def coverage(fields: FloatArray) -> float:
    """Evenness with which the fields cover the sites, 1 where all alike.

    With c_i the sum over units of their normalised squared weight at site i: (sum c_i)^2 / (N sum c_i^2).
    """
    weight = fields**2
    load = (weight / weight.sum(axis=1, keepdims=True)).sum(axis=0)
    return float(load.sum() ** 2 / (len(load) * (load**2).sum()))


def duplicates(fields: FloatArray) -> float:
    """Share of units whose field is that of another, up to sign: cosine above `DUPLICATE`."""
    unit = fields / np.linalg.norm(fields, axis=1, keepdims=True)
    cosine = np.abs(unit @ unit.T)
    np.fill_diagonal(cosine, 0.0)
    return float((cosine.max(axis=1) > DUPLICATE).mean())


def tiling(subject: Subject) -> list[Measurement]:
    """Spacing of the centres, residual of the embedding, coverage, dead and duplicate units.

    Spacing and residual are in units of the block side b. The error of the residual is the spread that random
    placements of as many centres have; those of coverage and the shares come from leaving out a unit at a time.
    """
    living = alive(subject.fields)
    if living.sum() < 2:
        reason = "fewer than two units live"
        return [Measurement("tiling", "residual of the embedding / b", math.nan, math.nan, reason)]
    fields = subject.fields[living]
    spacing = nearest_neighbour_spacing(centres(fields, subject.lattice), subject.lattice) / subject.b
    n = len(spacing)
    rows = [
        Measurement(
            "tiling", "spacing of centres / b", float(spacing.mean()), float(spacing.std(ddof=1) / math.sqrt(n))
        )
    ]
    embedding = subject.embedding
    if embedding is None:
        reason = f"{subject.n_units} units fill no lattice with the proportions of {subject.lattice}"
        rows.append(Measurement("tiling", "residual of the embedding / b", math.nan, math.nan, reason))
    else:
        error = embedding.poisson_spread / subject.b
        rows.append(Measurement("tiling", "residual of the embedding / b", embedding.residual / subject.b, error))
    dead, twins = float(1 - living.mean()), duplicates(fields)
    described = {
        "coverage of sites": (coverage(fields), _leave_one_out(fields)),
        "dead units": (dead, math.sqrt(dead * (1 - dead) / len(living))),
        "duplicate units": (twins, math.sqrt(twins * (1 - twins) / n)),
    }
    return rows + [Measurement("tiling", name, *pair, rule="described") for name, pair in described.items()]


def _leave_one_out(fields: FloatArray) -> float:
    weight = fields**2
    parts = weight / weight.sum(axis=1, keepdims=True)
    load = parts.sum(axis=0) - parts
    values = load.sum(axis=1) ** 2 / (load.shape[1] * (load**2).sum(axis=1))
    return float(jackknife_error(values))
