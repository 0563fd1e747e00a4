"""Forest plots: values and bars to scale, what is not defined said in place, what lies outside marked."""

from __future__ import annotations

import math
import re

import made_up
import pytest
from measured import Drawing, same

from blockspin.report import svg
from blockspin.report.forest import Forest, Row, _span, exponents, forest


def drawn(*rows: Row, **more: object) -> str:
    return str(forest([Forest("q", rows, **more)]).body)


def test_values_and_bars_are_drawn_to_scale() -> None:
    drawing = Drawing(drawn(Row("l1", 1.0, 0.25), Row("l2", 2.0)))
    assert same([x for x, _ in drawing.bars("vermilion")[0]], [0.75, 1.25])
    assert same([x for x, _ in drawing.points("blue")], [2.0])


def test_what_is_not_defined_is_said_in_place_and_what_lies_outside_is_marked() -> None:
    rows = made_up.exponent_rows("y_t")
    body = exponents({"y_t": rows, "y_h": rows}).body
    for part in ("not defined", "not defined (0.8312(11) if forced)", "0.967(3)", "−7.5(12)", "exact 1", "exact 1.875"):
        assert part in body
    assert _span(Forest("y_t", rows, lines=[(1.0, "exact")]))[0] > -1


def test_a_map_has_its_own_look_and_its_null_a_hollow_one() -> None:
    body = drawn(Row("l1", 1.0), Row("l1, untrained", 2.0, null=True), Row("majority", 3.0))
    filled = re.findall(r'<use [^>]*style="fill: var\(--(\w+)\); stroke: var\(--(vermilion|ink)\)', body)
    assert filled == [("vermilion", "vermilion"), ("page", "vermilion"), ("ink", "ink")]


def test_long_numbers_stay_within_the_picture() -> None:
    # the widest digits are 0.64 of the size of the type, brackets and points less
    (at,) = re.findall(
        r'x="([\d.]+)" y="[\d.]+" transform="[^"]*">1\.88097\(15\)<', drawn(Row("majority", 1.88097, 0.00015))
    )
    assert float(at) + 11 * (8 * 0.64 + 3 * 0.39) < 72 * svg.WIDTH


@pytest.mark.parametrize("log", [False, True])
def test_a_forest_of_nothing_defined_still_draws(log: bool) -> None:
    assert "not defined" in drawn(Row("a", math.nan), log=log)
    assert 'class="none"' in drawn(log=log)


def test_ticks_stand_within_the_limits_and_zero_is_an_arrow() -> None:
    body = drawn(
        Row("a", 0.5, ticks=[0.5, 0.1, 1e-9], text="−0.5"), Row("b", 0.0, text="0"), log=True, limits=(1e-3, 1)
    )
    found = [x for x, _ in Drawing(body, log="x").points("blue")]
    assert same(found, [0.1, 0.5, 0.5, 0.001])  # two ticks, a marker and an arrow
    assert ">−0.5<" in body
    assert "a −0.5; b 0" in body


def test_ticks_are_drawn_where_they_are_however_close() -> None:
    ticks = [1.8237, 1.8254, 1.8266]  # alike in two digits
    body = drawn(Row("a", 1.8254, 0.001, ticks=ticks), limits=(1.8, 1.9))
    assert same([x for x, _ in Drawing(body).points("blue")], [*ticks, 1.8254])


def test_the_same_bytes_and_escaped_labels() -> None:
    evil = "<script>alert('$x$')</script>"
    rows = [Row(evil, 1.0, 0.1, group=evil), Row(evil, math.nan, text=evil)]
    one, two = (forest([Forest(evil, rows, evil, evil, [(4.0, evil)])]) for _ in range(2))
    assert one == two
    assert "<script" not in one.body
    assert "&lt;script" in one.body
