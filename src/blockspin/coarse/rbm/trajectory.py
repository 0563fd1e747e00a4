"""What training did, at log-spaced epochs: weights, pseudo-likelihoods, free-energy gap, reconstruction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blockspin.coarse.rbm import units as states
from blockspin.coarse.rbm.annealing import Partition
from blockspin.coarse.rbm.pseudolikelihood import pseudo_log_likelihood

Array = NDArray[Any]

MOST_ROWS = 2000
FEWEST_ROWS = 100
FREE = 10_000_000  # rows x sites x hidden units that cost milliseconds
SHARE = 0.005  # of the row visits of training that the pseudo-likelihoods may look at, which keeps them under 5 %

COLUMNS = (
    "epoch",
    "weight_change",
    "weight_norm",
    "pseudo_log_likelihood",
    "pseudo_log_likelihood_validation",
    "free_energy_gap",
    "reconstruction_error",
    "log_likelihood",
    "log_likelihood_validation",
    "log_likelihood_error",
)


def checkpoints(n_epochs: int) -> list[int]:
    """Epochs 0, 1, 2, 3, 5, 8, 12, 18, 27, ... and the last, each about 1.5 times the one before."""
    epochs = [0]
    while epochs[-1] < n_epochs:
        epochs.append(min(n_epochs, max(epochs[-1] + 1, (3 * epochs[-1] + 1) // 2)))
    return epochs


class Recorder:
    """Records a row of the trajectory at a time, on fixed rows of the training and validation data."""

    def __init__(self, train: Array, validation: Array | None, units: str, n_hidden: int, n_epochs: int) -> None:
        share = int(SHARE * n_epochs * len(train) / len(checkpoints(n_epochs)))
        self.units = units
        self.n_pseudo = min(max(share, FREE // (train.shape[1] * n_hidden), FEWEST_ROWS), MOST_ROWS)
        self.train = _spread(train, MOST_ROWS).astype(np.float32)
        self.validation = None if validation is None else _spread(validation, MOST_ROWS).astype(np.float32)
        self.rows: list[tuple[float, ...]] = []
        self.weights: Array | None = None

    def record(
        self,
        epoch: int,
        weights: Array,
        visible: Array,
        hidden: Array,
        partition: Callable[[], Partition] | None = None,
    ) -> str:
        """Add a row; returns it as a line of text. Raises ValueError where the weights have left the finite.

        partition finds ln Z, for absolute likelihoods.
        """
        if not all(np.isfinite(part).all() for part in (weights, visible, hidden)):
            raise ValueError(f"training diverged by epoch {epoch}: parameters are not finite. Lower learning_rate")
        norm = float(np.linalg.norm(weights.astype(np.float64)))
        machine = (weights, visible, hidden, self.units)
        change, gap, outside = np.nan, np.nan, np.nan
        if self.weights is not None:
            elapsed = epoch - self.rows[-1][0]
            change = float(np.linalg.norm(weights - self.weights)) / norm / elapsed if norm else 0.0
        inside = self._pseudo(self.train, *machine)
        if self.validation is not None:
            energies = [states.free_energy(rows, *machine).mean() for rows in (self.validation, self.train)]
            gap = energies[0] - energies[1]
            outside = self._pseudo(self.validation, *machine)
        known = self._likelihoods(machine, partition)
        h = states.hidden_mean(self.train @ weights.T + hidden, self.units)
        back = states.visible_mean(h @ weights + visible, self.units)
        error = float(((self.train - back) ** 2).mean())
        self.weights = weights
        self.rows.append((epoch, change, norm, inside, outside, gap, error, *known))
        if np.isnan(inside):
            return f"epoch {epoch}: reconstruction error {error:.4f} a site"
        return f"epoch {epoch}: pseudo-log-likelihood {inside:.4f} nats a site"

    def restore(self, table: dict[str, Array], weights: Array, epoch: int) -> None:
        """Take up the rows of an interrupted training, whose weights at this epoch are given."""
        if not table or table["epoch"][-1] != epoch:
            return  # epochs went unrecorded: the next row stands alone
        missing = np.full(len(table["epoch"]), np.nan)  # columns that an older file does not have
        columns = np.array([table.get(name, missing) for name in COLUMNS], float)
        self.rows = [tuple(row) for row in columns.T]
        self.weights = weights

    def table(self) -> dict[str, Array]:
        """The columns, each of shape (checkpoints,)."""
        table = dict(zip(COLUMNS, np.array(self.rows, float).T, strict=True))
        return table | {"epoch": table["epoch"].astype(int)}

    def _likelihoods(self, machine: Any, partition: Callable[[], Partition] | None) -> tuple[float, float, float]:
        found = partition and partition()
        if found is None or found.trouble:
            return np.nan, np.nan, np.nan
        n_sites = self.train.shape[1]
        inside, outside = (
            np.nan if rows is None else -(states.free_energy(rows, *machine).mean() + found.value.value) / n_sites
            for rows in (self.train, self.validation)
        )
        return inside, outside, found.value.error / n_sites

    def _pseudo(self, rows: Array, *machine: Any) -> float:
        if self.units == "gaussian":
            return np.nan  # a quadrature a site, whose cost grows with the weights
        values = pseudo_log_likelihood(_spread(rows, self.n_pseudo), *machine)
        return float(values.mean() / rows.shape[1])


def _spread(rows: Array, most: int) -> Array:
    """At most `most` rows, evenly spaced, so that every chain has its share."""
    if len(rows) <= most:
        return rows
    chosen: Array = rows[np.linspace(0, len(rows) - 1, most).round().astype(int)]
    return chosen
