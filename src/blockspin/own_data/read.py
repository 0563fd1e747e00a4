"""`bs.read_samples`: samples from a file or an object, whatever the order of its axes and the meaning of its values."""

import math
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blockspin import checks, memory, samples
from blockspin.files import Damaged
from blockspin.lattice import Lattice
from blockspin.own_data import letters
from blockspin.own_data.axes import lattice_of_words, ordered, renamed
from blockspin.own_data.sources import opened
from blockspin.statistics import autocorrelation_time

BLOCK = 20  # autocorrelation times of a block of a series, at least
FEWEST, MOST = 8, 50  # blocks of a series


def read_samples(
    source: Any,
    *,
    shape: tuple[int, ...] | None = None,
    lattice: Lattice | str | None = "auto",
    alphabet: Any = None,
    binarize: Any = None,
    axis: int | tuple[int, ...] | None = None,
    dims: Any = None,
    dataset: str | None = None,
    K: Any = None,
    T: Any = None,
    series: bool = False,
    periodic: bool = True,
    mask: Any = None,
) -> Any:
    """Read samples from a file or an object; several temperatures are several sets.

    An array has shape (chain, draw, *sites), or (draw, *sites) if the draws are independent: each is then a chain.
    No pickle is ever loaded. A large .npy is mapped, not read.

    Parameters
    ----------
    source : path, array, xarray.DataArray or pandas.DataFrame
        .nc of `bs.write_samples`, .npy, .npz, .csv, .txt, .dat, .h5 or .hdf5. A table, and a text with a header, has a
        configuration a row: a column a site, or a column of lists.
    shape : tuple of int, optional
        The lattice's extents: 1 of a chain, 2 of a square, 3 of a cubic lattice. Flat sites need it.
    lattice : Lattice, str or None
        The lattice, or its kind, such as "triangular". None: units without positions, (draw, unit).
    alphabet : Alphabet, tuple of int or str, optional
        (-1, 0, 1) for spin-1, (0, 1) for a lattice gas, "labels:3" for Potts states 0..2 or 1..3. Without it the values
        are spins -1/+1, or 0/1 and bool, which become -1/+1; the provenance says so ("read_as").
    binarize : "sign", float or callable, optional
        How continuous values become spins: +1 above 0, above this threshold, or by a function of the array.
    axis : int or tuple of int, optional
        The axis of the configurations, or those of (chain, draw): -1 for (L, L, n), the order of MATLAB and Julia.
    dims : dict or sequence of str, optional
        The axes by the names set, chain, draw, x, y, z; or a dictionary from own names to these.
    dataset : str, optional
        The array of a file, or the column of a table, where there are several.
    K, T : float, sequence of float or str, optional
        Coupling or temperature: a number, one for each set or configuration, or the name of a dimension, a column or a
        dataset. It is kept with the samples, and decides nothing.
    series : bool
        Whether the draws are one time series: tau is measured, and blocks of at least 20 tau become chains.
    periodic : bool
        False where the lattice has open edges: what needs a torus is then refused.
    mask : array of bool, optional
        True where a site of the lattice is missing: the others are units without positions.

    Returns
    -------
    xarray.DataArray or dict
        Samples (chain, draw, *sites). Where K or T has several values, a dictionary of them to samples.

    Raises
    ------
    TypeError, ValueError
        Where shape or values are not what the options say; the message names the option to give.
    OSError
        Where a file cannot be opened.

    Examples
    --------
    >>> import numpy as np
    >>> import blockspin as bs
    >>> ups = np.random.default_rng(1).integers(0, 2, (16, 16, 200))
    >>> bs.read_samples(ups, axis=-1).shape
    (200, 1, 16, 16)
    >>> sets = bs.read_samples(ups, axis=-1, T=np.repeat([2.0, 2.5], 100))
    >>> {T: samples.sizes["chain"] for T, samples in sets.items()}
    {2.0: 100, 2.5: 100}
    """
    given = {"binarize": binarize, "axis": axis, "dims": dims, "dataset": dataset, "K": K, "T": T, "mask": mask}
    given |= {
        "series": checks.flag("series", series) or None,
        "periodic": None if checks.flag("periodic", periodic) else 0,
    }
    path = isinstance(source, (str, os.PathLike))
    if (path and checks.path("source", source).suffix == ".nc") or samples.ATTRIBUTE in getattr(source, "attrs", ()):
        if own := [name for name, one in given.items() if one is not None]:
            raise ValueError(f"{', '.join(own)} cannot be given for samples that were read before (.nc)")
        known = lattice_of_words(lattice, shape)
        read = samples.read_file(Path(source), alphabet) if path else samples.check_any(source)
        if known not in (None, samples.lattice_of(read)):
            raise ValueError(f"lattice and shape must be the samples' own, {samples.lattice_of(read)}; got {known}")
        return read
    if K is not None and T is not None:
        raise ValueError("K is 1/T: give K or T, not both")
    word, numbers = ("T", T) if K is None else ("K", K)
    label = numbers if isinstance(numbers, str) else None
    try:
        values, own_dims, others = opened(source, dataset, label)
        if label is not None:
            numbers = others[checks.choice(word, label, others)]
        numbers = checks.finite(word, numbers).astype(float) if numbers is not None else None
        sets = numbers is not None and numbers.ndim == 1
        if axis is not None and (dims is not None or own_dims is not None):
            raise ValueError("axis is of arrays without names: give dims, or axis, not both")
        names = own_dims if dims is None else renamed(own_dims, values.ndim, dims)
        names = names and tuple("set" if name == label else name for name in names)
        values, lead, known = ordered(values, names, axis, lattice, shape, sets)
        code = "no lattice" if lattice is None else "" if periodic else "open edges"
        if mask is not None:
            there, code = ~_missing(mask, known), "missing sites"
            values = values.reshape(*values.shape[: len(lead)], -1)[..., there.ravel()]
            known = Lattice.chain(int(there.sum()))
        about = {"source": Path(source).name if path else type(source).__name__} | ({"positions": code} if code else {})
        made = {}
        for number, part, n in _sets(word, values, lead, numbers):
            spins, kind, how = letters.read(part, alphabet, binarize)
            more = about | ({"read_as": how} if how else {}) | ({} if number is None else {word: number})
            size = part.shape[:n] if n == 2 else (*part.shape[:n], 1)
            if series:
                size, more["tau"] = _blocks(spins, n)
                spins = spins[-math.prod(size) :]
            made[number] = samples.make(spins.reshape(*size, known.n_sites), known, alphabet=kind, **more)
    except Damaged:
        raise
    except (TypeError, ValueError) as error:
        raise type(error)(f"{source}: {error}" if path else str(error)) from error
    return made if sets else next(iter(made.values()))


