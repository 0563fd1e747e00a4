"""Every figure: described in words, well-formed, in the page's colours, the same bytes twice."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import made_up
import pytest

DRAWN = made_up.all_figures()


@pytest.mark.parametrize("name", DRAWN)
def test_every_figure_is_described_and_reads_as_markup(name: str) -> None:
    figure = DRAWN[name]
    assert figure.caption
    for drawing in re.findall(r"<svg.*?</svg>", figure.body, re.S):
        ElementTree.fromstring(drawing)
        assert re.search('aria-label="[^"]+"|aria-hidden', drawing)
    assert figure.body.count("<img") == figure.body.count('alt="')
    assert "http" not in figure.body


@pytest.mark.parametrize("name", sorted(DRAWN.keys() - {"phase map"}))  # whose boxes are the same in either scheme
def test_no_colour_of_a_plot_is_fixed(name: str) -> None:
    for drawing in re.findall(r"<svg.*?</svg>", DRAWN[name].body, re.S):
        assert not re.search(r"#[0-9a-f]{6}\b(?!-)", re.sub(r"#f[0-9a-f]{10}-\w+", "", drawing))


def test_same_input_same_bytes() -> None:
    again = made_up.all_figures()
    assert {name: figure.body for name, figure in again.items()} == {name: f.body for name, f in DRAWN.items()}
