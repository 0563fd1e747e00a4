"""What the outputs of a map say as spins -1/+1: settled once a map, so that every set of samples is read alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from blockspin import memory
from blockspin.arrays import FloatArray
from blockspin.coarse.coins import coins, uniforms
from blockspin.coarse.maps import taken

ROWS = 4000  # of samples that a cut is taken from, at most
ROUNDING = 1e-6  # of an output's spread: nearer to its cut it is tied


@dataclass(frozen=True)
class AsSpins:
    """How a map's outputs (n, M) become spins; `AsSpins.of` settles it, a call reads outputs.

    kind: "spins" (-1/+1, as they are), "bits" (0/1), "means" (of spins, drawn), "probabilities" (drawn), or "numbers",
    +1 above `cut` (M,) and -1 below; outputs within `tie` (M,) of it are tied. Draws and the coins of ties are
    functions of seed and row, odd in the row (`coarse.coins`).
    """

    kind: str
    seed: int
    cut: FloatArray | None = None
    tie: FloatArray | None = None

    @classmethod
    def of(cls, transformer: Any, X: ArrayLike, outputs: ArrayLike, seed: int = 0) -> AsSpins:
        """The reading of a map that gave these outputs (n, M) on spins X (n, N).

        Outputs are what the map says that they are (`coarse.maps`: RBMs with `output="mean"` and BernoulliRBM give
        means or probabilities). Of others those that are all -1/+1, or all 0/1, are spins or bits. Any other unit is
        cut at the median of its outputs on X and on -X together, which is 0 for an odd function of the spins, whatever
        its scale. Raises ValueError where outputs are not what the map says.
        """
        values, given = np.asarray(outputs), taken(transformer)
        kind = given.outputs or next(kind for kind in ("spins", "bits", "numbers") if _may_be(kind, values))
        if not _may_be(kind, values):
            raise ValueError(
                f"the map {given.name} says that its outputs are {kind}; got values from {values.min():g} to "
                f"{values.max():g}"
            )
        if kind != "numbers":
            return cls(kind, seed)
        rows = np.asarray(X)
        some = slice(None, None, max(1, -(-len(rows) // ROWS)))
        both = np.concatenate([values[some], given.transform(-rows[some])]).astype(float)
        return cls("numbers", seed, np.median(both, axis=0), ROUNDING * both.std(axis=0))

    def __call__(self, X: ArrayLike, outputs: ArrayLike) -> NDArray[np.int8]:
        """Spins -1/+1, shape (n, M), of the outputs on spins X (n, N)."""
        rows, chance = np.asarray(X), self.chance(outputs)
        if self.kind in ("means", "probabilities"):
            return _signs(uniforms(rows, chance.shape[1], self.seed) < chance)
        spins = _signs(chance > 0.5)
        if (tied := chance == 0.5).any():
            np.copyto(spins, coins(rows, chance.shape[1], self.seed), where=tied)
        return spins

    def chance(self, outputs: ArrayLike) -> NDArray[Any]:
        """The probability (n, M) that a unit of these outputs is read as +1, without a draw: 1/2 where it is tied."""
        values = np.asarray(outputs)
        if self.kind in ("means", "probabilities"):
            chance: NDArray[Any] = values if self.kind == "probabilities" else (1 + values) / 2
            return chance
        if self.cut is None or self.tie is None:
            return np.where(values > (0 if self.kind == "spins" else 0.5), 1.0, 0.0)
        away = values - self.cut
        return np.where(np.abs(away) <= self.tie, 0.5, np.where(away > 0, 1.0, 0.0))

    def chance_of(self, transformer: Any, X: ArrayLike) -> NDArray[Any]:
        """P(+1 | row) of the coarse spins (n, M) of spins X (n, N), as far as the map offers it, without a draw.

        A map whose last step has a method `chance`, as the block rules have, gives it for its coins, and P is 1/2 at a
        tie; of any other map the outputs are read: coins that such a map tosses itself are in them, drawn.
        """
        given = taken(transformer)
        chance = given.chance(X)
        return self.chance(given.transform(X)) if chance is None else chance


def _may_be(kind: str, values: NDArray[Any]) -> bool:
    """Whether values are of this kind: any are numbers, and means and probabilities lie between spins and bits."""
    low, high = {"spins": (-1, 1), "bits": (0, 1), "means": (-1, 1), "probabilities": (0, 1)}.get(
        kind, (-np.inf, np.inf)
    )
    if kind in ("spins", "bits"):
        return all(((part == low) | (part == high)).all() for part in memory.parts(values))
    return bool(values.min() >= low and values.max() <= high)


def _signs(up: NDArray[np.bool_]) -> NDArray[np.int8]:
    return np.where(up, np.int8(1), np.int8(-1))
