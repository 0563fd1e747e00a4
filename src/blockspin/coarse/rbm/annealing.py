"""Annealed importance sampling between independent sites and an RBM, in both directions.

The path scales weights and hidden biases by beta and moves the visible biases from those of independent sites to the
RBM's own: at beta = 0 ln Z is known, at beta = 1 it is the RBM's.
"""

import math
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.optimize import brentq
from scipy.special import expit, logsumexp, stdtrit

from blockspin.arrays import FloatArray
from blockspin.coarse.rbm.gibbs import Parameters, chain, draw, log_sum, squashed
from blockspin.coarse.rbm.units import HIDDEN, free_energy
from blockspin.statistics import Estimate, r_hat

AGREE = 4.0  # standard errors that the two directions may differ by
ROUNDING = 1e-6  # of ln Z, from log weights in single precision
FEWEST = 3.0  # effective chains behind Bennett's ratio, either way
ALONE = 20.0  # effective chains behind the forward estimate where it must do alone
MIXED = 1.1  # R-hat of Gibbs chains that have forgotten where they began
OTHERS = 32  # Gibbs chains from independent sites, at least
KEPT = 50  # states of the Gibbs chains, the second half of which is looked at
SIGMA = 0.8413447460685429  # what a normal variable has below one standard deviation
MODES = 10  # of the visible units that R-hat looks at


@dataclass(frozen=True)
class Partition:
    """ln Z of an RBM in nats, how it was found, and whether it is to be believed.

    method "exact": value alone. method "ais": `forward` and `reverse` are the estimates ln <w> of the two directions.
    Where the reverse chains began in equilibrium, R-hat (`r_hat`, the largest) at most 1.1, `value` joins both by
    Bennett's acceptance ratio; else it is the forward estimate, which needs no equilibrium. effective_chains:
    (sum x)^2 / sum x^2 of the terms that the value averages (see `bennett` and `effective_forward`). Errors are
    Student's: within one lies the truth with a chance of 68.3 %, for few chains too. `estimate` is the value, refused
    with RuntimeError where the directions disagree or few chains carry it (see `trouble`).
    """

    method: str
    value: Estimate
    forward: Estimate | None = None
    reverse: Estimate | None = None
    effective_chains: float = math.inf
    r_hat: float = 1.0

    @property
    def trouble(self) -> str:
        """Why the value is not to be believed; empty where it is."""
        if self.forward is None or self.reverse is None:
            return ""
        apart = abs(self.forward.value - self.reverse.value)
        rounding = ROUNDING * (1 + abs(self.value.value))
        if not apart <= AGREE * math.hypot(self.forward.error, self.reverse.error) + rounding:
            return f"the two directions disagree: ln Z = {self.forward} forward and {self.reverse} in reverse"
        needed = FEWEST if self.r_hat <= MIXED else ALONE
        if not self.effective_chains >= needed:
            return f"the weights rest on {self.effective_chains:.1f} chains, of which {needed:g} are needed"
        return ""

    @property
    def estimate(self) -> Estimate:
        """ln Z with its standard error; raises RuntimeError where the two directions disagree."""
        if self.trouble:
            raise RuntimeError(
                f"annealed importance sampling gives no ln Z here: {self.trouble}. Take more n_steps, or more n_chains"
            )
        return self.value


def base_log_partition(base: FloatArray, n_hidden: int, units: str) -> float:
    """ln Z at beta = 0, of independent sites with these fields (N,) and M hidden units of two states."""
    if units == "gaussian":
        sites = 0.5 * base**2 + 0.5 * math.log(2 * math.pi)
    else:
        sites = np.logaddexp(-base, base) if units == "spin" else np.logaddexp(0, base)
    return float(sites.sum()) + n_hidden * math.log(2)


