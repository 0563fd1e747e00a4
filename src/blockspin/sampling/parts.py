"""Draws written to disk during a run: a folder of parts next to the final file, so that a killed run resumes.

`NAME.nc.parts` holds `settings.json` (what was requested), `state.npz` (the chains after pilot run or last part) and
`part-0000.npz` and so on, each of which says the draws that it holds, [first, after the last), and of which request.
When all draws are there they become `NAME.nc`, and the folder goes. A lock keeps a second process out.
"""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blockspin import files, locks
from blockspin.files import Damaged, parsed, read_arrays, read_json

Arrays = dict[str, NDArray[Any]]


class Parts:
    """The folder of parts of one file, for one process at a time: a context.

    Raises ValueError where it holds the parts of another request or damaged ones, BlockingIOError where another process
    is at work there, OSError with the file's name where the disk fails.
    """

    def __init__(self, target: Path, asked: dict[str, Any]) -> None:
        self.target = target
        self.folder = target.with_name(target.name + ".parts")
        self.asked = asked
        self.kept = False
        self.request = np.frombuffer(hashlib.sha256(_words(asked).encode()).digest(), np.uint8)

    def __enter__(self) -> Parts:
        self.claim = self._claimed()
        try:
            self._check_request()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        """Let others have the folder; it goes where the file is there, or where it holds no state to go on from."""
        if self.kept or not self._begun():
            shutil.rmtree(self.folder, ignore_errors=True)  # somebody may have come between its last two steps
        self.claim.release()

    def _check_request(self) -> None:
        kept = self.folder / "settings.json"
        if not self._begun():
            files.write_text(kept, _words(self.asked))
        elif (there := read_json(kept)) != json.loads(_words(self.asked)):
            differing = differences(json.loads(_words(self.asked)), there)
            raise ValueError(
                f"{self.folder} holds the beginning of other samples: {differing}. Remove the folder, or request "
                f"those samples again to finish them"
            )

    def _begun(self) -> bool:
        return any(self.folder.glob("*.npz"))

    def _claimed(self) -> locks.Claim:
        while True:
            with suppress(FileExistsError):
                self.folder.mkdir()
            with suppress(FileNotFoundError):  # who was there removed the folder between our two steps
                if (claim := locks.claim(self.folder / locks.LOCK)) is not None:
                    return claim
                raise BlockingIOError(errno.EAGAIN, "another process is drawing these samples", str(self.target))

    def resume(self) -> tuple[int, dict[str, Any], Arrays] | None:
        """Parts done, the record of the run, and the state of the chains after them; None where there is none."""
        path = self.folder / "state.npz"
        if not path.exists():
            return None
        arrays = read_arrays(path)
        with parsed(path):
            told = json.loads(bytes(arrays.pop("told").tobytes()))
            parts, draws = told["parts"], told["draws"]
        for _ in self.read(parts, draws):
            pass
        return parts, told, arrays

    def begin(self, told: dict[str, Any], state: Arrays) -> None:
        """Keep the state before the first part; `told`: "draws" 0, and more."""
        self._write_state(told | {"parts": 0}, state)

    def add(self, number: int, part: Arrays, told: dict[str, Any], state: Arrays) -> None:
        """Keep a part, arrays (chain, draw, ...), and then the state after it; `told`: "draws" in all, and more."""
        draws = next(iter(part.values())).shape[1]
        holds = {"draws": np.array([told["draws"] - draws, told["draws"]]), "request": self.request}
        self._write(self._part(number), part | holds)
        self._write_state(told | {"parts": number + 1}, state)

    def read(self, parts: int, draws: int) -> Iterator[Arrays]:
        """The parts in order, which hold so many draws in all.

        Raises ValueError with the file's name for a part of another request or of other draws than those that follow.
        """
        last = 0
        for number in range(parts):
            path = self._part(number)
            part = read_arrays(path)
            if part.keys() != {"bits", "observed", "draws", "request"} or not np.array_equal(
                part["request"], self.request
            ):
                raise Damaged(f"{path} is not a part of these samples; remove the folder to draw them anew")
            first, after = part["draws"].tolist()
            if first != last or (number == parts - 1 and after != draws):
                raise Damaged(
                    f"{path} must hold the draws from {last} on, of {draws}; it holds {first} to {after}: remove the "
                    f"folder to draw these samples anew"
                )
            yield {name: part[name] for name in ("bits", "observed")}
            last = after

    def keep(self, whole: Path) -> None:
        """Move the file that the parts have become into place; the folder goes when the work ends."""
        files.move(whole, self.target)
        self.kept = True

    def _part(self, number: int) -> Path:
        return self.folder / f"part-{number:04d}.npz"

    def _write_state(self, told: dict[str, Any], state: Arrays) -> None:
        words = np.frombuffer(json.dumps(told).encode(), np.uint8)
        self._write(self.folder / "state.npz", {"told": words, **state})

    def _write(self, path: Path, arrays: Arrays) -> None:
        with files.writing(path) as stream:
            np.savez(stream, **arrays)  # type: ignore[arg-type]  # numpy's stub takes the names for its own options


def _words(asked: dict[str, Any]) -> str:
    return json.dumps(asked, sort_keys=True)


def differences(asked: dict[str, Any], kept: dict[str, Any]) -> str:
    """The settings in which two requests differ, in words; empty where all requested settings agree."""
    asked, kept = _flat(asked), _flat(kept)
    return "; ".join(
        f"{name} is {kept.get(name)!r} there, requested is {value!r}"
        for name, value in asked.items()
        if kept.get(name) != value
    )


def _flat(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        flat |= _flat(value, f"{prefix}{name} ") if isinstance(value, dict) else {f"{prefix}{name}": value}
    return flat
