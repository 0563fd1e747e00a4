"""Checksums: a file whose last bytes are a seal over those before them, and the SHA-256 of a file as it is."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO

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


def sum_of(path: Path) -> str:
    """The SHA-256 of a file, in hex. Raises OSError."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