@partial(jax.jit, static_argnames=("units",))
def anneal(
    parameters: Parameters, base: jax.Array, betas: jax.Array, visible: jax.Array, key: jax.Array, *, units: str
) -> tuple[jax.Array, jax.Array]:
    """Move visible states (n, N), drawn at betas[0], along the path: ln w in parts (steps, n), and the last states.

    At each step ln w gains ln p_new(v) - ln p_old(v), unnormalised, and then v makes a block Gibbs step at the new
    beta. As block Gibbs obeys detailed balance, the same steps in the opposite order are the reverse process.
    Source: Neal, Stat. Comput. 11, 125 (2001); Salakhutdinov and Murray, ICML (2008).
    """

    def step(state: jax.Array, part: tuple[jax.Array, jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        old, new, index = part
        field = state @ parameters.weights.T + parameters.hidden
        gain = (log_sum(new * field, units) - log_sum(old * field, units)).sum(axis=1)
        gain += (new - old) * (state @ (parameters.visible - base))
        up, down = jax.random.split(jax.random.fold_in(key, index))
        hidden = draw(up, squashed(new * field, HIDDEN[units]), HIDDEN[units])
        back = hidden @ (new * parameters.weights) + (base + new * (parameters.visible - base))
        return draw(down, squashed(back, units), units), gain

    with jax.default_matmul_precision("highest"):  # GPUs would round products to 11 bits, and ln Z with them
        end, gains = jax.lax.scan(step, visible, (betas[:-1], betas[1:], jnp.arange(len(betas) - 1)))
    return gains, end


def neutral(weights: FloatArray, visible: FloatArray, units: str) -> FloatArray:
    """The fields (N,) of independent sites that no valley pulls: the visible ones with the hidden units at one half.

    They come from the model alone. Fields from the means of rows are nearer where the rows are the model's; but rows
    of one valley then hide the others from the forward chains.
    """
    return visible if units == "spin" else visible + 0.5 * weights.sum(axis=0)


def log_partition(
    parameters: Parameters,
    base: FloatArray,
    start: NDArray[np.float32] | None,
    key: jax.Array,
    *,
    units: str,
    n_chains: int,
    n_steps: int,
) -> Partition:
    """ln Z by `n_chains` annealed chains of `n_steps` steps each way.

    base: fields (N,) of the independent sites; start: states (n_chains, N), from which `n_steps` Gibbs steps lead to
    the start of the reverse chains. Without them the forward chains' ends, drawn by their weights, are taken: a mode
    that the forward chains missed then goes unseen in reverse as well. Gibbs chains from independent sites run with
    them: the spread of all shows whether they have forgotten where they began.
    """
    keys = jax.random.split(key, 6)
    fields = jnp.asarray(base, jnp.float32)
    betas = jnp.linspace(0, 1, n_steps + 1, dtype=jnp.float32)

    def sites(key: jax.Array, n: int) -> jax.Array:
        states: jax.Array = draw(key, jnp.broadcast_to(squashed(fields, units), (n, len(fields))), units)
        return states

    gains, end = anneal(parameters, fields, betas, sites(keys[0], n_chains), keys[1], units=units)
    up = np.asarray(gains, np.float64).sum(axis=0)
    if start is None:
        chance = np.exp(up - logsumexp(up))
        start = np.asarray(end)[np.asarray(jax.random.choice(keys[2], n_chains, (n_chains,), p=jnp.asarray(chance)))]
    both = jnp.concatenate([jnp.asarray(start), sites(keys[5], max(n_chains, OTHERS))])
    settling = chain(parameters, both, keys[3], jnp.int32(max(1, n_steps // KEPT)), kept=KEPT, units=units)
    settled = settling[-1, :n_chains].astype(jnp.float32)
    gains, _ = anneal(parameters, fields, betas[::-1], settled, keys[4], units=units)
    down = np.asarray(gains, np.float64).sum(axis=0)
    spread = largest_r_hat(np.asarray(settling[KEPT // 2 :]), parameters, units)
    return joined(up, down, base_log_partition(base, len(parameters.hidden), units), spread)


def largest_r_hat(states: NDArray[Any], parameters: Parameters, units: str) -> float:
    """R-hat of Gibbs chains (draw, chain, N), the largest of F and of the `MODES` widest modes of the visible units.

    Without biases an RBM of spins is even: what changes sign with all spins does not matter, and squares are taken.
    """
    weights, visible, hidden = (np.asarray(part, np.float64) for part in parameters)
    rows = states.reshape(-1, states.shape[-1]).astype(np.float64)
    even = units == "spin" and not visible.any() and not hidden.any()
    away = rows if even else rows - rows.mean(axis=0)
    first = max(0, rows.shape[1] - MODES)
    _, modes = eigh(away.T @ away, subset_by_index=(first, rows.shape[1] - 1))
    projected = away @ modes
    seen = [*(projected**2 if even else projected).T, free_energy(rows, weights, visible, hidden, units)]
    found = [r_hat(values.reshape(states.shape[:2]).T) for values in seen]
    return max((value for value in found if not math.isnan(value)), default=1.0)


def joined(up: FloatArray, down: FloatArray, offset: float, spread: float = 1.0) -> Partition:
    """ln Z from the log weights of forward and reverse chains, (n,) each; offset is ln Z at the start of the path.

    forward = offset + ln <exp up>, reverse = offset - ln <exp down>; where R-hat of what the reverse chains began at,
    `spread`, is at most `MIXED`, the value L solves sum_up s(up - L) = sum_down s(down + L), s(x) = 1/(1 + exp(-x)),
    with the error of the ratio of the means of s; else it is the forward one, which needs no equilibrium.
    Raises ValueError where a log weight is not finite.
    Source: Bennett, J. Comput. Phys. 22, 245 (1976); Crooks, Phys. Rev. E 61, 2361 (2000).
    """
    if not (np.isfinite(up).all() and np.isfinite(down).all()):
        raise ValueError("the log weights of the annealed chains are not finite: weights of the RBM have run away")
    forward, reverse = _log_mean(up), _log_mean(down)
    value, effective = bennett(up, down) if spread <= MIXED else (forward, effective_forward(up))
    return Partition(
        "ais",
        Estimate(offset + value.value, value.error),
        Estimate(offset + forward.value, forward.error),
        Estimate(offset - reverse.value, reverse.error),
        effective,
        spread,
    )


def bennett(up: FloatArray, down: FloatArray) -> tuple[Estimate, float]:
    """L of Bennett's acceptance ratio, as `joined` says, and the effective chains of the terms s, the smaller of both.

    The terms lie in (0, 1): the error holds from four chains on, and as long as the two directions overlap.
    """
    low, high = sorted((_log_mean(up).value, -_log_mean(down).value))

    def excess(L: float) -> float:
        return float(expit(up - L).mean() - expit(down + L).mean())

    reach = 1.0
    while not excess(low - reach) >= 0 >= excess(high + reach):
        reach *= 2
    L = float(brentq(excess, low - reach, high + reach, xtol=1e-10))
    terms = expit(up - L), expit(down + L)
    return Estimate(L, math.hypot(*map(_relative_error, terms))), min(map(_effective, terms))


def effective_forward(log_weights: FloatArray) -> float:
    """Effective chains behind ln <w>: those of the weights drawn, or of log-normal ones of the same width, if fewer.

    Weights drawn look narrower than they are where the largest are missing: n exp(-s^2), with s^2 the mean square of
    ln w above its median, sees it. Chains far below, of no weight, do not matter.
    """
    median = np.median(log_weights)
    above = log_weights[log_weights >= median] - median
    return min(_effective(np.exp(log_weights - log_weights.max())), len(log_weights) * math.exp(-np.mean(above**2)))


def _log_mean(log_weights: FloatArray) -> Estimate:
    largest = log_weights.max()
    weights = np.exp(log_weights - largest)
    return Estimate(float(largest + math.log(weights.mean())), _relative_error(weights))


def _effective(weights: FloatArray) -> float:
    return float(weights.sum() ** 2 / (weights**2).sum())


def _relative_error(values: FloatArray) -> float:
    """The error of the mean of values (n,) as a share of it; the mean lies within with a chance of 68.3 % (Student)."""
    n = len(values)
    return float(stdtrit(n - 1, SIGMA) * values.std(ddof=1) / values.mean() / math.sqrt(n))
