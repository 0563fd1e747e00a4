"""What RBMs are trained on: patches of photographs, digits, and the controls, permuted pixels and noise."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from blockspin.arrays import Array
from blockspin.experiments.ho_2013.images import Pictures, pictures
from blockspin.randomness import generator

Split = tuple[Array, Array]  # to train on and to test

TILE, HELD_OUT = 64, 0.2  # pixels of a tile's side; share of the tiles that give the test patches


def natural(seed: int, source: str, side: int, n_train: int, n_test: int, normalise: str) -> Split:
    """Patches (n, side, side) of zero mean and unit variance: each "patch" over its pixels, or each "pixel" over them.

    float32; pixels of the test patches are shifted and scaled as those to train on. Raises ValueError as `patches`.
    """
    train, test = patches(pictures(source), (n_train, n_test), side, seed)
    of, axes = (test, (1, 2)) if normalise == "patch" else (train, (0,))
    return standard(train, train, axes), standard(test, of, axes)


def digits(seed: int, source: str, held_out: float, threshold: float) -> Split:
    """Whole images as 0/1, int8, divided at random. Raises ValueError where sizes differ or a part has less than 2."""
    some = pictures(source)
    if len(sizes := {picture.shape for picture in some}) > 1:
        raise ValueError(f"whole images must have one size; {source} has {len(sizes)}: cut patches instead")
    n_held = round(held_out * len(some))
    if not 2 <= n_held <= len(some) - 2:
        raise ValueError(f"held_out must leave 2 images on either side; got {held_out} of {len(some)}")
    order = generator(seed, "digits").permutation(len(some))
    ink = (np.stack(some) >= threshold).astype(np.int8)
    return ink[order[n_held:]], ink[order[:n_held]]


CUT: dict[str, Callable[..., Split]] = {"natural": natural, "digits": digits}


def patches(some: Pictures, n: tuple[int, int], side: int, seed: int, tile: int = TILE, flat: float = 0.02) -> Split:
    """Squares of side pixels cut out of pictures, n to train on and to test.

    The pictures are divided into tiles, what fills none is left out. `HELD_OUT` of the tiles, at least one and chosen
    by seed, give the test patches and the others those to train on, so that no pixel is in both. Patches may overlap,
    no two are the same. One whose grey values have a standard deviation below `flat` is passed over: sky has no
    structure to learn. Raises ValueError where the pictures do not have that many patches.
    """
    tiles = [
        picture[x : x + tile, y : y + tile]
        for picture in some
        for x in range(0, picture.shape[0] - tile + 1, tile)
        for y in range(0, picture.shape[1] - tile + 1, tile)
    ]
    if len(tiles) < 2:
        raise ValueError(f"patches need 2 tiles of {tile} x {tile} pixels; {len(some)} images have {len(tiles)}")
    random = generator(seed, "patches")
    order = random.permutation(len(tiles))
    n_held = min(max(round(HELD_OUT * len(tiles)), 1), len(tiles) - 1)
    train, test = (np.stack([tiles[i] for i in part]) for part in (order[n_held:], order[:n_held]))
    return _drawn(train, n[0], side, flat, random), _drawn(test, n[1], side, flat, random)


def _drawn(tiles: Array, n: int, side: int, flat: float, random: np.random.Generator) -> Array:
    windows = np.lib.stride_tricks.sliding_window_view(tiles, (side, side), axis=(1, 2))
    places = random.permutation(np.prod(windows.shape[:3]))
    found: list[Array] = []
    for start in range(0, len(places), n):
        some = windows[np.unravel_index(places[start : start + n], windows.shape[:3])]
        found.extend(some[some.std(axis=(1, 2)) >= flat])
        if len(found) >= n:
            return np.stack(found[:n])
    raise ValueError(
        f"{len(tiles)} tiles have {len(found)} patches of side {side} that are not flat; {n} were requested"
    )


def standard(images: Array, of: Array, axes: tuple[int, ...]) -> NDArray[np.float32]:
    """Images less the mean of others, over their standard deviation along the axes; 0 where these do not vary."""
    mean, spread = of.mean(axis=axes, keepdims=True), of.std(axis=axes, keepdims=True)
    same = spread <= 1e-12
    return np.where(same, 0.0, (images - mean) / np.where(same, 1.0, spread)).astype(np.float32)


def rows(images: Mapping[str, Array], control: str, seed: int) -> Split:
    """Images "train" and "test" (n, rows, columns) as rows (n, N): as they are, with permuted pixels, or noise.

    Noise is normal of unit variance for real values, and coins with the share of ink for 0/1.
    """
    train, test = (images[part].reshape(len(images[part]), -1) for part in ("train", "test"))
    if control == "permuted":
        order = permutation(train.shape[1], seed)
        return train[:, order], test[:, order]
    if control == "noise":
        random, ink = generator(seed, "noise"), train.mean()
        if train.dtype == np.int8:
            train, test = ((random.random(part.shape) < ink).astype(np.int8) for part in (train, test))
        else:
            train, test = (random.standard_normal(part.shape).astype(np.float32) for part in (train, test))
    return train, test


def permutation(n: int, seed: int) -> NDArray[np.intp]:
    """The permutation of n pixels of the control "permuted"."""
    return generator(seed, "pixels").permutation(n)


def restored(fields: Array, control: str, seed: int) -> Array:
    """Fields (M, N) with the permutation of their pixels undone: each weight where its pixel lies in the image."""
    if control != "permuted":
        return fields
    return np.take(fields, np.argsort(permutation(fields.shape[1], seed)), axis=1)  # rows stay contiguous
