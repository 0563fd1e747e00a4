"""What is measured of machines trained on images: locality on the open plane of pixels, and held-out quality."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blockspin.coarse.embedding import DEAD, radius_of_gyration
from blockspin.coarse.rbm import RBM
from blockspin.experiments.ho_2013 import data
from blockspin.judging.criteria.locality import participation, window_share
from blockspin.lattice import Lattice
from blockspin.randomness import generator
from blockspin.runs.task import Progress

FloatArray = NDArray[np.float64]

SHOWN = 6  # test images whose reconstructions are kept


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
        found: FloatArray = (right.sum(axis=(1, 2)) + down.sum(axis=(1, 2))) / pairs / (fields**2).mean(axis=1)
    return found


def locality(fields: FloatArray, plane: Lattice) -> dict[str, float | None]:
    """Means over fields (M, N): participation ratio, share of w^2 in the best window, radius of gyration, `alike`.

    None where there is no field.
    """
    measures: dict[str, Callable[[FloatArray], FloatArray]] = {
        "participation": participation,
        "window": lambda some: window_share(some, plane, window(plane), periodic=False),
        "radius": lambda some: radius_of_gyration(some, plane, periodic=False),
        "alike": lambda some: alike(some, plane),
    }
    return {name: _number(measure(fields).mean()) if len(fields) else None for name, measure in measures.items()}


def measured(
    machines: Sequence[RBM],
    names: Sequence[dict[str, Any]],
    train: NDArray[Any],
    test: NDArray[Any],
    shape: Sequence[int],
    *,
    control: str,
    seed: int,
    annealing: int,
    progress: Progress,
) -> dict[str, Any]:
    """The numbers of every machine of one training, and those that stand beside them: independent pixels, untrained.

    A unit counts as living where its weights' norm is at least `DEAD` of the largest of its machine or of the first
    machine, the one without a penalty, whichever is larger: a machine that died has no living units.
    """
    plane = Lattice.square(*shape)
    fields = [np.asarray(machine.components_, float) for machine in machines]
    largest = [np.linalg.norm(one, axis=1).max() for one in fields]
    rows = []
    for index, (machine, own, name) in enumerate(zip(machines, fields, names, strict=True)):
        norms = np.linalg.norm(own, axis=1)
        living = own[(norms > 0) & (norms >= DEAD * max(largest[index], largest[0]))]
        shuffled = generator(seed, "shuffled", index).permuted(living, axis=1)
        rows.append(
            {
                **name,
                "living": len(living),
                **locality(living, plane),
                "shuffled": locality(shuffled, plane),
                "restored": locality(data.restored(living, control, seed), plane),
                "zeros": float((own == 0).mean()),
                "largest": float(np.abs(own).max()),
                **quality(machine, train, test, annealing),
            }
        )
        progress((index + 1) / len(machines), f"{name['penalty']} {name['strength']:g}")
    untrained = generator(seed, "untrained").standard_normal(fields[0].shape)
    return {
        "shape": list(shape),
        "window": window(plane),
        "n": [len(train), len(test)],
        "independent": data.independent(train, test),
        "flat_error": float(((test - train.mean(axis=0)) ** 2).mean()),
        "untrained": locality(untrained, plane),
        "machines": rows,
    }


def quality(machine: RBM, train: NDArray[Any], test: NDArray[Any], annealing: int) -> dict[str, Any]:
    """Held-out and training log-likelihood in nats a pixel, the error of ln Z in them, and the reconstruction error.

    The likelihoods are None where ln Z is not to be believed; "trouble" says why.
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


def reconstructed(machines: Sequence[RBM], test: NDArray[Any]) -> dict[str, NDArray[np.float32]]:
    """A few test images (n, N) and what every machine makes of them (K, n, N)."""
    some = test[:SHOWN]
    return {
        "originals": some.astype(np.float32),
        "reconstructions": np.stack([machine.reconstruct(some).astype(np.float32) for machine in machines]),
    }


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
