"""Files of packed samples, netCDF-4: one variable ``packed`` (chain, draw, byte), one JSON attribute, and a seal.

The seal is a line after the end of the HDF5 data, of which readers of netCDF take no notice: the SHA-256 of all bytes
before it. HDF5's own Fletcher-32 sums are kept as well, so that other programs see damage too; alone they do not
suffice: they take 16 sites up for 16 sites down (0xFFFF is 0 modulo 65535), and say nothing of attributes and indices.
Files of earlier versions have neither, and open; so do files that were written anew through xarray, without a seal.
"""

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import h5netcdf
import h5py
import numpy as np
from numpy.typing import NDArray

from blockspin.alphabet import SPINS, Alphabet
from blockspin.files import Damaged, Deferring, parsed, writing
from blockspin.lattice import Lattice, stored_lattice
from blockspin.seals import Seal

ATTRIBUTE = "blockspin"
DIMS = ("chain", "draw", "byte")
SIGNATURE = b"\x89HDF\r\n\x1a\n"  # of a netCDF-4 file, which is HDF5
END = {0: 40, 1: 44, 2: 28, 3: 28}  # where the head of HDF5 data says where they end, by its version
SEAL = Seal(b"\nblockspin sha256 ")
CHUNK = 2**20  # bytes of a chunk of the file, at most, where a configuration is smaller

Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class SampleFile:
    """An open file whose seal, sizes and attribute have been checked; `draws` reads configurations."""

    path: Path
    settings: dict[str, Any]
    lattice: Lattice
    alphabet: Alphabet
    packed: Any

    @property
    def sizes(self) -> dict[str, int]:
        """Chains, draws a chain, bytes a draw."""
        return dict(zip(DIMS, map(int, self.packed.shape), strict=True))

    def draws(self, first: int, last: int) -> NDArray[Any]:
        """Configurations (chain, draw, N) of the draws first..last-1; raises `Damaged`."""
        width = self.alphabet.bits
        with parsed(self.path):
            bits = np.unpackbits(self.packed[:, first:last], axis=-1)
        if bits[..., self.lattice.n_sites * width :].any():
            raise Damaged(f"{self.path} is damaged: the bits behind the last site must be 0")
        bits = bits[..., : self.lattice.n_sites * width]
        if self.alphabet == SPINS:
            return 2 * bits.astype(np.int8) - 1
        numbers = bits.reshape(*bits.shape[:2], -1, width) @ (1 << np.arange(width))
        if (numbers >= self.alphabet.q).any():
            raise Damaged(f"{self.path} is damaged: a site must hold a letter of {self.alphabet}")
        return self.alphabet.values[numbers]


@contextmanager
def opened(path: Path) -> Iterator[SampleFile]:
    """Open a file of samples; raises OSError where that fails, `Damaged` where it is none or not as it was written."""
    with open(path, "rb") as file:
        _check_seal(path, file)
    with parsed(path):
        stored = h5py.File(path, "r")
    with stored:
        with parsed(path):
            found = _checked(path, stored)
        yield found


def write(path: Path, parts: Iterable[Bytes], size: tuple[int, int], n_bytes: int, settings: dict[str, Any]) -> None:
    """Write packed configurations that come in parts (chain, draw, byte); the file appears whole or not at all.

    size: chains and draws in all. The same configurations and settings give the same bytes, whatever the parts.
    Raises ValueError where the parts do not hold so many draws.
    """
    rows = _even(size[0], CHUNK // n_bytes)
    draws = _even(size[1], CHUNK // (rows * n_bytes))
    with writing(path) as aside:
        stream = Deferring(aside)
        with h5netcdf.File(stream, "w") as file:
            file.dimensions = dict(zip(DIMS, (*size, n_bytes), strict=True))
            chunks = (rows, draws, n_bytes)
            packed = file.create_variable("packed", DIMS, np.uint8, chunks=chunks, fletcher32=True)
            first = 0
            for slab in _slabs(parts, draws):
                packed[:, first : first + slab.shape[1]] = slab
                first += slab.shape[1]
                if stream.failed:
                    break
            file.attrs[ATTRIBUTE] = json.dumps(settings, sort_keys=True)
        if stream.failed:
            raise stream.failed
        if first != size[1]:
            raise ValueError(f"the parts must hold {size[1]} draws a chain; they hold {first}")
        SEAL.write(aside, aside.seek(0, os.SEEK_END))


def packed_bits(values: NDArray[np.int8], alphabet: Alphabet = SPINS) -> Bytes:
    """Values (..., N) of an alphabet as bytes (..., byte), the bits of the letters' numbers: the form of a file."""
    if alphabet == SPINS:
        return np.packbits(values > 0, axis=-1)
    bits = alphabet.numbers(values)[..., None] >> np.arange(alphabet.bits) & 1
    return np.packbits(bits.reshape(*values.shape[:-1], -1), axis=-1)


def bytes_of(lattice: Lattice, alphabet: Alphabet) -> int:
    """How many bytes a configuration takes."""
    return -(-lattice.n_sites * alphabet.bits // 8)


def _checked(path: Path, stored: h5py.File) -> SampleFile:
    if "packed" not in stored or ATTRIBUTE not in stored.attrs:
        raise Damaged(f"{path} is not a sample file: it lacks 'packed' or the {ATTRIBUTE!r} attribute")
    packed = stored["packed"]
    settings = json.loads(stored.attrs[ATTRIBUTE])
    lattice = stored_lattice("the lattice of samples", settings["lattice"])
    alphabet = Alphabet.stored(settings)
    if packed.ndim != len(DIMS) or packed.dtype != np.uint8 or 0 in packed.shape:
        raise Damaged(f"{path}: 'packed' must hold bytes {DIMS}; got {packed.dtype} of shape {packed.shape}")
    if packed.shape[2] != bytes_of(lattice, alphabet):
        raise Damaged(
            f"{path}: a configuration of a {lattice} lattice takes {bytes_of(lattice, alphabet)} bytes; "
            f"it has {packed.shape[2]}"
        )
    return SampleFile(path, settings, lattice, alphabet, packed)


def _check_seal(path: Path, file: IO[bytes]) -> None:
    """Raise `Damaged` where a file is shorter than HDF5 says, or does not match the seal after that end."""
    head = file.read(48)
    if not head.startswith(SIGNATURE):
        raise Damaged(f"{path} is not a sample file: it is no netCDF-4")
    place = END.get(head[len(SIGNATURE)]) if len(head) == 48 else None
    end = int.from_bytes(head[place : place + 8], "little") if place else 0
    size = file.seek(0, os.SEEK_END)
    if place and size == end:
        return  # written without a seal, by an earlier version or through xarray
    if not SEAL.holds(file):
        raise Damaged(f"{path} is damaged: its checksum does not hold")


def _slabs(parts: Iterable[Bytes], draws: int) -> Iterator[Bytes]:
    """The parts cut anew into so many draws each, so that every chunk is written once, and in order."""
    rest: Bytes | None = None
    for part in parts:
        rest = part if rest is None else np.concatenate([rest, part], axis=1)
        while rest.shape[1] >= draws:
            yield rest[:, :draws]
            rest = rest[:, draws:]
    if rest is not None and rest.shape[1]:
        yield rest


def _even(size: int, most: int) -> int:
    """The length of equal pieces of at most `most`: HDF5 stores the last one whole, so that little must be over."""
    most = max(1, min(size, most))
    return -(-size // -(-size // most))
