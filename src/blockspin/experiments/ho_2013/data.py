"""The images of the experiment and its controls, as rows for a machine."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from blockspin.experiments.ho_2013.settings import Settings
from blockspin.images import OPENML, ImagesError, normalised, patches, pictures, stacked
from blockspin.randomness import generator, integer
from blockspin.runs.settings import SettingsError

Array = NDArray[Any]

UNITS = {"natural": "gaussian", "digits": "binary"}


def check_images(settings: Settings, seed: int) -> None:
    """Cut the images of every repetition, but for those of OpenML; raises SettingsError where they do not suffice."""
    for name in settings.data:
        kind, make = (settings.natural, natural) if name == "natural" else (settings.digits, digits)
        if kind.source.startswith(OPENML):
            continue
        for repetition in range(1, settings.seeds + 1):
            try:
                make(kind.model_dump(mode="json"), integer(seed, name, repetition))
            except ImagesError as error:
                keys = ", ".join(f"{name}.{key}" for key in type(kind).model_fields if key != "scan")
                raise SettingsError(f"{keys} do not fit: {error}") from error


def natural(settings: dict[str, Any], seed: int) -> tuple[Array, Array]:
    """Patches to train on and to test, from different tiles of the photographs, float32 (n, side, side)."""
    cut = patches(
        pictures(settings["source"]), settings["n_train"], settings["n_test"], side=settings["side"], seed=seed
    )
    train, test = normalised(*cut, settings["normalise"])
    return train.astype(np.float32), test.astype(np.float32)


def digits(settings: dict[str, Any], seed: int) -> tuple[Array, Array]:
    """Whole images as 0/1, int8 (n, rows, columns), divided at random into those to train on and to test."""
    images = stacked(pictures(settings["source"]), settings["source"])
    n_held = round(settings["held_out"] * len(images))
    if not 2 <= n_held <= len(images) - 2:
        raise ImagesError(f"held_out must leave 2 images on either side; got {settings['held_out']} of {len(images)}")
    order = generator(seed, "digits").permutation(len(images))
    ink = (images >= settings["threshold"]).astype(np.int8)
    return ink[order[n_held:]], ink[order[:n_held]]


def permutation(n: int, seed: int) -> NDArray[np.intp]:
    """The permutation of n pixels of the control "permuted"."""
    return generator(seed, "pixels").permutation(n)


def rows(train: Array, test: Array, control: str, seed: int) -> tuple[Array, Array]:
    """Images (n, rows, columns) as rows (n, N): as they are ("images"), with permuted pixels, or noise in their place.

    Noise is normal of unit variance for real values, and coins with the share of ink for 0/1.
    """
    flat = [images.reshape(len(images), -1) for images in (train, test)]
    if control == "images":
        return flat[0], flat[1]
    if control == "permuted":
        order = permutation(flat[0].shape[1], seed)
        return flat[0][:, order], flat[1][:, order]
    random, ink = generator(seed, "noise"), flat[0].mean()
    if flat[0].dtype == np.int8:
        made = [(random.random(part.shape) < ink).astype(np.int8) for part in flat]
    else:
        made = [random.standard_normal(part.shape).astype(np.float32) for part in flat]
    return made[0], made[1]


def restored(fields: Array, control: str, seed: int) -> Array:
    """Fields (M, N) with the permutation of their pixels undone: each weight where its pixel lies in the image."""
    if control != "permuted":
        return fields
    back = np.empty_like(fields)
    back[:, permutation(fields.shape[1], seed)] = fields
    return back


def independent(train: Array, test: Array) -> float:
    """Mean ln p of the test rows under independent pixels fitted to the training rows, nats a pixel.

    Normals of unit variance about the means for real values (as a machine without weights is), coins for 0/1, whose
    share of ink is (k + 1/2)/(n + 1) of k among n. It is what a machine must beat to have learned anything.
    """
    if train.dtype != np.int8:
        mean = train.mean(axis=0, dtype=np.float64)
        return float(-0.5 * ((test - mean) ** 2).mean() - 0.5 * np.log(2 * np.pi))
    p = (train.sum(axis=0) + 0.5) / (len(train) + 1)
    return float((test * np.log(p) + (1 - test) * np.log(1 - p)).mean())
