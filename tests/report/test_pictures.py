"""Pictures of lattices: the right way up, on one scale, small, the same bytes twice, bad input named."""

from __future__ import annotations

import base64
import io
import re

import made_up
import numpy as np
import pytest
from matplotlib.image import imread

from blockspin.report import pictures
from blockspin.report.page import Figure

EVIL = "<script>alert('$x$')</script>"


def decoded(figure: Figure) -> list[np.ndarray]:
    found = re.findall(r"data:image/png;base64,([^\"]+)", figure.body)
    return [imread(io.BytesIO(base64.b64decode(data))) for data in found]


def test_a_configuration_is_drawn_x_to_the_right_and_y_up() -> None:
    spins = -np.ones((1, 3, 2))
    spins[0, 2, 0] = 1  # the last x, the first y: bottom right
    (image,) = decoded(pictures.configurations(spins, ["corner"]))
    assert image.shape[:2] == (2, 3)
    light = image[..., 0] > 0.5
    assert light[1, 2]
    assert light.sum() == 1


def test_a_lattice_of_spins_is_one_bit_a_site() -> None:
    spins = np.random.default_rng(0).choice([-1, 1], (1, 64, 64))
    body = pictures.configurations(spins, ["a"]).body
    size = len(base64.b64decode(re.findall(r"base64,([^\"]+)", body)[0]))
    assert size < 64 * 64 / 8 + 64 + 100  # one byte a row names its filter


def test_images_of_levels_keep_every_level_and_the_same_bytes() -> None:
    levels = np.repeat(np.arange(40).reshape(8, 5), 3, axis=0)
    palette = [(i, 2 * i, 255 - i) for i in range(40)]
    data = pictures.png(levels, palette)
    assert data == pictures.png(levels, palette)
    assert np.array_equal((imread(io.BytesIO(data))[..., :3] * 255).round(), np.array(palette)[levels])
    clear = imread(io.BytesIO(pictures.png(levels, palette, opacity=[255] * 39 + [0])))
    assert np.array_equal(clear[..., 3] == 0, levels == 39)


def test_weights_share_one_symmetric_scale_with_zero_at_its_middle() -> None:
    small, large = np.zeros((1, 8, 8)), np.zeros((1, 8, 8))
    small[0, 0, 0], large[0, 0, 0], large[0, 0, 1] = 1.0, 2.0, -2.0
    figure = pictures.weights({"small": small, "large": large}, columns=1)
    both = decoded(figure)
    middles = [image[image.shape[0] // 2, image.shape[1] // 2, :3] for image in both]
    assert np.allclose(middles[0], middles[1])
    assert np.ptp(middles[0]) < 0.01  # grey: neither red nor blue
    corner = [image[-4, 4, :3] for image in both]
    assert corner[1][0] < corner[0][0] < middles[0][0] + 0.01  # red deepens with the weight
    assert corner[0][0] > corner[0][2]
    assert figure.body.count("±2<") == 2
    own = pictures.weights({"small": small, "large": large}, scale="own").body
    assert own.count("±2<") == 1


def test_which_units_are_shown() -> None:
    fields = np.arange(1.0, 11.0)[:, None, None] * np.ones((10, 4, 4))
    assert pictures.chosen(fields, 3, "strongest").tolist() == [9, 8, 7]
    assert pictures.chosen(fields, 4, "evenly").tolist() == [9, 6, 3, 0]
    assert pictures.chosen(fields, 99, "evenly").tolist() == list(range(9, -1, -1))


def test_reconstructions_stand_beside_their_originals() -> None:
    made = pictures.reconstructions(np.ones((2, 4, 4)), {"layer 1": -np.ones((2, 4, 4))})
    assert [image[0, 0, 0] > 0.5 for image in decoded(made)] == [True, False] * 2


def test_names_are_escaped() -> None:
    for figure in (
        pictures.configurations(made_up.spins(1, 0), [EVIL]),
        pictures.weights({EVIL: made_up.noise_fields(3, 0)}),
        pictures.reconstructions(made_up.spins(1, 0), {EVIL: made_up.spins(1, 0)}),
    ):
        assert "<script" not in figure.body
        assert "&lt;script" in figure.body


def test_bad_input_is_named() -> None:
    one = np.ones((1, 4, 4))
    with pytest.raises(ValueError, match="1 images; got 2 titles"):
        pictures.configurations(one, ["a", "b"])
    with pytest.raises(ValueError, match="made of -1 and"):
        pictures.configurations(0.5 * one, ["a"])
    with pytest.raises(ValueError, match=r"\(n, Lx, Ly\).*\(4, 16\)"):
        pictures.weights({"l1": np.ones((4, 16))})
    with pytest.raises(ValueError, match=r"originals' shape \(1, 4, 4\)"):
        pictures.reconstructions(one, {"from layer 1": np.ones((2, 4, 4))})
