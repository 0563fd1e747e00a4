"""The page: escaped, self-contained, the same bytes twice, and refusing what it cannot hold."""

from __future__ import annotations

import re

import pytest
from markupsafe import Markup

from blockspin.report import page, tables
from blockspin.report.page import Figure, Section, prose, render

EVIL = "<script>alert('x')</script>"


def test_every_text_is_escaped() -> None:
    figure = Figure(Markup("<svg></svg>"), EVIL, EVIL, f'"{EVIL}')
    html = render(
        EVIL,
        [EVIL],
        [Section(EVIL, [EVIL], [figure, EVIL, tables.table([EVIL], [[EVIL]], title=EVIL, caption=EVIL)])],
        subtitle=EVIL,
        facts={EVIL: EVIL},
        verdicts=[(EVIL, EVIL)],
        footer=EVIL,
    )
    assert "<script" not in html
    assert html.count("&lt;script&gt;") >= 15


def test_the_page_asks_for_nothing_outside() -> None:
    html = render("Title", ["Verdict."], [])
    assert "default-src 'none'" in html
    assert not re.search(r"(?:src|href)=\"(?!data:|#)", html)
    assert "http" not in html.replace("http-equiv", "")
    assert html.count("<h1>") == 1


def test_same_input_same_bytes() -> None:
    sections = [Section("One", ["y_t"], []), Section("One", [], [])]
    assert render("T", ["s"], sections) == render("T", ["s"], sections)
    assert 'id="one"' in render("T", ["s"], sections)
    assert 'id="one-2"' in render("T", ["s"], sections)


def test_a_block_must_be_one_of_ours() -> None:
    with pytest.raises(TypeError, match="must be a Figure, a Table or a string; got int"):
        render("T", ["s"], [Section("S", [], [3])])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="must be Markup"):
        render("T", ["s"], [Section("S", [], [Figure("<svg/>", "t", "c", "a")])])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("y_t = -0.5(1)", "<i>y</i><sub>t</sub> = −0.5(1)"),
        ("share of w^2", "share of w<sup>2</sup>"),
        ("T = B^-1 A", "T = B<sup>−1</sup> A"),
        ("n_iter, 10-20, ln-1", "n_iter, 10-20, ln-1"),
        ("a < b & c", "a &lt; b &amp; c"),
    ],
)
def test_prose_sets_single_letter_physics(text: str, expected: str) -> None:
    assert prose(text) == expected


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("renormalizes", "good"),
        ("reproduced", "good"),
        ("coarse-grains", "part"),
        ("partly", "part"),
        ("does not", "bad"),
        ("not reproduced", "bad"),
        ("not tested", "open"),
    ],
)
def test_verdict_classes(word: str, expected: str) -> None:
    assert page.verdict_class(word) == expected
