"""The page: escaped, self-contained, the same bytes twice, and refusing what it cannot hold."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from markupsafe import Markup

from blockspin.report import page, tables
from blockspin.report.page import Figure, Page, Section, prose, render

EVIL = "<script>alert('x')</script>"


def figure(title: str) -> Figure:
    return Figure(Markup("<svg></svg>"), title, f"caption of {title}")


def folds(html: str) -> list[str]:
    return re.findall(r"<details>\s*<summary>(.*?)</summary>", html)


def test_every_text_is_escaped() -> None:
    evil = Figure(Markup("<svg></svg>"), EVIL, EVIL)
    table = tables.table([EVIL], [[EVIL]], title=EVIL, caption=EVIL)
    html = render(Page(EVIL, EVIL, [EVIL], evil, [Section(EVIL, [EVIL, evil, evil, table])], {EVIL: EVIL}))
    assert "<script" not in html
    assert html.count("&lt;script&gt;") >= 15


def test_the_page_asks_for_nothing_outside() -> None:
    html = render(Page("Title", "Question?", ["Answer."]))
    assert "default-src 'none'" in html
    assert not re.search(r"(?:src|href)=\"(?!data:|#)", html)
    assert "http" not in html.replace("http-equiv", "")
    assert html.count("<h1>") == 1


def test_same_input_same_bytes() -> None:
    made = Page("T", "q", ["a"], sections=[Section("One", ["y_t"]), Section("One")])
    assert render(made) == render(made)
    assert 'id="one"' in render(made)
    assert 'id="one-2"' in render(made)


def test_a_section_opens_with_one_figure_and_folds_the_others() -> None:
    plain = tables.table(["map"], [["l1"]], title="numbers")
    blocks = ["words", plain, figure("first"), figure("second"), replace(plain, title="verdicts", open=True)]
    html = render(Page("T", "q", [], sections=[Section("S", blocks)]))
    assert folds(html) == ["numbers", "second"]
    seen = html.partition("<details>")[0]
    assert [seen.index(word) for word in ("first", "verdicts", "words")] == sorted(
        seen.index(word) for word in ("first", "verdicts", "words")
    )


def test_the_answer_comes_before_the_picture_and_both_before_the_sections() -> None:
    html = render(Page("T", "question", ["answer"], figure("picture"), [Section("Part")]))
    places = [html.index(word) for word in ("question", "answer", "picture", ">Part<")]
    assert places == sorted(places)


def test_a_block_must_be_one_of_ours() -> None:
    with pytest.raises(TypeError, match="int"):
        Section("S", [3])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="Markup"):
        Section("S", [Figure("<svg/>", "t", "c")])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("y_t = -0.5(1)", "<i>y</i><sub>t</sub> = −0.5(1)"),
        ("share of w^2", "share of w<sup>2</sup>"),
        ("T = B^-1 A", "T = B<sup>−1</sup> A"),
        ("L_B^-u", "<i>L</i><sub>B</sub><sup>−u</sup>"),
        ("K' - Kc at Tc", "K&#39; − <i>K</i><sub>c</sub> at <i>T</i><sub>c</sub>"),
        ("L1 2e-4, 1.4e-14, 3e+05", "L1 2·10<sup>−4</sup>, 1.4·10<sup>−14</sup>, 3·10<sup>5</sup>"),
        ("1 / r^2d, T = inf, `bs.RSMI`", "1 / r<sup>2d</sup>, T = ∞, <code>bs.RSMI</code>"),
        ("4 x 4, 4x4, 3 %, nu", "4\u00a0×\u00a04, 4\u00a0×\u00a04, 3\u00a0%, ν"),
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
        ("renormalizes roughly", "part"),
        ("coarse-grains", "part"),
        ("partly", "part"),
        ("does not", "bad"),
        ("not reproduced", "bad"),
        ("undecided", "open"),
        ("not tested", "open"),
    ],
)
def test_verdict_classes(word: str, expected: str) -> None:
    assert page.verdict_class(word) == expected


def test_a_term_is_explained_once_a_section_and_in_the_glossary() -> None:
    words = ["An RBM and RBMs.", "The y_t of a null; H_RBM.", "RBMs again"]
    html = render(Page("T", "An RBM?", ["A null."], sections=[Section("Nulls", words), Section("RBM", ["RBM"])]))
    opened = re.findall(r'popovertarget="(.*?)" title="([^"]+)">(.*?)</button>', html)
    assert [(anchor, shown) for anchor, _, shown in opened] == [
        ("term-rbm", "RBM"), ("term-null", "null"),
        ("term-rbm", "RBM"), ("term-y_t", "<i>y</i><sub>t</sub>"), ("term-null", "null"),
        ("term-rbm", "RBM"),
    ]  # fmt: skip
    assert re.findall(r"<dt>(.*?)</dt>", html) == ["null", "RBM", "<i>y</i><sub>t</sub>"]
    assert re.findall(r'<div popover class="tip" id="(.*?)">', html) == ["term-null", "term-rbm", "term-y_t"]
    assert all(title in html.partition("<dl")[2] for _, title, _ in opened)
    assert 'title="The criterion that asks whether a map gives the exponents y_t and y_h."' in render(
        Page("T", "The spectrum", [])
    )


def test_a_page_without_terms_has_no_glossary() -> None:
    html = render(Page("T", "Why?", [], sections=[Section("A"), Section("B"), Section("C")]))
    assert "lossary" not in html.partition("</style>")[2]
