"""The plane of two couplings: what is drawn, where a path ends, what the words say."""

from __future__ import annotations

import math

import pytest

from blockspin.report.flow_figures import LINES, Path, Plane, one_step, plane

NAN = math.nan
PATHS = [
    Path("K = 0.40", -1, [(0.4, 0.0, 0.0, 0.0), (0.31, 0.06, 0.01, 0.01), (NAN, NAN, NAN, NAN), (0.1, 0.1, 0.1, 0.1)]),
    Path("K = Kc", 0, [(0.44, 0.0, 0.0, 0.0), (0.36, 0.08, 0.01, NAN)]),
]


def test_paths_are_told_in_words_and_end_where_nothing_is_defined() -> None:
    made = plane([Plane("majority", "2 steps", PATHS, (0.35, 0.09, 0.01, 0.01)), Plane("other", "", PATHS[:1])])
    assert made.body.count('class="plot"') == 2
    assert "Flow of majority: K = 0.40 (0.4, 0) to (0.31, 0.06); K = Kc (0.44, 0) to (0.36, 0.08)" in made.body
    for words, there in (("from below Kc", True), ("from Kc", True), ("from above Kc", False), ("fixed point", True)):
        assert (words in made.body) is there
    assert made == plane([Plane("majority", "2 steps", PATHS, (0.35, 0.09, 0.01, 0.01)), Plane("other", "", PATHS[:1])])


def test_an_empty_path_and_no_panel() -> None:
    assert "K = 1 not defined" in plane([Plane("m", "", [Path("K = 1", 1, [(NAN, 0.0, 0.0, 0.0)])])]).body
    with pytest.raises(ValueError, match="at least one map; got none"):
        plane([])


def test_one_step_beside_recursions() -> None:
    made = one_step([0.3, 0.5], {"recursion": [0.2, 0.6]}, {"rule": [(0.4, 0.35, 0.01), (0.45, NAN, NAN)]}, mark=0.44)
    assert made.alt == "K' against K: the recursions recursion and the maps rule, beside K' = K"
    assert made.body.count('class="plot"') == 1
    assert "recursion" in made.body
    with pytest.raises(ValueError, match="the line recursion must have 2 values"):
        one_step([0.3, 0.5], {"recursion": [0.2]}, {}, mark=0.44)
    with pytest.raises(ValueError, match="can be told apart; got 5 and 0"):
        one_step([0.3], {str(n): [0.1] for n in range(len(LINES) + 1)}, {}, mark=0.44)
