"""Checksums, all SHA-256: seals at the ends of files, of a value, and of a folder's files in SHA256SUMS."""

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from blockspin.files import Damaged, write_text

SUMS = "SHA256SUMS"
DIGITS = 64  # of a SHA-256 in hex


@dataclass(frozen=True)
class Seal:
    """A mark and the SHA-256, in hex, of `first`, the bytes of the file before the mark, and `last`.

    first: what a file is sealed together with, such as its name; a wrong or missing byte anywhere breaks the seal.
    """

    mark: bytes
    first: bytes = b""
    last: bytes = b""

    def write(self, file: IO[bytes], end: int) -> None:
        """Put the seal behind the first `end` bytes."""
        digest = self._digest(file, end)
        file.seek(end)
        file.write(self.mark + digest)

    def holds(self, file: IO[bytes]) -> bool:
        """Whether the file ends with this seal; leaves it at its end."""
        end = file.seek(0, os.SEEK_END) - len(self.mark) - DIGITS
        if end < 0:
            return False
        digest = self._digest(file, end)
        file.seek(end)
        return file.read() == self.mark + digest

    def _digest(self, file: IO[bytes], end: int) -> bytes:
        state, left = hashlib.sha256(self.first), end
        file.seek(0)
        while left > 0 and (block := file.read(min(left, 1 << 20))):
            state.update(block)
            left -= len(block)
        state.update(self.last)
        return state.hexdigest().encode()


def digest_of(value: Any) -> str:
    """The SHA-256, in hex, of what JSON can hold."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def write_sums(folder: Path, names: Iterable[str]) -> None:
    """Write the sums of these files of the folder, for `sha256sum -c SHA256SUMS`. Raises OSError."""
    write_text(folder / SUMS, "".join(f"{_sum(folder / name)}  {name}\n" for name in names))


def check_sums(folder: Path, names: Iterable[str]) -> None:
    """Raise `Damaged` where a file of the folder is not what its sum says; a folder of earlier versions has no sums."""
    if not os.path.lexists(folder / SUMS):
        return
    lines = (folder / SUMS).read_bytes().decode(errors="replace").splitlines()
    sums = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    for name in names:
        if name not in sums:
            raise Damaged(f"{folder / SUMS} is damaged: it has no sum of {name}")
        if _sum(folder / name) != sums[name]:
            raise Damaged(f"{folder / name} is not what the run wrote: its sum in {SUMS} is another")


def _sum(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
