"""What the outputs of a map say as spins -1/+1: settled once a map, so that every set of samples is read alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.pipeline import Pipeline

from blockspin import checks
from blockspin.coarse.coins import coins, uniforms

FloatArray = NDArray[np.float64]

ROWS = 4000  # of samples that a cut is taken from, at most
ROUNDING = 1e-6  # of an output's spread: nearer to its cut it is tied


@dataclass(frozen=True)
class AsSpins:
    """How a map's outputs (n, M) become spins; `AsSpins.of` settles it, a call reads outputs.

    kind: "spins" (-1/+1, as they are), "bits" (0/1), "means" (of spins, drawn), "probabilities" (drawn), or "cut": +1
    above `cut` (M,) and -1 below; outputs within `tie` (M,) of it are tied. Draws and the coins of ties are functions
    of seed and row, odd in the row (`coarse.coins`).
    """

    kind: str
    seed: int
    cut: FloatArray | None = None
    tie: FloatArray | None = None

    @classmethod
    def of(cls, transformer: Any, X: ArrayLike, outputs: ArrayLike, seed: int = 0) -> AsSpins:
        """The reading of a map that gave these outputs (n, M) on spins X (n, N).

        Machines with `output="mean"` and BernoulliRBM give means or probabilities, and so does a map whose attribute
        `graded_` says "means" or "probabilities". Outputs that are all -1/+1, or all 0/1, are spins or bits. Any other
        unit is cut at the median of its outputs on X and on -X together, which is 0 for an odd function of the spins,
        whatever its scale.
        """
        values = np.asarray(outputs)
        if graded := graded_as(transformer):
            return cls(graded, seed)
        if (np.abs(values) == 1).all():
            return cls("spins", seed)
        if ((values == 0) | (values == 1)).all():
            return cls("bits", seed)
        rows = np.asarray(X)
        some = slice(None, None, max(1, -(-len(rows) // ROWS)))
        both = np.concatenate([values[some], np.asarray(transformer.transform(-rows[some]))]).astype(float)
        return cls("cut", seed, np.median(both, axis=0), ROUNDING * both.std(axis=0))

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


def chance_of(transformer: Any, X: ArrayLike, read: AsSpins) -> NDArray[Any]:
    """P(+1 | row) of the coarse spins (n, M) of spins X (n, N), as far as the map offers it, without a draw.

    A map whose last step has a method `chance`, as the block rules have, gives it for its coins, and P is 1/2 at a tie;
    the outputs of any other map are read by `read`: coins that such a map tosses itself are in them, drawn.
    """
    rows, last = np.array(X), transformer  # a copy: a map may work in place
    if isinstance(transformer, Pipeline):
        last = transformer.steps[-1][1]
        if len(transformer.steps) > 1 and hasattr(last, "chance"):
            rows = transformer[:-1].transform(rows)
    if hasattr(last, "chance"):
        chance: NDArray[Any] = last.chance(rows)
        return chance
    return read.chance(transformer.transform(rows))


def outputs_of(transformer: Any, X: ArrayLike, name: str = "") -> NDArray[Any]:
    """What a fitted map makes of X (n, N): a dense array (n, M) of finite real numbers, M at least 1.

    name: what the map is called in an error, its class unless given. Raises TypeError for a class in place of an
    object and for what has no `transform`; ValueError for outputs that are sparse, complex, words, objects or not
    finite, that have no columns or not a row a sample.
    """
    checks.transformer("transformer", transformer)
    rows = np.array(X)  # a copy: a map may work in place
    return checks.outputs(name or type(transformer).__name__, transformer.transform(rows), len(rows))


def graded_as(transformer: Any) -> str:
    """ "means" or "probabilities" where the map declares its outputs to be these, else ""."""
    last = transformer.steps[-1][1] if isinstance(transformer, Pipeline) else transformer
    if isinstance(declared := getattr(last, "graded_", None), str):
        return declared
    if hasattr(last, "components_") and hasattr(last, "intercept_hidden_"):
        if getattr(last, "output", "mean") != "mean":
            return ""
        return "means" if getattr(last, "units_", "binary") == "spin" else "probabilities"
    inner = getattr(last, "transformer", None)  # of a wrapper, such as one that shuffles sites
    return graded_as(inner) if inner is not None else ""


def _signs(up: NDArray[np.bool_]) -> NDArray[np.int8]:
    return np.where(up, np.int8(1), np.int8(-1))
