"""The states that units may take: reading them off data, means, free energies, and conversions.

E(v, h) = -h.W.v - b.v - c.h, plus |v|^2/2 where the visible units are Gaussian; W has shape (M, N) = (hidden,
visible), b (N,) and c (M,). Energies are reduced, information in nats.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from blockspin.arrays import Array

UNITS = ("binary", "spin", "gaussian")
HIDDEN = {"binary": "binary", "spin": "spin", "gaussian": "binary"}  # the hidden units beneath visible ones
RANGE = {"binary": (0.0, 1.0), "spin": (-1.0, 1.0), "gaussian": (-np.inf, np.inf)}


def read_units(X: Array) -> str:
    """The units that data fit: "spin" within [-1, 1] with negatives, "binary" within [0, 1], else "gaussian".

    Means of a spin layer that happen to be all positive read as "binary": name the units where that can happen.
    """
    low, high = X.min(), X.max()
    if high > 1 or low < -1:
        return "gaussian"
    return "spin" if low < 0 else "binary"


def chosen(X: Array, units: str) -> str:
    """The units for the parameter `units`: themselves, "spin" for "means", for "auto" as `read_units`.

    Raises ValueError for "auto" where the data leave doubt: data outside [-1, 1], such as Potts states, and data that
    are all 1; and for spins that are -1, 0 and +1, unless "means" says that a 0 is a mean.
    """
    if units == "means":
        return "spin"
    found = read_units(X) if units == "auto" else units
    if units == "auto" and found == "gaussian":
        raise ValueError(
            f"units='auto' takes X of spins -1/+1 or of 0/1; got values from {X.min():g} to {X.max():g}: give "
            f"units='gaussian' where they are real numbers"
        )
    if units == "auto" and (X == 1).all():
        raise ValueError("units='auto' takes X of which it can tell -1/+1 from 0/1; all values are 1: give units")
    size = np.abs(X)
    if found == "spin" and (size == 0).any() and (size == 1).any() and ((size == 0) | (size == 1)).all():
        raise ValueError(
            "spin units take -1 and +1; X holds 0 as well: give units='means' where a 0 is a mean of spins"
        )
    return found


def check_units(X: Array, units: str, name: str = "X") -> None:
    """Raise ValueError where values lie outside what the units take; means inside the range are data too."""
    low, high = RANGE[units]
    found_low, found_high = X.min(), X.max()
    if found_low < low or found_high > high:
        raise ValueError(
            f"{units} units take values within [{low:g}, {high:g}]; {name} has values from {found_low:g} to "
            f"{found_high:g}, which fit units={read_units(X)!r}"
        )


def is_hard(X: Array, units: str) -> bool:
    """Whether every value is a state (0/1 or -1/+1) rather than a mean."""
    if units == "gaussian":
        return False
    low = RANGE[units][0]
    return bool((np.equal(X, low) | np.equal(X, 1)).all())


def hidden_mean(field: Array, units: str) -> Array:
    """<h> given the field c + W v: a probability for 0/1 units, a magnetisation in [-1, 1] for spins."""
    mean: Array = np.tanh(field) if units == "spin" else expit(field)
    return mean


def visible_mean(field: Array, units: str) -> Array:
    """<v> given the field b + W^T h: the field itself for Gaussian units, otherwise as `hidden_mean`."""
    return field if units == "gaussian" else hidden_mean(field, units)


def draw(mean: Array, units: str, generator: np.random.RandomState) -> Array:
    """Independent states with these means: int8 0/1 or -1/+1; unit-variance normals for "gaussian"."""
    if units == "gaussian":
        normal: Array = mean + generator.standard_normal(mean.shape).astype(mean.dtype)
        return normal
    uniform = generator.random_sample(mean.shape)
    if units == "spin":
        return np.where(2 * uniform - 1 < mean, 1, -1).astype(np.int8)
    return (uniform < mean).astype(np.int8)


def free_energy(X: Array, weights: Array, visible: Array, hidden: Array, units: str) -> NDArray[np.float64]:
    """F(v) = -ln sum_h exp(-E(v, h)), shape (n,), in nats; p(v) = exp(-F(v)) / Z.

    0/1 hidden units: F = -b.v - sum_i ln(1 + exp(a_i)); spins: F = -b.v - sum_i ln(2 cosh a_i); a = c + W v.
    """
    field = (X @ weights.T + hidden).astype(np.float64)
    own: NDArray[np.float64] = -(X @ visible).astype(np.float64)
    if units == "gaussian":
        own = own + 0.5 * (X.astype(np.float64) ** 2).sum(axis=1)
    summed: NDArray[np.float64] = (np.logaddexp(-field, field) if units == "spin" else np.logaddexp(0, field)).sum(
        axis=1
    )
    return own - summed


def inverse_mean(mean: Array, units: str, *, limit: float = 0.99) -> Array:
    """The field of independent visible units with these means: logit, atanh or the mean itself.

    Means closer to the end of the range than `limit` allows are drawn in, so that no field is infinite.
    """
    if units == "gaussian":
        return mean
    if units == "binary":
        return 2 * inverse_mean(2 * mean - 1, "spin", limit=limit)
    field: Array = np.arctanh(np.clip(mean, -limit, limit))
    return field


def spin_from_binary(weights: Array, visible: Array, hidden: Array) -> tuple[Array, Array, Array]:
    """The -1/+1 RBM with the same p(v, h) as a 0/1 RBM, v -> 2 v - 1, h -> 2 h - 1.

    W' = W/4, b'_j = b_j/2 + sum_i W_ij/4, c'_i = c_i/2 + sum_j W_ij/4; free energies differ by a constant.
    """
    quarter = weights / 4
    return quarter, visible / 2 + quarter.sum(axis=0), hidden / 2 + quarter.sum(axis=1)


def binary_from_spin(weights: Array, visible: Array, hidden: Array) -> tuple[Array, Array, Array]:
    """The 0/1 RBM with the same p(v, h) as a -1/+1 RBM; the inverse of `spin_from_binary`.

    W' = 4 W, b'_j = 2 b_j - 2 sum_i W_ij, c'_i = 2 c_i - 2 sum_j W_ij.
    """
    return 4 * weights, 2 * visible - 2 * weights.sum(axis=0), 2 * hidden - 2 * weights.sum(axis=1)
