"""The figures: ten made-up rows each, legible in both schemes, the same bytes twice, bad input named."""

from __future__ import annotations

import base64
import io
import math
import re
import xml.etree.ElementTree as ElementTree

import made_up
import numpy as np
import pytest
from matplotlib.image import imread

from blockspin.report import figures, forest_figures, pictures, svg, theme
from blockspin.report.figures import Row
from blockspin.report.page import Figure

EVIL = "<script>alert('$x$')</script>"
DRAWN = made_up.all_figures()


def decoded(figure: Figure) -> list[np.ndarray]:
    found = re.findall(r"data:image/png;base64,([^\"]+)", figure.body)
    return [imread(io.BytesIO(base64.b64decode(data))) for data in found]


@pytest.mark.parametrize("name", DRAWN)
def test_every_figure_is_described_and_reads_as_markup(name: str) -> None:
    figure = DRAWN[name]
    assert figure.alt
    assert figure.caption
    for drawing in re.findall(r"<svg.*?</svg>", figure.body, re.S):
        ElementTree.fromstring(drawing)
        assert "aria-label=" in drawing or "aria-hidden" in drawing
    assert figure.body.count("<img") == figure.body.count('alt="')
    assert "http" not in figure.body


@pytest.mark.parametrize("name", DRAWN)
def test_no_colour_of_a_plot_is_fixed(name: str) -> None:
    for drawing in re.findall(r"<svg.*?</svg>", DRAWN[name].body, re.S):
        assert not re.search(r"#[0-9a-f]{6}\b(?!-)", re.sub(r"#f[0-9a-f]{10}-\w+", "", drawing))


def test_same_input_same_bytes() -> None:
    again = made_up.all_figures()
    assert {name: figure.body for name, figure in again.items()} == {name: f.body for name, f in DRAWN.items()}


def test_names_are_escaped_and_dollars_are_plain_text() -> None:
    bodies = [
        figures.configurations(made_up.spins(1, 0), [EVIL]).body,
        figures.weights({EVIL: made_up.noise_fields(3, 0)}).body,
        figures.effective_fields({EVIL: made_up.noise_fields(3, 0)}).body,
        figures.centres({EVIL: np.ones((3, 2))}, (24, 24), 2).body,
        figures.reconstructions(made_up.spins(1, 0), {EVIL: made_up.spins(1, 0)}).body,
        figures.trajectories({EVIL: made_up.trajectory(1)}).body,
        figures.spectrum({"y_t": [Row(EVIL, 1.0, 0.1, note=EVIL, group=EVIL), Row(EVIL, math.nan, note=EVIL)]}).body,
        figures.locality({EVIL: [Row(EVIL, 3.0)]}, quantity=EVIL, lines_by_layer={EVIL: [(4.0, EVIL)]}).body,
        figures.correlation([0, 1], {EVIL: ([1.0, 0.5], None)}, quantity=EVIL).body,
    ]
    for body in bodies:
        assert "<script" not in body
        assert "&lt;script" in body or "&lt;/script" in body


def test_a_configuration_is_drawn_x_to_the_right_and_y_up() -> None:
    spins = -np.ones((1, 3, 2))
    spins[0, 2, 0] = 1  # the last x, the first y: bottom right
    (image,) = decoded(figures.configurations(spins, ["corner"]))
    assert image.shape[:2] == (2, 3)
    light = image[..., 0] > 0.5
    assert light[1, 2]
    assert light.sum() == 1


def test_a_lattice_of_spins_is_one_bit_a_site() -> None:
    spins = np.random.default_rng(0).choice([-1, 1], (1, 64, 64))
    size = len(base64.b64decode(re.findall(r"base64,([^\"]+)", figures.configurations(spins, ["a"]).body)[0]))
    assert size < 64 * 64 / 8 + 64 + 100  # one byte a row names its filter


def test_images_of_levels_survive_repeated_rows() -> None:
    levels = np.repeat(np.arange(40).reshape(8, 5), 3, axis=0)
    palette = [(i, 2 * i, 255 - i) for i in range(40)]
    image = (imread(io.BytesIO(pictures.png(levels, palette)))[..., :3] * 255).round()
    assert np.array_equal(image, np.array(palette)[levels])


