"""Files as they may come: cut, garbled or foreign. Whatever a parser makes of them ends in one error with the name."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Damaged(ValueError):
    """A file that is not what its name or its place promises; the message names it and says what is wrong."""


@contextmanager
def parsed(path: str | os.PathLike[str]) -> Iterator[None]:
    """Raise `Damaged` with the file's name for anything that reading its bytes raises.

    The parsers of zip, HDF5, netCDF, .npy and JSON raise a dozen kinds of errors on bytes that are none of theirs.
    """
    try:
        yield
    except Damaged:
        raise
    except Exception as error:
        why = " ".join(str(error).split()) or type(error).__name__
        raise Damaged(f"{path} is damaged, or of another kind: {why}") from error


def read_arrays(path: str | os.PathLike[str]) -> dict[str, NDArray[Any]]:
    """The arrays of an .npz file by name, or that of an .npy file under the name "array"; no pickle is loaded.

    Raises OSError where the file cannot be opened, `Damaged` where it holds anything but arrays of numbers or text, or
    a checksum of the archive does not hold.
    """
    with open(path, "rb") as file, parsed(path):
        loaded = np.load(file, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return {"array": loaded}
        arrays = {name: loaded[name] for name in loaded.files}
        for name, array in arrays.items():
            if not isinstance(array, np.ndarray):
                raise Damaged(f"{path} must hold arrays; {name} in it is none")
        return arrays


def read_json(path: str | os.PathLike[str], **entries: type) -> dict[str, Any]:
    """The JSON object in a file. entries: those that it must have, and their kinds.

    Raises OSError where the file cannot be opened, `Damaged` where it is no such object.
    """
    with open(path, "rb") as file, parsed(path):
        stored = json.loads(file.read().decode())
    if not isinstance(stored, dict):
        raise Damaged(f"{path} must hold a JSON object; it holds a {type(stored).__name__}")
    for name, kind in entries.items():
        if not isinstance(stored.get(name), kind):
            raise Damaged(f"{path} must have the entry {name!r}, a {kind.__name__}; got {stored.get(name)!r:.60}")
    return stored


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """A file aside that takes the place of `path` when the block ends well, whole or not at all."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=path.suffix)
    os.close(handle)
    aside = Path(name)
    try:
        yield aside
        aside.chmod(0o644)  # mkstemp makes files that nobody else may read
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)
