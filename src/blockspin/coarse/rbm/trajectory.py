"""What training did, at log-spaced epochs: weights, pseudo-likelihoods, free-energy gap, reconstruction."""

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from blockspin.arrays import Array
from blockspin.coarse.rbm import units as states
from blockspin.coarse.rbm.annealing import Partition
from blockspin.coarse.rbm.gibbs import Parameters
from blockspin.coarse.rbm.pseudolikelihood import group_of
from blockspin.coarse.rbm.records import Program, Rows, measure

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
        n_pseudo = min(max(share, FREE // (train.shape[1] * n_hidden), FEWEST_ROWS), MOST_ROWS)
        self.units = units
        watched = [_spread(rows, MOST_ROWS).astype(np.float32) for rows in (train, validation) if rows is not None]
        self.hard = all(states.is_hard(rows, units) for rows in watched)
        self.train = watched[0]
        self.watched = tuple(Rows(*map(jnp.asarray, (rows, _spread(rows, n_pseudo)))) for rows in watched)
        self.rows: list[tuple[float, ...]] = []
        self.before: jax.Array | None = None

    def record(self, epoch: int, parameters: Parameters, partition: Callable[[], Partition] | None = None) -> str:
        """Add a row; returns it as a line of text. Raises ValueError where the parameters have left the finite.

        partition finds ln Z, for absolute likelihoods.
        """
        weights = parameters.weights
        before = jnp.zeros_like(weights) if self.before is None else self.before
        program = Program(self.units, self.hard, group_of(float(jnp.abs(weights).max(initial=0)), self.units))
        found = measure(parameters, before, self.watched, program)
        self.before = weights
        if not found.finite:
            raise ValueError(f"training diverged by epoch {epoch}: parameters are not finite. Lower learning_rate")
        norm, change = math.sqrt(found.norm), math.nan
        if self.rows:
            change = math.sqrt(found.moved) / norm / (epoch - self.rows[-1][0]) if norm else 0.0
        inside, outside = (_mean(part) / self.train.shape[1] for part in _two(found.pseudo))
        energy, energy_outside = map(_mean, _two(found.energies))
        known = self._likelihoods(energy, energy_outside, partition)
        error = _mean(found.errors)
        self.rows.append((epoch, change, norm, inside, outside, energy_outside - energy, error, *known))
        if math.isnan(inside):
            return f"epoch {epoch}: reconstruction error {error:.4f} a site"
        return f"epoch {epoch}: pseudo-log-likelihood {inside:.4f} nats a site"

    def restore(self, table: dict[str, Array], weights: Array, epoch: int) -> None:
        """Take up the rows of an interrupted training, whose weights at this epoch are given."""
        if not table or table["epoch"][-1] != epoch:
            return  # epochs went unrecorded: the next row stands alone
        missing = np.full(len(table["epoch"]), np.nan)  # columns that an older file does not have
        columns = np.array([table.get(name, missing) for name in COLUMNS], float)
        self.rows = [tuple(row) for row in columns.T]
        self.before = jnp.asarray(weights)

    def table(self) -> dict[str, Array]:
        """The columns, each of shape (checkpoints,)."""
        table = dict(zip(COLUMNS, np.array(self.rows, float).T, strict=True))
        return table | {"epoch": table["epoch"].astype(int)}

    def _likelihoods(
        self, energy: float, energy_outside: float, partition: Callable[[], Partition] | None
    ) -> tuple[float, float, float]:
        found = partition and partition()
        if found is None or found.trouble:
            return math.nan, math.nan, math.nan
        n_sites = self.train.shape[1]
        inside, outside = (-(one + found.value.value) / n_sites for one in (energy, energy_outside))
        return inside, outside, found.value.error / n_sites


def _mean(values: Any) -> float:
    return float(np.asarray(values, np.float64).mean())


def _two(parts: tuple[Any, ...]) -> tuple[Any, Any]:
    """What was measured on the training and on the validation rows, nan where it was not."""
    return (*parts, math.nan, math.nan)[:2]


def _spread(rows: Array, most: int) -> Array:
    """At most `most` rows, evenly spaced, so that every chain has its share."""
    if len(rows) <= most:
        return rows
    chosen: Array = rows[np.linspace(0, len(rows) - 1, most).round().astype(int)]
    return chosen
