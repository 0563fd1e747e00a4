"""The figures of the exact mapping: rows by kind, zeros written as such, bad input named, names escaped."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import made_up
import numpy as np
import pytest

from blockspin.report import mapping_figures as figures
from blockspin.report.mapping_figures import Spectrum

EVIL = "<script>alert('$x$')</script>"


@pytest.mark.parametrize("name", ["couplings", "flow", "tuned"])
def test_figures_are_described_markup_that_does_not_change(name: str) -> None:
    figure, again = (made_up.mapping_figures()[name] for _ in range(2))
    assert figure == again
    assert figure.alt
    for drawing in re.findall(r'<svg class="plot".*?</svg>', figure.body, re.S):
        ElementTree.fromstring(drawing)
        assert "aria-label=" in drawing
        assert not re.search(r"#[0-9a-f]{6}\b(?!-)", re.sub(r"#f[0-9a-f]{10}-\w+", "", drawing))


def test_bars_are_sorted_into_kinds() -> None:
    bodies = np.array([1, 2, 2, 2, 2, 3, 4, 5, 6])
    ranges = np.array([0, 1, 2**0.5, 3, 3.5, 2, 2, 2, 2.0])
    K = np.array([1e-17, -0.5, 0.25, 0.1, 0.0625, 0.03, -0.02, 0.011, 1e-9])
    body = figures.couplings([Spectrum("a", "b", K, bodies, ranges)]).body
    for words in (
        "1 spin 0;",
        "r = 1 −0.5",
        "r ≤ 2 0.25",
        "r ≤ 3 0.1",
        "r &gt; 3 0.0625",
        "3 spins 0.03",
        "more 0.011",
    ):
        assert words in body, words
    unplaced = figures.couplings([Spectrum("a", "b", K, bodies, np.where(bodies > 1, np.nan, 0))]).body
    assert "pairs −0.5" in unplaced
    assert "r = 1" not in unplaced


def test_names_are_escaped() -> None:
    one = np.array([1.0])
    bodies = [
        figures.couplings([Spectrum(EVIL, EVIL, one, one, one)]).body,
        figures.flow({EVIL: ([1.0], [0.5], None)}).body,
        figures.tuned([1.0], [(EVIL, EVIL, {EVIL: [1.0]}, True)], axis=EVIL, mark=1.0).body,
    ]
    for body in bodies:
        assert "<script" not in body
        assert "&lt;script" in body


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match="the couplings of a need"):
        figures.couplings([Spectrum("a", "", np.ones(3), np.ones(2), np.ones(3))])
    with pytest.raises(ValueError, match="the flow of a must have a K' for each K"):
        figures.flow({"a": ([1.0, 2.0], [1.0], None)})
    with pytest.raises(ValueError, match="the curve a must have 2 values"):
        figures.tuned([1.0, 2.0], [("t", "y", {"a": [1.0]}, False)], axis="x", mark=1.0)


def test_what_is_not_defined_is_left_out() -> None:
    body = figures.flow({"a": ([0.5, 1.0], [0.2, np.nan], [0.1, np.nan])}).body
    assert "nan" not in body
