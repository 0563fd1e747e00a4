"""A field as a blob on a background: what the eye sees, where a participation ratio counts the background too."""

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from blockspin.arrays import FloatArray, IntArray
from blockspin.coarse.sparse_fields import Fields, best_windows, on_sites, pieces
from blockspin.lattice import Lattice, windows_at

ROUNDING = 1e-9  # of a field's norm: a smaller mean over a window is none


def blobs(fields: Fields, lattice: Lattice, side: int) -> tuple[FloatArray, FloatArray]:
    """The background over the peak of each field (M, N), and the sites of its blob, both of shape (M,).

    peak: the largest absolute mean of the weights over a window of `side` sites an axis, so that signs that change from
    site to site are no blob. blob: the connected sites around that window's strongest whose weight has the peak's sign
    and at least half its size. background: the root mean square of all other weights, 0 where there are none. A block
    has 0 and its sites; a flat field is one blob of N sites.

    Of independent Gaussian weights the ratio is about side^(d/2) / E, with E the mean of the largest of |z| over the
    windows. It lies between those of N / side^d and of N independent z, for windows that overlap are less than
    independent (Šidák, J. Am. Stat. Assoc. 62, 626 (1967)). nan where all windows have the mean 0.
    """
    windows, ratio, size = windows_at(lattice, side), np.full(fields.shape[0], np.nan), np.full(fields.shape[0], np.nan)
    for piece in pieces(*fields.shape):
        some = fields[piece]
        window = windows[best_windows(some, windows)[0]]
        held = on_sites(some, window)
        peak = held.mean(axis=1)
        has = np.abs(peak) > ROUNDING * np.sqrt((some**2).sum(axis=1))
        strongest = window[np.arange(len(peak)), np.argmax(held * np.sign(peak)[:, None], axis=1)]
        outside, n = _divided(some[has], peak[has], strongest[has], lattice)
        ratio[piece][has] = np.sqrt(outside / np.maximum(lattice.n_sites - n, 1)) / np.abs(peak[has])
        size[piece][has] = n
    return ratio, size


def _divided(fields: Fields, peak: FloatArray, start: IntArray, lattice: Lattice) -> tuple[FloatArray, IntArray]:
    """The squared weight outside of each field's blob, which holds its start, and the sites inside."""
    weight, N = coo_array(fields), lattice.n_sites
    high = np.flatnonzero(weight.data * np.sign(peak)[weight.row] >= np.abs(peak)[weight.row] / 2)
    place, order = np.unique(weight.row[high].astype(np.int64) * N + weight.col[high], return_index=True)
    unit, site = np.divmod(place, N)
    near = unit[:, None] * N + lattice.neighbours[site]
    at = np.searchsorted(place, near).clip(max=len(place) - 1)
    one, which = np.nonzero(place[at] == near)
    bonds = csr_array((np.ones(len(one), np.int8), (one, at[one, which])), shape=(len(place),) * 2)
    part = connected_components(bonds, directed=False)[1]
    inside = part == part[np.searchsorted(place, np.arange(len(peak)) * N + start)][unit]
    outside = np.ones(len(weight.data), bool)
    outside[high[order[inside]]] = False
    squares = np.bincount(weight.row[outside], weight.data[outside] ** 2, len(peak))
    return np.asarray(squares, float), np.bincount(unit[inside], minlength=len(peak))