def _sets(word: str, values: NDArray[Any], lead: tuple[str, ...], numbers: Any) -> Any:
    """Number, values (chain, draw, *sites) or (draw, *sites), and how many axes lead, of each set."""
    if numbers is None or numbers.ndim == 0:
        if "set" in lead:
            raise ValueError(f"dims name sets: give K or T, {len(values)} numbers for as many sets")
        yield None if numbers is None else float(numbers), values, len(lead)
        return
    if numbers.shape != (len(values),):
        what = "sets" if "set" in lead else "configurations"
        raise ValueError(f"{word} must be one number, or {len(values)} for as many {what}; got shape {numbers.shape}")
    for number in np.unique(numbers):
        rows = np.flatnonzero(numbers == number)
        part = values[rows] if np.ptp(rows) >= len(rows) else values[rows[0] : rows[-1] + 1]
        if lead[0] == "set" and len(lead) == 3:  # the chains of all sets of one number
            part = part.reshape(-1, *part.shape[2:])
        alone = lead == ("set", "draw") and len(rows) == 1
        yield float(number), part[0] if alone else part, 1 if alone else min(len(lead), 2)


def _missing(mask: Any, lattice: Lattice) -> NDArray[np.bool_]:
    missing = checks.array("mask", mask)
    if missing.dtype != bool or missing.shape != lattice.shape or (~missing).sum() < 2:
        raise ValueError(
            f"mask must be True where a site of {lattice} is missing, else False; got {checks.shown(mask)}"
        )
    return missing


def _blocks(values: NDArray[Any], n: int) -> tuple[tuple[int, int], float]:
    """Number and length of the blocks of a series, and its tau: of the mean or of the bonds along the last axis."""
    if n != 1:
        raise ValueError("series must be one series, (draw, *sites); got chains of draws: leave series out")
    parts = [values[at].reshape(len(values[at]), -1) for at in memory.pieces(values.shape)]
    means = [part.mean(axis=1) for part in parts], [(part * np.roll(part, 1, -1)).mean(axis=1) for part in parts]
    try:
        tau = max(autocorrelation_time(np.concatenate(one)).tau for one in means)
    except ValueError as error:
        raise ValueError(f"series is too short for its tau: {error}") from error
    blocks = min(MOST, int(len(values) / (BLOCK * tau)))
    if blocks < FEWEST:
        raise ValueError(f"series must hold {FEWEST} blocks of {BLOCK} tau; got {len(values)} steps, and tau {tau:.3g}")
    return (blocks, len(values) // blocks), round(tau, 3)
