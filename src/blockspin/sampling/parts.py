"""Draws that go to disk as they come: a folder of parts beside the file to be, so that a killed run goes on.

`NAME.nc.parts` holds `settings.json` (what was asked for), `state.npz` (the chains after pilot run or last part) and
`part-0000.npz` and so on, each written aside and moved into place. When all draws are there they become `NAME.nc`, and
the folder goes.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blockspin.files import Damaged, parsed, read_arrays, read_json

Arrays = dict[str, NDArray[Any]]


class Parts:
    """The folder of parts of one file; raises ValueError where it holds parts of another request, or damaged ones."""

    def __init__(self, target: Path, asked: dict[str, Any]) -> None:
        self.folder = target.with_name(target.name + ".parts")
        words = json.dumps(asked, sort_keys=True)
        kept = self.folder / "settings.json"
        if kept.exists() and (there := read_json(kept)) != json.loads(words):
            differing = differences(json.loads(words), there)
            raise ValueError(
                f"{self.folder} holds the beginning of other samples: {differing}. Remove the folder, or ask for "
                f"those samples again to finish them"
            )
        self.folder.mkdir(exist_ok=True)
        if not kept.exists():
            self._write_text(kept, words)

    def resume(self) -> tuple[int, dict[str, Any], Arrays] | None:
        """Parts done, what was told of the run, and the state of the chains after them; None where there is none."""
        path = self.folder / "state.npz"
        if not path.exists():
            return None
        arrays = read_arrays(path)
        with parsed(path):
            told = json.loads(bytes(arrays.pop("told").tobytes()))
            return told["parts"], told, arrays

    def begin(self, told: dict[str, Any], state: Arrays) -> None:
        """Keep the state before the first part."""
        self._write_state(told | {"parts": 0}, state)

    def add(self, number: int, part: Arrays, told: dict[str, Any], state: Arrays) -> None:
        """Keep a part, and then the state after it."""
        self._write(self.folder / f"part-{number:04d}.npz", part)
        self._write_state(told | {"parts": number + 1}, state)

    def read(self, parts: int) -> Iterator[Arrays]:
        """The parts in order."""
        for number in range(parts):
            path = self.folder / f"part-{number:04d}.npz"
            part = read_arrays(path)
            if part.keys() != {"bits", "observed"}:
                raise Damaged(f"{path} is no part of samples: it holds {', '.join(part) or 'nothing'}")
            yield part

    def remove(self) -> None:
        """Delete the folder; its file is there."""
        shutil.rmtree(self.folder)

    def _write_state(self, told: dict[str, Any], state: Arrays) -> None:
        words = np.frombuffer(json.dumps(told).encode(), np.uint8)
        self._write(self.folder / "state.npz", {"told": words, **state})

    def _write(self, path: Path, arrays: Arrays) -> None:
        aside = path.with_suffix(".aside")
        with open(aside, "wb") as stream:
            np.savez(stream, **arrays)  # type: ignore[arg-type]  # numpy's stub takes the names for its own options
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(aside, path)

    def _write_text(self, path: Path, words: str) -> None:
        aside = path.with_suffix(".aside")
        aside.write_text(words)
        os.replace(aside, path)


def differences(asked: dict[str, Any], kept: dict[str, Any]) -> str:
    """The settings in which two requests differ, in words; empty where everything asked for agrees."""
    asked, kept = _flat(asked), _flat(kept)
    return "; ".join(
        f"{name} is {kept.get(name)!r} there, asked for is {value!r}"
        for name, value in asked.items()
        if kept.get(name) != value
    )


def _flat(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        flat |= _flat(value, f"{prefix}{name} ") if isinstance(value, dict) else {f"{prefix}{name}": value}
    return flat
