"""The gradient of the log-likelihood: the data's averages minus the model's, which chains estimate."""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp

from blockspin.coarse.rbm.convolution import Windows
from blockspin.coarse.rbm.gibbs import Parameters, draw
from blockspin.coarse.rbm.layers import Layers, free, tied
from blockspin.coarse.rbm.units import HIDDEN


class State(NamedTuple):
    """What training carries: parameters, their velocity, and the hidden states (n, M) of "pcd"'s chains, else none."""

    parameters: Parameters
    velocity: Parameters
    chains: jax.Array


@dataclass(frozen=True)
class Rule:
    """The choices that change the program: units, algorithm, Gibbs steps, penalties, biases, rows a batch.

    windows: of an RBM whose weights are tied by translation, else none.
    """

    units: str
    algorithm: str
    k: int
    reconstruction: str
    l1_method: str
    biases: bool
    batch_size: int
    centered: bool = False
    windows: Windows | None = None


def gradient(state: State, visible: jax.Array, key: jax.Array, rule: Rule) -> tuple[Parameters, jax.Array]:
    """The estimated gradient of the mean log-likelihood, and the persistent chains after k Gibbs steps.

    <h v>_data - <h v>_model with hidden means in both phases. "cd" starts the model's chains at the data, "pcd" where
    they ended. Sources: Hinton, Neural Comput. 14, 1771 (2002); Tieleman, ICML (2008).
    """
    if rule.windows is None:
        layers = free(state.parameters, rule.units)
    else:
        layers = tied(state.parameters, rule.units, rule.windows)
    hidden = layers.up(visible)
    model, hidden_model, chains = gibbs_steps(layers, state.chains, hidden, key, rule)
    # one product for both phases
    left = jnp.concatenate([hidden / len(hidden), hidden_model / -len(hidden_model)])
    right = jnp.concatenate([visible, model])
    slope = layers.slope(left, right, visible.mean(axis=0), model.mean(axis=0))
    if rule.centered:
        slope = centered(slope, visible.mean(axis=0), hidden.mean(axis=0))
    if not rule.biases:
        slope = slope._replace(visible=jnp.zeros_like(slope.visible), hidden=jnp.zeros_like(slope.hidden))
    return slope, chains


def gibbs_steps(
    layers: Layers, chains: jax.Array, hidden_data: jax.Array, key: jax.Array, rule: Rule
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """k block Gibbs steps of "cd" (from the data's hidden means) or "pcd" (from the chains' hidden states).

    Returns visible states (or means), their hidden means, and the chains as they then stand.
    """
    units = rule.units
    keys = jax.random.split(key, 2 * rule.k + 1)
    hidden = chains if rule.algorithm == "pcd" else draw(keys[0], hidden_data, HIDDEN[units])
    for step in range(rule.k):
        last = step == rule.k - 1
        mean = layers.down(hidden)
        model = mean if last and rule.reconstruction == "mean" else draw(keys[2 * step + 1], mean, units)
        hidden_model = layers.up(model)
        if not last or rule.algorithm == "pcd":
            hidden = draw(keys[2 * step + 2], hidden_model, HIDDEN[units])
    return model, hidden_model, hidden if rule.algorithm == "pcd" else chains


def centered(slope: Parameters, visible: jax.Array, hidden: jax.Array) -> Parameters:
    """The gradient in centred variables, brought back to the plain parameters; visible (N,), hidden (M,): data means.

    With offsets m = (<v>_data + <v>_model)/2 and n = (<h>_data + <h>_model)/2,

        dW' = dW - n (x) db - dc (x) m,    db' = db - dW'^T n,    dc' = dc - dW' m:

    a positive definite matrix times the plain gradient, so that the fixed points are the same; training no longer
    depends on which state of a unit is called 0. Sources: Cho, Raiko and Ilin, Neural Comput. 25, 805 (2013);
    Melchior, Fischer and Wiskott, JMLR 17, 99 (2016).
    """
    m, n = visible - slope.visible / 2, hidden - slope.hidden / 2
    weights = slope.weights - jnp.outer(n, slope.visible) - jnp.outer(slope.hidden, m)
    return slope._replace(weights=weights, visible=slope.visible - n @ weights, hidden=slope.hidden - weights @ m)