def test_weights_share_one_symmetric_scale_with_zero_at_its_middle() -> None:
    small, large = np.zeros((1, 8, 8)), np.zeros((1, 8, 8))
    small[0, 0, 0], large[0, 0, 0], large[0, 0, 1] = 1.0, 2.0, -2.0
    both = decoded(figures.weights({"small": small, "large": large}, limit=2.0, columns=1))
    middles = [image[image.shape[0] // 2, image.shape[1] // 2, :3] for image in both]
    assert np.allclose(middles[0], middles[1])
    assert np.ptp(middles[0]) < 0.01  # grey: neither red nor blue
    corner = [image[-4, 4, :3] for image in both]
    assert corner[1][0] < corner[0][0] < middles[0][0] + 0.01  # red deepens with the weight
    assert corner[0][0] > corner[0][2]
    assert "+2" in figures.weights({"small": small}, limit=2.0).body


def test_which_units_are_shown() -> None:
    fields = np.arange(1.0, 11.0)[:, None, None] * np.ones((10, 4, 4))
    assert pictures.chosen(fields, 3, "strongest").tolist() == [9, 8, 7]
    assert pictures.chosen(fields, 4, "evenly").tolist() == [9, 6, 3, 0]
    assert pictures.chosen(fields, 99, "evenly").tolist() == list(range(9, -1, -1))


def test_a_forest_says_not_defined_in_place_and_marks_what_lies_outside() -> None:
    body = figures.spectrum({"y_t": made_up.exponent_rows("y_t")}).body
    for part in ("not defined", "not defined (0.8312(11) if forced)", "0.967(3)", "−7.5(12)", "exact 1"):
        assert part in body
    assert forest_figures._span(made_up.exponent_rows("y_t"), [(1.0, "exact")], log=False)[0] > -1


def test_long_numbers_stay_within_the_picture() -> None:
    # the widest digits are 0.64 of the size of the type, brackets and points less
    body = figures.spectrum({"y_h": [Row("majority", 1.88097, 0.00015)]}).body
    (at,) = re.findall(r'x="([\d.]+)" y="[\d.]+" transform="[^"]*">1\.88097\(15\)<', body)
    assert float(at) + 11 * (8 * 0.64 + 3 * 0.39) < 72 * svg.WIDTH


def test_a_forest_of_nothing_defined_still_draws() -> None:
    for log in (False, True):
        assert "not defined" in figures.forest([Row("a", math.nan)], "q", log=log)


def test_trajectories_leave_out_what_was_not_recorded() -> None:
    table = made_up.trajectory(1)
    table["free_energy_gap"] = np.full_like(table["epoch"], np.nan)
    body = figures.trajectories({"l1": table, "sklearn": {"epoch": [0, 1], "reconstruction_error": [1.0, 0.5]}}).body
    assert "Free-energy gap" not in body
    assert body.count('class="plot"') == 3


def test_a_ring_marks_the_best_held_out_likelihood() -> None:
    table = {"epoch": [0, 1, 2], "log_likelihood": [-0.7, -0.5, -0.4]}
    plain = figures.trajectories({"l1": table}).body
    watched = figures.trajectories({"l1": table | {"log_likelihood_validation": [-0.7, -0.5, -0.6]}}).body
    assert "Log-likelihood" in plain
    assert watched.count("fill: none") > plain.count("fill: none")


def test_a_layer_with_no_living_unit_still_draws() -> None:
    assert "0 units" in figures.centres({"dead": np.empty((0, 2)), "nan": [[np.nan, np.nan]]}, (8, 8), 2).body


def test_centres_wrap_around_the_torus() -> None:
    inside = figures.centres({"a": [[0.0, 0.0]]}, (8, 8), 2).body
    outside = figures.centres({"a": [[8.0, -8.0]]}, (8, 8), 2).body
    assert inside == outside


def test_known_names_differ_in_colour_and_marker_and_unknown_ones_get_a_style() -> None:
    looks = theme.styles([*theme.KNOWN, *(f"map {i}" for i in range(4))])
    learned = [looks[name] for name in ("l1", "l2", "none", "sklearn-default", "sklearn-matched")]
    assert len({look.colour for look in learned}) == len({look.marker for look in learned}) == 5
    assert len(set(looks.values())) == len(looks)


def test_bad_input_is_named() -> None:
    one = np.ones((1, 4, 4))
    with pytest.raises(ValueError, match="1 images; got 2 titles"):
        figures.configurations(one, ["a", "b"])
    with pytest.raises(ValueError, match="made of -1 and"):
        figures.configurations(0.5 * one, ["a"])
    with pytest.raises(ValueError, match=r"shape \(n, Lx, Ly\); got \(4, 16\)"):
        figures.weights({"l1": np.ones((4, 16))})
    with pytest.raises(ValueError, match="choose must be one of strongest, evenly; got 'best'"):
        figures.weights({"l1": one}, choose="best")
    with pytest.raises(ValueError, match=r"originals' shape \(1, 4, 4\)"):
        figures.reconstructions(one, {"from layer 1": np.ones((2, 4, 4))})
    with pytest.raises(ValueError, match="must have a column epoch"):
        figures.trajectories({"l1": {"weight_change": [1.0]}})
    with pytest.raises(ValueError, match="must be one of learned, reference, null, exact; got 'best'"):
        figures.forest([Row("a", 1.0, kind="best")], "y")
    with pytest.raises(ValueError, match="must have 3 values"):
        figures.correlation([0, 1, 2], {"l1": ([1.0, 2.0], None)})
    with pytest.raises(ValueError, match="must have 1 values, one a unit"):
        figures.centres({"l1": [[1.0, 1.0]]}, (4, 4), 2, radii={"l1": [1.0, 2.0]})
