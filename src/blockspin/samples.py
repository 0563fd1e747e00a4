"""The sample schema: an int8 DataArray of the letters of an alphabet, dims (chain, draw, *sites), and its files.

One JSON attribute, ``blockspin``, holds the lattice, the alphabet where it is not the spins -1/+1 ("states", a number
q, for labels 0..q-1, "alphabet" for numbers), the model's settings and how the samples were made.
Chains are independent, draws within a chain need not be: so data are split, and errors computed, by chain.
Samples, and the views of them that functions here give, are read-only, so that later measurements use the same values.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from blockspin import checks, memory, sample_files
from blockspin.alphabet import SPINS, Alphabet
from blockspin.files import parsed
from blockspin.lattice import Lattice, stored_lattice
from blockspin.sample_files import ATTRIBUTE as ATTRIBUTE
from blockspin.sample_files import opened as opened
from blockspin.sample_files import packed_bits as packed_bits


def make(values: ArrayLike, lattice: Lattice, *, alphabet: Any = SPINS, **provenance: Any) -> xr.DataArray:
    """Samples from values of shape (chain, draw, *sites) or (chain, draw, N), with provenance as JSON.

    alphabet: an `Alphabet`, or what `Alphabet.of` takes; spins -1/+1 unless given. The samples hold a
    read-only copy of the values (int8 that lie in a mapped file are not copied); `samples.copy()` is writable.
    Raises ValueError where the values are no letters or masked, the shape does not fit the lattice, there is no draw,
    or the provenance takes a name of the schema's own.
    """
    letters = Alphabet.of(alphabet)
    checks.instance("lattice", lattice, Lattice, "a Lattice, such as Lattice.square(40)")
    array = checks.array("values", values)
    if array.ndim < 3 or array.shape[2:] not in (lattice.shape, (lattice.n_sites,)):
        raise ValueError(
            f"values of samples of a {lattice} lattice have shape (chain, draw, {', '.join(map(str, lattice.shape))}); "
            f"got {array.shape}"
        )
    if array.size == 0:
        raise ValueError(f"samples must hold at least one draw; got shape {array.shape}")
    letters.check("values", array)
    large = array.dtype == np.int8 and memory.mapped(array) is not None  # in a file: no copy
    return drawn(array.astype(np.int8, copy=not large), lattice, letters, **provenance)


def drawn(values: NDArray[np.int8], lattice: Lattice, letters: Alphabet, **provenance: Any) -> xr.DataArray:
    """What `make` gives, of values that nobody else holds and that are letters: neither checked nor copied."""
    return xr.DataArray(
        memory.read_only(values.reshape(*values.shape[:2], *lattice.shape)),
        dims=("chain", "draw", *lattice.axes),
        name="state" if letters.labels else "spin",
        attrs={ATTRIBUTE: json.dumps(_settings(lattice, letters, provenance), sort_keys=True)},
    )


def check(samples: xr.DataArray) -> xr.DataArray:
    """Return samples of spins where they keep the schema; raise ValueError or TypeError with what is wrong.

    Other alphabets are refused: whoever can use these as well calls `check_any`, or `check_numbers`.
    """
    if isinstance(samples, xr.DataArray) and (alphabet := alphabet_of(samples)) != SPINS:
        two = "; samples.as_spins reads two numbers as spins" if alphabet.q == 2 and not alphabet.labels else ""
        raise ValueError(f"spins -1/+1 are needed here; these samples hold {alphabet}{two}")
    return check_any(samples)


def check_numbers(samples: xr.DataArray) -> xr.DataArray:
    """Return samples of numbers that may change their sign, as spins are; raise ValueError or TypeError otherwise."""
    if isinstance(samples, xr.DataArray) and not alphabet_of(samples).mirrored:
        return check(samples)
    return check_any(samples)


def as_spins(samples: xr.DataArray) -> xr.DataArray:
    """Samples of two letters, such as the numbers 0/1 of a lattice gas, read as spins: the lower -1, the higher +1.

    The model is left out of the provenance: its couplings are of other values. Raises ValueError for more letters.
    """
    letters, stored = alphabet_of(check_any(samples)), provenance(samples)
    if letters.q != 2:
        raise ValueError(f"two letters can be read as spins; these samples hold {letters}")
    kept = {name: value for name, value in stored.items() if name not in (*_OWN, "model")}
    return make(2 * letters.numbers(samples.values) - 1, lattice_of(samples), **kept)


def check_any(samples: xr.DataArray) -> xr.DataArray:
    """Return samples of any alphabet where they keep the schema; raise ValueError or TypeError."""
    check_kind(samples)
    expected = ("chain", "draw", *lattice_of(samples).axes)
    if samples.dims != expected:
        raise ValueError(f"samples must have dims {expected}; got {samples.dims}")
    if samples.shape[2:] != lattice_of(samples).shape:
        raise ValueError(
            f"samples of a {lattice_of(samples)} lattice must hold all its sites; got {samples.shape[2:]}: a part of "
            f"a periodic lattice is none"
        )
    if samples.dtype != np.int8:
        raise ValueError(f"samples must be int8; got {samples.dtype}")
    if samples.size == 0:
        raise ValueError(f"samples must hold at least one draw; got shape {samples.shape}")
    alphabet_of(samples).check("values", samples.values)
    return samples


def check_kind(samples: Any, name: str = "samples") -> None:
    """Raise TypeError for what is no DataArray, such as the sets of several temperatures."""
    if isinstance(samples, dict) and samples:
        got = f"a dictionary of {len(samples)} sets: give one of them, as in sets[{next(iter(samples))!r}]"
        raise TypeError(f"{name} must be one set; got {got}")
    checks.instance(name, samples, xr.DataArray, "a DataArray, as bs.read_samples(X, shape=(16, 16)) gives")


def alphabet_of(samples: xr.DataArray) -> Alphabet:
    """The alphabet of the samples."""
    return Alphabet.stored(provenance(samples))


def provenance(samples: xr.DataArray) -> dict[str, Any]:
    """The settings stored with the samples, as a dictionary; raises ValueError where there are none, or no samples."""
    check_kind(samples)
    if ATTRIBUTE not in samples.attrs:
        raise ValueError(f"samples carry no {ATTRIBUTE!r} attribute: build them with blockspin.samples.make")
    try:
        stored = json.loads(samples.attrs[ATTRIBUTE])
    except (TypeError, ValueError) as error:
        raise ValueError(f"samples carry a {ATTRIBUTE!r} attribute that is no JSON: {error}") from error
    if not isinstance(stored, dict) or not isinstance(stored.get("lattice"), dict):
        raise ValueError(f"samples carry a {ATTRIBUTE!r} attribute without their lattice: build them with samples.make")
    return stored


def lattice_of(samples: xr.DataArray) -> Lattice:
    """The lattice that the samples live on."""
    return stored_lattice("the lattice of samples", provenance(samples)["lattice"])


def to_matrix(samples: xr.DataArray) -> NDArray[np.int8]:
    """The samples as a scikit-learn matrix, shape (chain * draw, N), chain by chain, values as the samples hold them.

    Parameters
    ----------
    samples : DataArray
        The matrix is a read-only view of them where possible; `to_matrix(samples).copy()` is writable.

    Examples
    --------
    >>> samples = bs.sample(bs.Ising(bs.Lattice.square(8), K=0.4), 1000, seed=1)
    >>> bs.to_matrix(samples).shape
    (1000, 64)
    """
    return memory.read_only(np.ascontiguousarray(check_any(samples).values.reshape(-1, lattice_of(samples).n_sites)))


def by_chain(rows: NDArray[Any], samples: xr.DataArray) -> NDArray[Any]:
    """Rows made from `to_matrix(samples)`, (chain * draw, ...), as (chain, draw, ...): a view, not to write to."""
    return memory.read_only(rows.reshape(samples.sizes["chain"], samples.sizes["draw"], *rows.shape[1:]))


def split(samples: xr.DataArray, fraction: float, *, seed: int) -> tuple[xr.DataArray, xr.DataArray]:
    """Two sets of whole chains, the first holding about `fraction` of them; chains are chosen by `seed`.

    Draws of one chain are correlated, so a split by draw would leak.

    Parameters
    ----------
    samples, fraction, seed : DataArray, float in [0, 1], int
        ValueError where either set would be empty, and for a fraction or a seed out of range.

    Examples
    --------
    >>> samples = bs.sample(bs.Ising(bs.Lattice.square(8), K=0.4), 1000, seed=1, chains=100)
    >>> [part.sizes["chain"] for part in bs.split(samples, 0.8, seed=1)]
    [80, 20]
    """
    n_chains = check_any(samples).sizes["chain"]
    checks.number("fraction", fraction, 0, 1)
    checks.whole("seed", seed, 0)
    n_first = round(fraction * n_chains)
    if not 0 < n_first < n_chains:
        raise ValueError(
            f"a split of samples by chain must leave a whole chain on each side; got fraction {fraction} of {n_chains} "
            f"chains, which leaves {n_first} and {n_chains - n_first}"
        )
    order = np.random.default_rng(np.random.SeedSequence(seed)).permutation(n_chains)
    first, second = (samples.isel(chain=np.sort(side)) for side in (order[:n_first], order[n_first:]))
    return first.copy(data=memory.read_only(first.values)), second.copy(data=memory.read_only(second.values))


def write_samples(samples: xr.DataArray, path: str | os.PathLike[str]) -> None:
    """Write the samples to a netCDF file (.nc), one bit a spin; the file appears whole or not at all.

    A site of q letters takes as many bits as q - 1 has in base 2.

    Parameters
    ----------
    samples, path : DataArray, path
        ValueError for another suffix, OSError with the file's name where the disk fails.

    Examples
    --------
    >>> samples = bs.sample(bs.Ising(bs.Lattice.square(8), K=0.4), 1000, seed=1)
    >>> bs.write_samples(samples, "ising.nc")
    >>> bs.read_samples("ising.nc").equals(samples)
    True
    """
    target, alphabet = checked_path(path), alphabet_of(check_any(samples))
    packed = packed_bits(samples.values.reshape(*samples.shape[:2], -1), alphabet)
    size = samples.sizes["chain"], samples.sizes["draw"]
    sample_files.write(target, [packed], size, packed.shape[2], provenance(samples))


def write_packed(
    parts: Iterable[NDArray[np.uint8]],
    path: str | os.PathLike[str],
    lattice: Lattice,
    size: tuple[int, int],
    *,
    alphabet: Any = SPINS,
    **provenance: Any,
) -> None:
    """Write a file as `write_samples` does from parts that come in turn, (chain, draw, byte) of `packed_bits`.

    size: chains and draws in all; alphabet: as `make` takes it. The file appears whole or not at all.
    Raises ValueError for another suffix, or where the parts do not hold so many draws, OSError with the file's name
    where the disk fails.
    """
    letters = Alphabet.of(alphabet)
    settings = _settings(lattice, letters, provenance)
    sample_files.write(checked_path(path), parts, size, sample_files.bytes_of(lattice, letters), settings)


def checked_path(path: str | os.PathLike[str]) -> Path:
    """The path of samples to be written; raises ValueError for a suffix other than .nc."""
    target = checks.path("path", path)
    if target.suffix != ".nc":
        raise ValueError(f"the path of samples that are written ends in .nc; got {target.name!r}")
    return target


def parts(path: str | os.PathLike[str], draws: int) -> Iterator[xr.DataArray]:
    """The samples of a file (.nc) a few draws at a time, for sets that the memory does not hold.

    Each part has all chains and `draws` consecutive draws (the last what is left). Raises ValueError where the file is
    no sample file or damaged, or draws is not a positive integer.
    """
    checks.whole("draws", draws, 1)
    with opened(checks.path("path", path)) as stored:
        for first in range(0, stored.sizes["draw"], draws):
            yield _unpacked(stored, first, first + int(draws))


def read_file(path: Path, alphabet: Any = None) -> xr.DataArray:
    """The samples of a file (.nc). Raises ValueError where it is none, damaged, or of another alphabet than given."""
    with opened(path) as stored:
        if alphabet is not None and Alphabet.of(alphabet) != stored.alphabet:
            raise ValueError(f"{path} holds {stored.alphabet}; got alphabet = {Alphabet.of(alphabet)}")
        return _unpacked(stored, 0, stored.sizes["draw"])


def described(samples: xr.DataArray) -> str:
    """What the samples are, in a line: "2,000 configurations of square 16x16, 20 chains"."""
    chains, draws, lattice, stored = *samples.shape[:2], lattice_of(samples), provenance(samples)
    units = {"no lattice": "units without positions", "missing sites": "sites, others missing"}
    of = (
        f"{lattice.n_sites} {units[code]}"
        if (code := positions(samples)) in units
        else str(lattice).replace("x", " x ")
    )
    parts = [f"{chains * draws:,} configurations of {of}", f"{chains:,} chains" if draws > 1 else "each a chain"]
    parts += ["open edges"] if code == "open edges" else []
    parts += [f"{name} = {stored[name]:.6g}" for name in ("K", "T") if isinstance(stored.get(name), float)]
    return "; ".join([", ".join(parts), *([stored["read_as"]] if "read_as" in stored else [])])


def positions(samples: xr.DataArray) -> str:
    """What keeps the sites from being a periodic lattice: "open edges", "missing sites", "no lattice"; else ""."""
    return str(provenance(samples).get("positions", ""))


_OWN = ("lattice", "states", "alphabet")  # names in the attribute that are the schema's own


def _settings(lattice: Lattice, alphabet: Alphabet, provenance: dict[str, Any]) -> dict[str, Any]:
    for name in _OWN:
        if name in provenance:
            raise ValueError(f"provenance must not hold {name!r}, which the schema sets itself")
    return {"lattice": lattice.settings(), **provenance, **alphabet.settings()}


def _unpacked(stored: sample_files.SampleFile, first: int, last: int) -> xr.DataArray:
    values = stored.draws(first, last)
    with parsed(stored.path):
        kept = {name: value for name, value in stored.settings.items() if name not in _OWN}
        return make(values, stored.lattice, alphabet=stored.alphabet, **kept)
