"""Trajectory tempering: chains of the machines of one training run, from easy to final, that exchange places."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from blockspin import checks
from blockspin.coarse.rbm import units as states
from blockspin.coarse.rbm.gibbs import Parameters, draw, draw_hidden, squashed
from blockspin.coarse.rbm.machine import FittedMachine, Seed
from blockspin.coarse.rbm.phases import log_sum

Array = NDArray[Any]


class Tempered(NamedTuple):
    """Visible states of the last machine, (kept, chain, N), and the exchange rates of neighbours, (machines - 1,)."""

    states: Array
    exchange_rates: NDArray[np.float64]


def trajectory_tempering(
    machines: Sequence[FittedMachine],
    n_chains: int,
    n_sweeps: int,
    *,
    thin: int = 1,
    start: ArrayLike | None = None,
    random_state: Seed = None,
) -> Tempered:
    """Sample the last of a row of machines whose own chains hardly cross between its valleys.

    machines: of one shape and one kind of units, taken along a training run from one that mixes at once (epoch 0) to
    the one to sample, or any other row of that kind, such as one of scaled weights. Each has `n_chains` chains. A sweep
    is a block Gibbs step (h given v, v given h) in all, and then exchanges of the visible states of neighbours, pairs
    (0, 1), (2, 3), ... and (1, 2), (3, 4), ... in turn, each accepted with probability

        min(1, exp(F_i(v_i) + F_j(v_j) - F_i(v_j) - F_j(v_i))),    j = i + 1,  F_i(v) = -ln sum_h exp(-E_i(v, h)).

    That leaves the product of the p_i(v) as it is, exactly: h is drawn anew from p_i(h | v) before it is used, so
    nothing is lost where v alone moves, and exchanging v by free energies is accepted at least as often, on average, as
    exchanging (v, h) by energies. No ln Z enters.

    start: rows (n_chains, N) that all machines start from, uniform states where none are given (normal ones for
    Gaussian units): leave out the first states kept. A state is kept every `thin` sweeps, n_sweeps // thin of them,
    int8 (float32 for Gaussian units). Rates well below 0.2 ask for another machine between the two; a pair whose turn
    never came has nan. random_state: int, RandomState or None. Raises ValueError for fewer than two machines, for
    machines that differ in shape or units, and for a variance other than one; TypeError for other estimators.
    Source: Béreux, Decelle, Furtlehner, Rosset and Seoane, ICLR (2025), arXiv:2405.15376.
    """
    machines = list(machines)
    units = _shared_units(machines)
    for name, number in (("n_chains", n_chains), ("n_sweeps", n_sweeps), ("thin", thin)):
        checks.whole(name, number, 1, n_sweeps if name == "thin" else np.inf)
    generator = check_random_state(random_state)
    parameters = jax.tree.map(lambda *parts: jnp.stack(parts), *(machine._parameters() for machine in machines))
    shape = (len(machines), n_chains, machines[0].n_features_in_)
    visible = _first_states(start, shape, units, generator)
    key = jax.random.key(generator.randint(2**31 - 1), impl="threefry2x32")
    kept = n_sweeps // thin
    chain, _, accepted = run(parameters, visible, key, jnp.int32(thin), kept=kept, units=units)
    turns = np.array([(kept * thin + 1 - pair % 2) // 2 for pair in range(len(machines) - 1)])
    rates = np.divide(accepted, turns * n_chains, out=np.full(len(turns), np.nan), where=turns > 0)
    return Tempered(np.asarray(chain), rates)


@partial(jax.jit, static_argnames=("kept", "units"))
def run(
    parameters: Parameters, visible: jax.Array, key: jax.Array, thin: jax.Array, *, kept: int, units: str
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """`kept` runs of `thin` sweeps from visible states (machine, chain, N) of machines stacked along the first axis.

    Returns the last machine's states after each run, all machines' at the end, and the exchanges accepted, a pair.
    """
    n_machines = visible.shape[0]
    order = jnp.arange(n_machines)
    weights, back = jnp.swapaxes(parameters.weights, 1, 2), parameters.weights
    visible_bias, hidden_bias = parameters.visible[:, None], parameters.hidden[:, None]
    hidden_units = "spin" if units == "spin" else "binary"

    def sweep(index: jax.Array, carry: tuple[jax.Array, ...]) -> tuple[jax.Array, ...]:
        _, field, key, number, accepted = carry
        up, down, coin = jax.random.split(jax.random.fold_in(key, index), 3)
        hidden = draw_hidden(up, squashed(field, hidden_units), units)
        visible = draw(down, squashed(hidden @ back + visible_bias, units), units)
        # the partner of each machine in this turn: the next, the one before, or itself at the ends of the row
        partner = jnp.where(order % 2 == number % 2, order + 1, order - 1)
        partner = jnp.where((partner < 0) | (partner >= n_machines), order, partner)
        other = visible[partner]
        field, field_other = visible @ weights + hidden_bias, other @ weights + hidden_bias
        # F_i(v_i) - F_i(v_j) of each machine, unit by unit, as the sums are large and their difference is not
        gain = (log_sum(field_other, units) - log_sum(field, units)).sum(axis=2)
        gain += ((other - visible) * visible_bias).sum(axis=2)  # |v|^2 of Gaussian units leaves the pair's sum
        gain += gain[partner]
        chance = jnp.log(jax.random.uniform(coin, gain.shape))[jnp.minimum(order, partner)]  # one coin a pair
        moves = (chance < gain) & (partner != order)[:, None]
        counted = (moves & (partner > order)[:, None])[:-1].sum(axis=1)
        place = moves[:, :, None]
        return (
            jnp.where(place, other, visible),
            jnp.where(place, field_other, field),
            key,
            number + 1,
            accepted + counted,
        )

    def stretch(carry: tuple[jax.Array, ...], key: jax.Array) -> tuple[tuple[jax.Array, ...], jax.Array]:
        visible, field, number, accepted = carry
        visible, field, _, number, accepted = jax.lax.fori_loop(0, thin, sweep, (visible, field, key, number, accepted))
        last = visible[-1]
        return (visible, field, number, accepted), last if units == "gaussian" else last.astype(jnp.int8)

    none = jnp.zeros(n_machines - 1, jnp.int32)
    first: tuple[jax.Array, ...] = (visible, visible @ weights + hidden_bias, jnp.int32(0), none)
    (visible, _, _, accepted), chain = jax.lax.scan(stretch, first, jax.random.split(key, kept))
    return chain, visible, accepted


def _shared_units(machines: list[FittedMachine]) -> str:
    """The units of all machines, once they are seen to fit together."""
    if len(machines) < 2:
        raise ValueError(f"trajectory tempering exchanges among at least 2 machines; got {len(machines)}")
    for machine in machines:
        if not isinstance(machine, FittedMachine):
            raise TypeError(f"trajectory tempering takes RBM machines; got {type(machine).__name__}")
        check_is_fitted(machine)
    kinds = {(machine.units_, machine.components_.shape) for machine in machines}
    if len(kinds) > 1:
        raise ValueError(f"machines of one row have the same units and weights of one shape; got {sorted(kinds)}")
    if any(machine._has_variance for machine in machines):
        raise ValueError("trajectory tempering takes Gaussian units of variance 1 only; got another, or a learned one")
    return machines[0].units_


def _first_states(
    start: ArrayLike | None, shape: tuple[int, int, int], units: str, generator: np.random.RandomState
) -> jax.Array:
    if start is None:
        coin = np.full(shape, 0.5 if units == "binary" else 0.0)
        return jnp.asarray(states.draw(coin, units, generator), jnp.float32)
    rows = np.asarray(start, np.float32)
    if rows.shape != shape[1:]:
        raise ValueError(f"start has a row a chain, shape {shape[1:]}; got {rows.shape}")
    states.check_units(rows, units, "start")
    return jnp.broadcast_to(jnp.asarray(rows), shape)
