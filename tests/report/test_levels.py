"""Areas of equal levels: one scale for all panels, and the right way up."""

from __future__ import annotations

import re

import numpy as np
import pytest

from blockspin.report.levels import levels

WORDS = {"labels": ("λ_1", "λ_2"), "title": "T", "caption": "C"}
X = np.linspace(-1, 1, 5)


def areas(values: np.ndarray) -> list[tuple[str, str]]:
    """The first corner and the opacity of every area."""
    body = levels({"K = 1": (X, values)}, **WORDS).body
    return re.findall(r'<path d="(M [\d.]+ [\d.]+)[^"]*"[^>]*style="fill: var\(--blue\); fill-opacity: ([\d.]+)', body)


def test_a_level_has_one_shade_whatever_else_is_in_its_panel() -> None:
    flat = np.full((5, 5), 0.3)
    peak = flat.copy()
    peak[0, 0] = 0.96
    assert len(areas(flat)) == 1
    shades = [opacity for _, opacity in areas(peak)]
    assert areas(flat)[0][1] == min(shades, key=float)
    assert len(shades) > 5


def test_the_first_parameter_goes_to_the_right_and_the_range_is_said() -> None:
    values = np.zeros((5, 5))
    values[-1, 0] = 0.9
    figure = levels({"K = 1": (X, values)}, **WORDS)
    assert "from 0 to 0.9, most at λ_1 = 1, λ_2 = -1" in figure.body
    strongest = max(areas(values), key=lambda area: float(area[1]))
    x, y = map(float, strongest[0].removeprefix("M ").split())
    assert x > 300
    assert y > 250
    assert '<tspan font-style="italic">λ</tspan>' in figure.body


def test_a_wrong_shape_is_told() -> None:
    with pytest.raises(ValueError, match="5 x 5"):
        levels({"K = 1": (X, np.zeros((5, 4)))}, **WORDS)
