"""Progress: True, False, None and a function mean the same everywhere; anything else is a TypeError."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import blockspin as bs
from blockspin import progress

RING = bs.Ising(bs.Lattice.chain(8), 0.3)
SQUARE = bs.Ising(bs.Lattice.square(4), 0.3)
X = np.where(np.random.default_rng(0).random((40, 8)) < 0.5, 1, -1)


def judged(wish: Any, tmp_path: Any) -> Any:
    samples = bs.sample(SQUARE, 200, seed=1, spacing=1, equilibration=5, algorithm="heat-bath", chains=20)
    return bs.judge(bs.Decimation(SQUARE.lattice, 2), samples, criteria=["locality"], progress=wish)


CALLS: dict[str, Callable[[Any, Any], Any]] = {
    "sample": lambda wish, path: bs.sample(RING, 20, seed=1, progress=wish),
    "sample, independent": lambda wish, path: bs.sample(bs.Ising(RING.lattice, 0.0), 20, seed=1, progress=wish),
    "sample, to a file": lambda wish, path: bs.sample(RING, 20, seed=1, progress=wish, out=path / f"{wish!r:.3}.nc"),
    "RBM": lambda wish, path: bs.RBM(3, n_iter=3, random_state=1, verbose=wish).fit(X),
    "ConvolutionalRBM": lambda wish, path: bs.ConvolutionalRBM(
        RING.lattice, 2, 2, n_iter=3, random_state=1, verbose=wish
    ).fit(X),
    "fit_many": lambda wish, path: bs.RBM.fit_many([bs.RBM(3, n_iter=3, random_state=1, verbose=wish)], X),
    "judge": judged,
}


@pytest.mark.parametrize("name", CALLS)
def test_every_function_takes_true_false_none_and_a_function(
    name: str, tmp_path: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[float, str]] = []
    CALLS[name](lambda fraction, text: seen.append((fraction, text)), tmp_path)
    fractions = [fraction for fraction, _ in seen]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    assert all(0 <= fraction <= 1 and isinstance(text, str) for fraction, text in seen)
    for silent in (False, None, 0):
        CALLS[name](silent, tmp_path)
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr(progress, "EVERY", 0.0)
    CALLS[name](True, tmp_path)
    out, err = capsys.readouterr()
    assert out == ""
    assert "100%" in err
    for wrong in ("yes", 0.5, [], {}):
        with pytest.raises(TypeError, match=r"progress|verbose"):
            CALLS[name](wrong, tmp_path)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_a_bar_and_a_dumb_one_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    monkeypatch.setenv("TERM", "xterm")
    with progress.reporting(True, "[red]work") as report:
        report(0.5, "half")
    assert "[red]work: half" in terminal.getvalue()
    assert "50 %" in terminal.getvalue()
    monkeypatch.setattr(sys, "stderr", dumb := Terminal())
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr(progress, "EVERY", 0.0)
    with progress.reporting(True, "work") as report:
        report(1.0, "")
    assert dumb.getvalue() == "[100%] work\n"


def test_lines_come_each_tenth_and_no_two_within_five_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", stream := io.StringIO())
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    with progress.reporting(True, "work") as report:
        report(0.2, "too soon")
        now[0] = 5.5
        report(0.21, "loud")
        report(0.5, "too soon")
        now[0] = 11.0
        report(0.29, "no tenth")
        report(1.0, "end")
        report(1.0, "again")
    assert stream.getvalue() == "[ 21%] work: loud\n[100%] work: end\n"
