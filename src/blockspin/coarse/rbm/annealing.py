"""Annealed importance sampling between independent sites and a machine, in both directions.

The path scales weights and hidden biases by beta and moves the visible biases from those of independent sites to the
machine's own: at beta = 0 ln Z is known, at beta = 1 it is the machine's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit, logsumexp

from blockspin.coarse.rbm.gibbs import Parameters, chain, draw, draw_hidden, visible_mean
from blockspin.statistics import Estimate

FloatArray = NDArray[np.float64]

AGREE = 4.0  # standard errors that the two directions may differ by
ROUNDING = 1e-6  # of ln Z, from log weights in single precision
FEWEST = 5.0  # effective chains behind an estimate, either way


@dataclass(frozen=True)
class Partition:
    """ln Z of a machine in nats, how it was found, and whether it is to be believed.

    method "exact": value alone. method "ais": `forward` and `reverse` are the estimates ln <w> of the two directions,
    and `value` joins them by Bennett's acceptance ratio; effective_chains = (sum w)^2 / sum w^2, the smaller of the
    two. `estimate` is the value, refused with RuntimeError where the directions disagree (see `trouble`).
    """

    method: str
    value: Estimate
    forward: Estimate | None = None
    reverse: Estimate | None = None
    effective_chains: float = math.inf

    def shifted(self, constant: float) -> Partition:
        """The same with a constant added to ln Z."""
        both = (self.forward, self.reverse)
        forward, reverse = (part and Estimate(part.value + constant, part.error) for part in both)
        return replace(
            self, value=Estimate(self.value.value + constant, self.value.error), forward=forward, reverse=reverse
        )

    @property
    def trouble(self) -> str:
        """Why the value is not to be believed; empty where it is."""
        if self.forward is None or self.reverse is None:
            return ""
        apart = abs(self.forward.value - self.reverse.value)
        rounding = ROUNDING * (1 + abs(self.value.value))
        if not apart <= AGREE * math.hypot(self.forward.error, self.reverse.error) + rounding:
            return f"the two directions disagree: ln Z = {self.forward} forward and {self.reverse} in reverse"
        if self.effective_chains < FEWEST:
            return f"the weights rest on {self.effective_chains:.1f} chains, of which {FEWEST:g} are needed"
        return ""

    @property
    def estimate(self) -> Estimate:
        """ln Z with its standard error; raises RuntimeError where the two directions disagree."""
        if self.trouble:
            raise RuntimeError(
                f"annealed importance sampling gives no ln Z here: {self.trouble}. Take more n_steps, or more n_chains"
            )
        return self.value


def tempered(parameters: Parameters, base: jax.Array, beta: jax.Array) -> Parameters:
    """The machine at beta on the path: beta W, beta c, and b' + beta (b - b') with b' the fields of `base`."""
    return parameters._replace(
        weights=beta * parameters.weights,
        hidden=beta * parameters.hidden,
        visible=base + beta * (parameters.visible - base),
    )


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

    def log_sum(field: jax.Array) -> jax.Array:
        return jnp.logaddexp(-field, field) if units == "spin" else jax.nn.softplus(field)

    def step(state: jax.Array, part: tuple[jax.Array, jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        old, new, index = part
        field = state @ parameters.weights.T + parameters.hidden
        gain = (log_sum(new * field) - log_sum(old * field)).sum(axis=1)
        gain += (new - old) * (state @ (parameters.visible - base))
        machine = tempered(parameters, base, new)
        up, down = jax.random.split(jax.random.fold_in(key, index))
        mean = jnp.tanh(new * field) if units == "spin" else jax.nn.sigmoid(new * field)
        hidden = draw_hidden(up, mean, units)
        return draw(down, visible_mean(machine, hidden, units), units), gain

    end, gains = jax.lax.scan(step, visible, (betas[:-1], betas[1:], jnp.arange(len(betas) - 1)))
    return gains, end


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

    base: fields (N,) of the independent sites; start: states (n_chains, N) near the machine's own, from which
    `n_steps` Gibbs steps lead to the start of the reverse chains. Without them the forward chains' ends, drawn by
    their weights, are taken: a mode that the forward chains missed then goes unseen in reverse as well.
    """
    keys = jax.random.split(key, 5)
    fields = jnp.asarray(base, jnp.float32)
    betas = jnp.linspace(0, 1, n_steps + 1, dtype=jnp.float32)
    zero = parameters._replace(weights=jnp.zeros_like(parameters.weights), visible=fields)
    mean = visible_mean(zero, jnp.zeros((n_chains, len(parameters.hidden)), jnp.float32), units)
    gains, end = anneal(parameters, fields, betas, draw(keys[0], mean, units), keys[1], units=units)
    up = np.asarray(gains, np.float64).sum(axis=0)
    if start is None:
        chance = np.exp(up - logsumexp(up))
        start = np.asarray(end)[np.asarray(jax.random.choice(keys[2], n_chains, (n_chains,), p=jnp.asarray(chance)))]
    settled = chain(parameters, jnp.asarray(start), keys[3], jnp.int32(n_steps), kept=1, units=units)[0]
    settled = settled.astype(jnp.float32)
    gains, _ = anneal(parameters, fields, betas[::-1], settled, keys[4], units=units)
    down = np.asarray(gains, np.float64).sum(axis=0)
    return joined(up, down, base_log_partition(base, len(parameters.hidden), units))


def joined(up: FloatArray, down: FloatArray, offset: float) -> Partition:
    """ln Z from the log weights of forward and reverse chains, (n,) each; offset is ln Z at the start of the path.

    forward = offset + ln <exp up>, reverse = offset - ln <exp down>; the value L solves
    sum_up s(up - L) = sum_down s(down + L), s(x) = 1/(1 + exp(-x)), with the error of the ratio of the means of s.
    Raises ValueError where a log weight is not finite.
    Source: Bennett, J. Comput. Phys. 22, 245 (1976); Crooks, Phys. Rev. E 61, 2361 (2000).
    """
    if not (np.isfinite(up).all() and np.isfinite(down).all()):
        raise ValueError("the log weights of the annealed chains are not finite: weights of the machine have run away")
    (forward, effective_up), (reverse, effective_down) = _log_mean(up), _log_mean(down)
    low, high = sorted((forward.value, -reverse.value))

    def excess(L: float) -> float:
        return float(expit(up - L).mean() - expit(down + L).mean())

    reach = 1.0
    while not excess(low - reach) >= 0 >= excess(high + reach):
        reach *= 2
    L = float(brentq(excess, low - reach, high + reach, xtol=1e-10))
    error = math.hypot(*(_relative_error(part) for part in (expit(up - L), expit(down + L))))
    return Partition(
        "ais",
        Estimate(offset + L, error),
        Estimate(offset + forward.value, forward.error),
        Estimate(offset - reverse.value, reverse.error),
        min(effective_up, effective_down),
    )


def _log_mean(log_weights: FloatArray) -> tuple[Estimate, float]:
    largest = log_weights.max()
    weights = np.exp(log_weights - largest)
    value = largest + math.log(weights.mean())
    return Estimate(float(value), _relative_error(weights)), float(weights.sum() ** 2 / (weights**2).sum())


def _relative_error(values: FloatArray) -> float:
    return float(values.std(ddof=1) / values.mean() / math.sqrt(len(values)))
