"""Independent configurations of spins as rows (n, N): of the Ising model, of mean-field spins, and training sets."""

import math

import numpy as np

import blockspin as bs
from blockspin.experiments.rbm_flows.settings import TEMPERATURES
from blockspin.experiments.stored import Array
from blockspin.models.ising import KC_SQUARE
from blockspin.randomness import generator, integer

DATA = ("all T", "hot", "cold", "Curie-Weiss", "mixture")
"""Ising at T = 0 to 6, at T = 4 to 6, at T = 0; the mean-field model at all T; half T = 0, half infinite T."""
BARE = DATA[3:]
STARTS = (0.0, math.inf)


def configurations(L: int, T: float, n: int, seed: int) -> Array:
    """Of the L x L Ising model; both ground states at T = 0, free spins at infinity."""
    if T == 0 or math.isinf(T):
        signs = generator(seed, "signs").choice(np.array([-1, 1], np.int8), (n, L**2 if T else 1))
        return np.ascontiguousarray(np.broadcast_to(signs, (n, L**2)))
    return np.asarray(bs.to_matrix(bs.sample(bs.Ising(bs.Lattice.square(L), 1 / T), n, seed=seed, chains=n)))


def curie_weiss(N: int, T: float, n: int, seed: int) -> Array:
    """N spins of which each couples to all alike, exactly; T > 0, critical where the square lattice is."""
    from scipy.special import gammaln

    random, up = generator(seed, "mean field"), np.arange(N + 1)
    ln_p = (2 * up - N) ** 2 / (2 * N * KC_SQUARE * T) - gammaln(up + 1) - gammaln(N - up + 1)
    p = np.exp(ln_p - ln_p.max())
    order = random.permuted(np.tile(np.arange(N), (n, 1)), axis=1)
    return np.where(order < random.choice(up, n, p=p / p.sum())[:, None], 1, -1).astype(np.int8)


def training_rows(data: str, spins: Array, n: int, seed: int) -> Array:
    """Rows of one of DATA, as many of each, from configurations (labels, 3 n, N)."""
    total, L = len(TEMPERATURES) * n, math.isqrt(spins.shape[2])
    if data == "all T":
        return spins[:, :n].reshape(total, -1)
    if data == "hot":
        return spins[np.array(TEMPERATURES) >= 4].swapaxes(0, 1).reshape(-1, L**2)[:total]
    if data == "cold":
        return configurations(L, 0, total, seed)
    if data == "mixture":
        return np.concatenate(
            [configurations(L, 0, total // 2, seed), configurations(L, math.inf, -(-total // 2), seed)]
        )
    parts = [curie_weiss(L**2, T, n, integer(seed, k)) for k, T in enumerate(TEMPERATURES[1:])]
    return np.concatenate([configurations(L, 0, n, seed), *parts])
