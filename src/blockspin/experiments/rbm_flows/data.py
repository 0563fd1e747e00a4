"""Independent configurations of spins as rows (n, N): of the Ising model, of mean-field spins, and training sets."""

import math

import numpy as np

import blockspin as bs
from blockspin.experiments.rbm_flows.settings import TEMPERATURES
from blockspin.experiments.stored import Array
from blockspin.models.ising import KC_SQUARE
from blockspin.randomness import generator, integer

STARTS = (0.0, math.inf)
MEAN_FIELD = "Curie-Weiss"
KINDS: dict[str, tuple[float, ...]] = {
    "all T": TEMPERATURES,
    "hot": tuple(T for T in TEMPERATURES if T >= 4),
    "cold": (0.0,),
    MEAN_FIELD: TEMPERATURES,
    "mixture": STARTS,
}
"""Training data and their temperatures, in equal parts; of the Ising model, but for the one mean-field model."""
DATA = tuple(KINDS)
BARE = DATA[3:]  # know no lattice


def configurations(L: int, T: float, n: int, seed: int) -> Array:
    """Of the L x L Ising model; both ground states at T = 0, free spins at infinity."""
    if T == 0 or math.isinf(T):
        signs = generator(seed, "signs", str(T)).choice(np.array([-1, 1], np.int8), (n, L**2 if T else 1))
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


def training_rows(data: str, L: int, n: int, seed: int) -> Array:
    """Rows of one of DATA, n a label of TEMPERATURES in all."""
    parts = np.array_split(np.empty(n * len(TEMPERATURES)), len(KINDS[data]))
    return np.concatenate(
        [
            curie_weiss(L**2, T, len(part), integer(seed, data, k))
            if T and data == MEAN_FIELD
            else configurations(L, T, len(part), integer(seed, data, k))
            for k, (T, part) in enumerate(zip(KINDS[data], parts, strict=True))
        ]
    )
