"""What is measured of RBMs trained on images: locality on the open plane of pixels, and held-out quality."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from blockspin.arrays import FloatArray
from blockspin.coarse.embedding import DEAD, radius_of_gyration
from blockspin.coarse.rbm import RBM
from blockspin.judging.criteria.locality import participation, window_share
from blockspin.lattice import Lattice

Rows = NDArray[Any]


def living(weights: ArrayLike) -> list[FloatArray]:
    """The fields (m, N) of the living units of every RBM, from the weights (K, M, N) of all.

    The norm of these is at least `DEAD` of the largest of their RBM, and of the first RBM's, that without a penalty.
    """
    fields = np.asarray(weights, float)
    norms = [np.linalg.norm(own, axis=1) for own in fields]
    least = [DEAD * max(own.max(), norms[0].max()) for own in norms]
    return [own[(norm > 0) & (norm >= most)] for own, norm, most in zip(fields, norms, least, strict=True)]


def window(plane: Lattice) -> int:
    """Side of the window of locality: 3/8 of the image's shorter side, 14 % of the area of a square."""
    return max(round(3 * min(plane.shape) / 8), 1)


def alike(fields: FloatArray, plane: Lattice) -> FloatArray:
    """How alike the weights of neighbouring pixels are: <w_i w_j> over neighbours on the open plane over <w^2>, (M,).

    1 for a flat field, 0 on average for weights that know nothing of their neighbours; nan for a zero field.
    """
    pictures = fields.reshape(-1, *plane.shape)
    right, down = pictures[:, 1:] * pictures[:, :-1], pictures[:, :, 1:] * pictures[:, :, :-1]
    pairs = right[0].size + down[0].size
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((right.sum(axis=(1, 2)) + down.sum(axis=(1, 2))) / pairs / (fields**2).mean(axis=1))


def locality(fields: FloatArray, plane: Lattice) -> dict[str, float | None]:
    """Means over fields (M, N): participation ratio, share of w^2 in the best window, radius of gyration, `alike`.

    None where there is no field.
    """
    if not len(fields):
        return dict.fromkeys(("participation", "window", "radius", "alike"))
    found = {
        "participation": participation(fields),
        "window": window_share(fields, plane, window(plane), periodic=False),
        "radius": radius_of_gyration(fields, plane, periodic=False),
        "alike": alike(fields, plane),
    }
    means = {name: float(values.mean()) for name, values in found.items()}
    return {name: mean if math.isfinite(mean) else None for name, mean in means.items()}


def quality(machine: RBM, train: Rows, test: Rows, annealing: int) -> dict[str, Any]:
    """Held-out and training log-likelihood in nats a pixel, the error of ln Z in them, and the reconstruction error.

    The likelihoods are None where ln Z is not reliable; "trouble" says why.
    """
    found = machine.partition(train, n_steps=annealing)
    pixels = train.shape[1]
    values = [float(-machine.free_energy(rows).mean() - found.value.value) / pixels for rows in (test, train)]
    return {
        "held_out": None if found.trouble else values[0],
        "training": None if found.trouble else values[1],
        "annealing_error": found.value.error / pixels,
        "trouble": found.trouble,
        "reconstruction": float(((machine.reconstruct(test) - test) ** 2).mean()),
    }


def independent(train: Rows, test: Rows) -> float:
    """Mean ln p of the test rows under independent pixels fitted to the training rows, nats a pixel.

    Normals of unit variance about the means for real values (an RBM without weights), coins for 0/1, whose share of
    ink is (k + 1/2)/(n + 1) of k among n. An RBM that has learned anything is above it.
    """
    if train.dtype != np.int8:
        mean = train.mean(axis=0, dtype=np.float64)
        return float(-0.5 * ((test - mean) ** 2).mean() - 0.5 * np.log(2 * np.pi))
    p = (train.sum(axis=0) + 0.5) / (len(train) + 1)
    return float((test * np.log(p) + (1 - test) * np.log(1 - p)).mean())
