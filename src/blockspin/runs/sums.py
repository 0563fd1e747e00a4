"""The checksums of what a run concluded, as `sha256sum -c SHA256SUMS` checks them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from blockspin.files import Damaged
from blockspin.runs.store import write_text
from blockspin.seals import sum_of

FILE = "SHA256SUMS"


def write(folder: Path, names: Iterable[str]) -> None:
    """Write the sums of these files of the folder. Raises StoreError."""
    write_text(folder / FILE, "".join(f"{sum_of(folder / name)}  {name}\n" for name in names))


def check(folder: Path, names: Iterable[str]) -> None:
    """Raise `Damaged` where a file of the folder is not what its run wrote; runs of earlier versions left no sums."""
    if not os.path.lexists(folder / FILE):
        return
    lines = (folder / FILE).read_bytes().decode(errors="replace").splitlines()
    sums = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    for name in names:
        if name not in sums:
            raise Damaged(f"{folder / FILE} is damaged: it has no sum of {name}")
        if sum_of(folder / name) != sums[name]:
            raise Damaged(f"{folder / name} is not what the run wrote: its sum in {FILE} is another")


def remove(folder: Path) -> None:
    """Take the sums away: the run goes on, and what they hold for changes."""
    (folder / FILE).unlink(missing_ok=True)
