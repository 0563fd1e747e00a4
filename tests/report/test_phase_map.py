from __future__ import annotations

import math
import re
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from in_browser import contrast

from blockspin.report import phase_map as phase_map_module
from blockspin.report.phase_map import Axis, Map, Mark, phase_map

X, Y = Axis("L1 penalty", (0.0, 0.001, 0.01)), Axis("coupling K", (0.36, 0.44))


def test_a_value_lies_between_the_boxes_by_its_ratio():
    axis = Axis("l1", (0.001, 0.01, 0.1))
    assert axis.place(0.001) == 0
    assert axis.place(0.1) == 2
    assert axis.place(math.sqrt(0.001 * 0.01)) == pytest.approx(0.5)
    assert axis.place(0.001 / 10**0.4) == pytest.approx(-0.4)
    assert axis.place(0.001 / 10**0.6) is None
    assert Axis("l1", (0.1, 0.01, 0.001)).place(0.1) == 0
    assert X.place(0.0055) == pytest.approx(1.5)  # by difference where an axis holds 0
    assert Axis("K", (0.4,)).place(0.4) is None


def test_boxes_say_value_error_and_what_is_missing():
    value = np.array([[4.04, 16.0, np.nan], [64.0, 128.0, 5.5]])
    error = np.array([[0.12, np.nan, np.nan], [3.4, 2.0, 0.51]])
    local = np.array([[1, 1, 0], [0, 0, 1]])
    one = Map("Locality", "sites", value, error, log=True, limits=(4, 128), inside=local, missing="dead")
    marks = [Mark("M", "a paper", 0.0005, 0.4), Mark("S", "beside it", 0.0005, 0.4), Mark("Z", "far away", 5.0, 0.4)]
    figure = phase_map([one], X, Y, marks=marks)
    texts = re.findall(r"<text[^>]*>(.*?)</text>", str(figure.body))
    for told in ("4.04", "± .1", "16", "dead", "128", "± 3", "5.5", "MS", "0.36", "L1 penalty"):
        assert told in texts, told
    assert "Z" not in texts
    words = re.search(r'aria-label="([^"]*)"', str(figure.body))[1]
    assert "least 4.04 at (0, 0.36); most 128 at (0.001, 0.44)" in words
    # six edges part inside from outside, each drawn twice
    assert str(figure.body).count("#d55e00") >= 5


def test_letters_are_readable_on_every_box() -> None:
    def css(colour: Any) -> str:
        return f"rgb{tuple(round(255 * part) for part in mpl.colors.to_rgb(colour))}"

    for share in np.linspace(0, 1, 201):
        ink = phase_map_module.DARK if share >= phase_map_module.DARK_FROM else phase_map_module.LIGHT
        assert contrast(css(ink), css(mpl.colormaps[phase_map_module.COLOURS](share))) >= 4.5, share
    assert contrast(css(phase_map_module.LIGHT), css(phase_map_module.EMPTY)) >= 4.5


def test_the_same_map_gives_the_same_bytes_and_a_wrong_shape_is_told():
    one = Map("y_t", "", np.full((2, 3), np.nan), np.full((2, 3), np.nan))
    first, second = (phase_map([one], X, Y).body for _ in range(2))
    assert first == second
    assert "nowhere defined" in first
    with pytest.raises(ValueError, match=r"'y_t'.*3"):
        phase_map([Map("y_t", "", np.zeros((3, 2)), np.zeros((3, 2)))], X, Y)


def test_narrow_boxes_hold_two_digits_and_no_error() -> None:
    from blockspin.report.phase_map import Axis, _tight

    assert [_tight(v) for v in (173.2, 43.24, 9.81, 0.0376, 1.104, 0.0003, 0.97)] == [
        "173", "43", "9.8", ".038", "1.1", ".0003", ".97",
    ]  # fmt: skip
    assert Axis("x", range(1, 7)).roomy
    assert not Axis("x", range(1, 8)).roomy
