"""A block rule as a table: which sites make a block, and the spin that each of their patterns gives."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blockspin.lattice import Lattice

MOST = 16  # sites of a block
TRIALS = 128  # of a pattern in different surroundings, in the mean: a coin does not show the same side in all
FAIR = 6.0  # standard errors


def local_rule(transformer: Any, lattice: Lattice) -> tuple[Lattice, NDArray[np.int64], NDArray[np.int8]]:
    """The coarse lattice, the sites of each block (M, m), and the table (2^m,) of a transformer that blocks spins.

    transformer: spins (n, N) to (n, M), with `fields_` (M, N) that are 0 outside a unit's block. The table has -1, +1,
    or 0 where a fair coin decides, at the pattern whose bit k is set where the block's k-th site is up. It is read off
    some 128 trials of every pattern in different surroundings. Without `fields_` the blocks are those of side `b`.
    Raises ValueError where blocks overlap, differ from one another, have more than 16 sites or are no fair rule of
    their own sites alone; TypeError where the transformer has neither `fields_` nor `b`.
    """
    coarse, sites = _places(transformer, lattice)
    M, m = sites.shape
    random = np.random.default_rng(0)  # a property of the rule, read off whatever the surroundings
    patterns = random.integers(0, 1 << m, (-(-TRIALS * (1 << m) // M), M))
    X = np.empty((len(patterns), lattice.n_sites), np.int8)
    X[:] = 2 * random.integers(0, 2, X.shape, np.int8) - 1
    X[:, sites] = 2 * (patterns[:, :, None] >> np.arange(m) & 1) - 1
    given = np.asarray(transformer.transform(X)).ravel().astype(float)
    trials = np.bincount(patterns.ravel(), minlength=1 << m)
    mean = np.bincount(patterns.ravel(), given, minlength=1 << m) / trials
    table = np.where(np.abs(mean) == 1, mean, 0).astype(np.int8)
    if not table.any() or (np.abs(mean[table == 0]) > FAIR / np.sqrt(trials[table == 0])).any():
        raise ValueError(
            f"{transformer!r} is no local rule: a pattern of a block gives up and down, and not as a fair coin does"
        )
    return coarse, sites, table


def _places(transformer: Any, lattice: Lattice) -> tuple[Lattice, NDArray[np.int64]]:
    if hasattr(transformer, "fields_"):
        coarse, sites = _supports(np.asarray(transformer.fields_) != 0, lattice, transformer)
    elif hasattr(transformer, "b"):
        coarse, sites = lattice.coarse(transformer.b), lattice.blocks(transformer.b)
    else:
        raise TypeError(
            f"a local rule has fields_, which name the sites of its blocks, or their side b; got {transformer!r}"
        )
    if sites.shape[1] > MOST or len(np.unique(sites)) != sites.size:
        raise ValueError(
            f"the blocks of a local rule hold at most {MOST} sites each and share none; {transformer!r} has "
            f"{sites.shape[1]} sites a block"
        )
    return coarse, sites.astype(np.int64)


def _supports(field: NDArray[np.bool_], lattice: Lattice, transformer: Any) -> tuple[Lattice, NDArray[np.intp]]:
    """The sites where each unit's field is not 0."""
    M, N = field.shape if field.ndim == 2 else (0, 0)
    b = round((lattice.n_sites / M) ** (1 / lattice.dimension)) if M else 0
    if lattice.n_sites != N or b < 2 or math.prod(L // b for L in lattice.shape) != M:
        raise ValueError(f"the blocks of {transformer!r} fill no coarse lattice of {lattice}; fields_ is {field.shape}")
    coarse, square = lattice.coarse(b), lattice.blocks(b)
    if field[np.arange(M)[:, None], square].sum() == field.sum():
        return coarse, square  # a site that the weights leave out may still break ties
    counts = field.sum(axis=1)
    if (counts != counts[0]).any():
        raise ValueError(f"the blocks of {transformer!r} have different numbers of sites")
    sites = np.nonzero(field)[1].reshape(M, -1)
    # in the order of their steps from the block's corner, the same in each block
    steps = (lattice.coordinates[sites] - b * coarse.coordinates[:, None, :]) % lattice.shape
    order = np.argsort(np.ravel_multi_index(tuple(np.moveaxis(steps, -1, 0)), lattice.shape), axis=1)
    return coarse, np.take_along_axis(sites, order, axis=1)
