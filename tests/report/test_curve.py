"""Curves with error bars: what is drawn, what is left out, what the words say."""

from __future__ import annotations

import math
import re

import pytest

from blockspin.report import curve


def test_a_curve_is_told_in_words_and_drawn_once_a_name() -> None:
    points = {"l1": [(8.0, 6.0, 0.1), (64.0, 5.0, 0.1)], "none": [(8.0, 80.0, 2.0), (64.0, math.nan, math.nan)]}
    made = curve.figure(
        points,
        x_label="samples",
        y_label="sites",
        across=[(4.0, "block")],
        down=[(55.0, "here")],
        title="T",
        caption="C",
    )
    assert made.alt == "sites against samples: l1 from 6 to 5; none from 80 to 80"
    assert made.body.count("<svg") == 1 + 2  # the plot, and a swatch a name in the legend
    again = curve.figure(
        points,
        x_label="samples",
        y_label="sites",
        across=[(4.0, "block")],
        down=[(55.0, "here")],
        title="T",
        caption="C",
    )
    assert made == again


@pytest.mark.parametrize(("x", "anchor"), [(55.0, "start"), (9.0, "end")])
def test_the_label_of_a_level_keeps_clear_of_a_line_at_the_right_end(x: float, anchor: str) -> None:
    made = curve.figure(
        {"a": [(8.0, 6.0, 0.1), (64.0, 5.0, 0.1)]},
        x_label="samples",
        y_label="sites",
        across=[(4.0, "block")],
        down=[(x, "here")],
        title="T",
        caption="C",
    )
    (label,) = re.findall(r"<text [^>]*>block<", made.body)
    assert ("text-anchor: end" in label) == (anchor == "end")


def test_no_curve_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one curve; got none"):
        curve.figure({}, x_label="x", y_label="y", title="", caption="")
