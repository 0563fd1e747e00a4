"""Level lines: a label that the frame would cut is left out, the others stay."""

from __future__ import annotations

import re

import numpy as np

from blockspin.report.levels import levels


def test_labels_of_levels_lie_inside_the_frame() -> None:
    x = np.linspace(-3, 3, 61)
    ridge = np.tanh(np.abs(x[:, None] + x[None, :])) * 0.9  # lines along the diagonal end at the corners
    made = levels({"K = 1": (x, ridge)}, labels=("λ_1", "λ_2"))
    left, bottom, right, top = 0.62 * 72, (4.4 - 0.55) * 72, 4.8 * 72, 0.1 * 72
    places = re.findall(r"translate\(([\d.]+) ([\d.]+)\)[^>]*>0\.\d5<", made.body)
    assert places
    for at in places:
        assert left + 4 < float(at[0]) < right - 4
        assert top + 4 < float(at[1]) < bottom - 4
    assert '<tspan font-style="italic">λ</tspan>' in made.body
