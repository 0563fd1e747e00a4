"""Curves with errors: drawn to scale, nothing lost, one look a name, the same bytes twice."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest
from measured import Drawing, same

from blockspin.report.lines import Panel, line_plot
from blockspin.report.training import training

NAN = math.nan
PANEL = Panel("samples", "sites", {"l1": [(1.0, 2.0, 0.5), (2.0, 3.0, 0.25, 0.1), (3.0, 1.0)]})


@pytest.mark.parametrize("log", ["", "x", "y", "xy"])
def test_points_and_error_bars_are_drawn_to_scale(log: str) -> None:
    scales = {f"{axis}_scale": "log" for axis in log}
    drawing = Drawing(line_plot([replace(PANEL, **scales)]).body, log=log)
    assert same(drawing.points("vermilion"), [(1, 2), (2, 3), (3, 1)])
    assert same(drawing.bars("vermilion"), [((1, 1.5), (1, 2.5)), ((2, 2.75), (2, 3.25)), ((1.9, 3), (2.1, 3))])


def test_a_bar_beyond_zero_ends_on_a_logarithmic_axis() -> None:
    drawing = Drawing(line_plot([Panel("x", "y", {"l1": [(1, 1.0, 5.0), (2, 10.0)]}, y_scale="log")]).body, log="y")
    assert same(drawing.bars("vermilion"), [((1, 0.1), (1, 6))])


def test_a_point_that_is_not_defined_breaks_the_line_and_is_no_number() -> None:
    points = [(1.0, 1.0), (2.0, 2.0), (3.0, NAN), (4.0, 4.0, NAN), (5.0, 3.0), (math.inf, 1.0)]
    made = line_plot([Panel("x", "y", {"l1": points})])
    drawing = Drawing(made.body)
    assert same(drawing.points("vermilion"), [(1, 1), (2, 2), (4, 4), (5, 3)])
    assert [len(line) for line in drawing.lines("vermilion")] == [2, 2]
    assert "nan" not in made.body
    assert "l1 from 1 at 1 to 3 at 5" in made.body


@pytest.mark.parametrize(
    ("points", "words"),
    [([(1.0, NAN)], "l1 no value"), ([], "l1 no value"), ([(8.0, -2.0)], "l1 −2 at 8")],
)
def test_words_say_what_is_there(points: list[tuple[float, ...]], words: str) -> None:
    assert words in line_plot([Panel("x", "y", {"l1": points, "l2": [(1.0, 1.0)]})]).body


@pytest.mark.parametrize(
    ("values", "log"), [((1e-90, 1e90), "y"), ((-1e90, 1e90), ""), ((0.41, 0.43), "y"), ((2e-7, 5e-7), "y")]
)
def test_ranges_wide_and_narrow_have_ticks(values: tuple[float, float], log: str) -> None:
    scale = "log" if log else "linear"
    points = list(enumerate(values, start=1))
    drawing = Drawing(line_plot([Panel("x", "y", {"l1": points}, y_scale=scale)]).body, log=log)
    assert 2 <= len(drawing.scales["y"][0]) <= 9
    for place, (_, value) in zip(drawing.points("vermilion"), points, strict=True):
        assert place[1] == pytest.approx(value, rel=0.03)


def test_one_name_has_one_look_in_all_panels_and_a_legend() -> None:
    other = Panel("x", "y", {"a map": [(1, 1)], "l1": [(1, 2)]}, "second")
    body = line_plot([PANEL, other]).body
    assert len(Drawing(body, which=0).points("vermilion")) == 3
    assert len(Drawing(body, which=1).points("vermilion")) == 1
    assert re.findall(r"</svg><span>([^<]+)</span></li>", body) == ["l1", "a map"]
    assert body.count('class="plot"') == 2


def test_dashed_curves_have_no_points_and_the_colour_of_their_name() -> None:
    body = line_plot([replace(PANEL, dashed={"l1": [(1, 1), (3, 2)], "exact": [(1, 3), (3, 3)]})]).body
    drawing = Drawing(body)
    assert same(drawing.lines("ink")[0], [(1, 3), (3, 3)])
    assert same(drawing.lines("vermilion")[0], [(1, 1), (3, 2)])
    assert len(drawing.points("vermilion")) == 3
    assert re.findall(r"</svg><span>([^<]+)</span></li>", body) == ["exact", "l1"]


def test_bands_take_the_place_of_bars() -> None:
    body = line_plot([replace(PANEL, bands=True)]).body
    assert "fill-opacity: 0.22" in body or "opacity: 0.22" in body
    assert len(Drawing(body).bars("vermilion")) == 0


def test_arrows_follow_the_points_and_stop_at_a_gap() -> None:
    panel = Panel("x", "y", {"l1": [(0, 0), (1, 1), (2, 0), (NAN, NAN), (0, 1), (2, 2)]}, joined="arrows")
    body = line_plot([panel]).body
    assert body.count("stroke-linecap: round") == 2 * 3  # a shaft and a head
    assert "stroke-linecap: round" not in line_plot([replace(panel, joined="no")]).body


def test_panels_share_axes_where_asked() -> None:
    parts = [PANEL, replace(PANEL, curves={"l1": [(10.0, 20.0, 5.0)]})]
    one, other = (Drawing(line_plot(parts, same_axes=True).body, which=n) for n in (0, 1))
    assert one.scales == other.scales
    assert same(one.points("vermilion")[0], (1, 2))


def test_reference_lines_keep_their_labels_off_the_points() -> None:
    for x, anchor in ((3.0, "start"), (1.0, "end")):
        points = [(1.0, 1.0), (x, 2.01), (3.0, 3.0)]
        body = line_plot([Panel("x", "y", {"l1": points}, across=[(2.0, "half")], down=[(2.0, "here")])]).body
        (label,) = re.findall(r"<text [^>]*>half<", body)
        assert f"text-anchor: {anchor}" in label or ("text-anchor" not in label) == (anchor == "start")
        assert ">here<" in body


def test_a_reference_line_needs_no_points() -> None:
    nothing = [(math.nan, 1.0), (1.0, math.nan)]
    assert ">half<" in line_plot([Panel("x", "y", {"l1": nothing}, across=[(2.0, "half")])]).body


def test_the_same_bytes_and_escaped_names() -> None:
    evil = "<script>alert('$x$')</script>"
    panel = Panel(evil, evil, {evil: [(1, 2)]}, evil, dashed={evil: [(1, 2)]}, across=[(1, evil)], down=[(1, evil)])
    made = line_plot([panel])
    assert made == line_plot([panel])
    assert "<script" not in made.body
    assert "&lt;script" in made.body


def test_nothing_to_draw_is_refused() -> None:
    for parts in ([], [Panel("x", "y", {})]):
        with pytest.raises(ValueError, match="panel"):
            line_plot(parts)
    with pytest.raises(ValueError, match="17"):
        line_plot([Panel("x", "y", {f"map {n}": [(1, 1)] for n in range(17)})])
    with pytest.raises(ValueError, match=r"exact curves.* 5"):
        line_plot([Panel("x", "y", {}, dashed={f"map {n}": [(1, 1)] for n in range(5)})])


def test_training_leaves_out_what_was_not_recorded_and_rings_the_best() -> None:
    table = {"epoch": [0, 1, 2], "log_likelihood": [-0.7, -0.5, -0.4], "free_energy_gap": [NAN] * 3}
    plain = training({"l1": table, "none": {"epoch": [0]}}).body
    assert plain.count('class="plot"') == 1
    assert "Free-energy gap" not in plain
    watched = training({"l1": table | {"log_likelihood_validation": [-0.7, -0.5, -0.6]}}).body
    assert len(re.findall(r'<use [^>]*style="fill-opacity: 0', watched)) == 1
    assert not re.findall(r'<use [^>]*style="fill-opacity: 0', plain)
    assert ">0<" in plain
    with pytest.raises(ValueError, match="column epoch"):
        training({"l1": {"weight_change": [1.0]}})
