"""Trades of one quantity against another: what is drawn, what the words say, what is refused."""

from __future__ import annotations

import math

import pytest

from blockspin.report.trade_figures import Trade, trades


def made(**paths: list[tuple[float, float, float, float]]) -> Trade:
    return Trade("digits", "kept, %", "pixels", paths, [(12.0, "halfway")], log=True)


def test_a_panel_is_told_in_words_and_drawn_the_same_again() -> None:
    trade = made(
        l1=[(100.0, 0.0, 20.0, 0.5), (97.0, 1.0, 9.0, math.nan), (math.nan, 1.0, 5.0, 0.1)],
        none=[(100.0, math.nan, 20.0, 0.5)],
        l2=[(math.nan, math.nan, 2.0, 0.1)],
    )
    figure = trades([trade, trade], title="T", caption="C")
    assert figure.body.count('class="plot"') == 2
    words = "digits, pixels against kept, %: l1 from 20 at 100 to 9 at 97; none 20 at 100; l2 no value"
    assert words in figure.body
    assert "halfway" in figure.body
    assert "nan" not in figure.body
    assert figure == trades([trade, trade], title="T", caption="C")


def test_nothing_to_draw_is_refused() -> None:
    for some in ([], [made()]):
        with pytest.raises(ValueError, match="at least one panel, and every panel a path"):
            trades(some, title="", caption="")
