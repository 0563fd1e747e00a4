"""Does training with bf16 products beat the float32 bound, and at what cost? Run: python benchmarks/below_float32.py

The five products of CD-1 take both operands in bf16 and add up in float32; 0/1 and -1/+1 states are exact in bf16, the
weights and hidden means that enter a product are rounded to 8 bits, while weights, velocity and update stay float32.
First the processor seconds of an epoch of 2000 rows of 1600 -> 400 on one thread, the two kinds in turn, medians of 9;
then the held-out log-likelihood, exact, of 256 -> 20 machines on samples of the 16 x 16 Ising model, six seeds a kind.
"""

from __future__ import annotations

import os
import statistics
import time
from typing import Any

if hasattr(os, "sched_setaffinity"):  # before jax starts its threads
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

import jax
import jax.numpy as jnp
import numpy as np

import blockspin as bs
from blockspin.coarse.rbm import training
from blockspin.coarse.rbm.gibbs import Parameters, squashed
from blockspin.coarse.rbm.layers import Layers, free
from blockspin.coarse.rbm.phases import Rule, State, gibbs_steps, gradient
from blockspin.statistics import Estimate

KINDS = ("float32", "bf16")


def product(a: jax.Array, b: jax.Array, over: tuple[int, int]) -> jax.Array:
    """sum over an axis of each, of operands in bf16, in float32."""
    parts = (part.astype(jnp.bfloat16) for part in (a, b))
    axes = (((over[0],), (over[1],)), ((), ()))
    return jax.lax.dot_general(*parts, axes, preferred_element_type=jnp.float32)


def rounded(state: State, visible: jax.Array, key: jax.Array, rule: Rule) -> tuple[Parameters, jax.Array]:
    """As `phases.gradient` for CD, with bf16 products."""
    W, b, c = state.parameters

    def up(v: jax.Array) -> jax.Array:
        return squashed(product(v, W, (1, 1)) + c, rule.units)

    def down(h: jax.Array) -> jax.Array:
        return squashed(product(h, W, (1, 0)) + b, rule.units)

    layers = Layers(up, down, free(state.parameters, rule.units).slope)
    hidden = up(visible)
    model, hidden_model, chains = gibbs_steps(layers, state.chains, hidden, key, rule)
    left = jnp.concatenate([hidden, -hidden_model])
    pairs = product(left, jnp.concatenate([visible, model]), (0, 0)) / len(visible)
    slope = Parameters(pairs, visible.mean(axis=0) - model.mean(axis=0), left.sum(axis=0) / len(visible))
    if not rule.biases:
        slope = slope._replace(visible=jnp.zeros_like(slope.visible), hidden=jnp.zeros_like(slope.hidden))
    return slope, chains


def use(kind: str) -> None:
    """Let `training` take this gradient; programs compiled before are forgotten."""
    training.gradient = rounded if kind == "bf16" else gradient
    jax.clear_caches()


def speed(repeats: int = 9) -> None:
    """Epochs of the two kinds in turn."""
    X = (np.random.default_rng(0).random((2000, 1600)) < 0.5).astype(np.int8)
    programs: dict[str, Any] = {}
    machine = bs.RBM(400, units="binary", l1=2e-4, random_state=0)
    machine.n_features_in_ = 1600
    state, rows = machine._start(X), machine._on_device(X)
    arguments = (rows, machine._epoch_key(), machine._rates())
    for kind in KINDS:
        use(kind)
        programs[kind] = training.epoch.lower(state, *arguments, machine._rule(len(X))).compile()
    times: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for _ in range(repeats + 1):
        for kind, program in programs.items():
            start = time.process_time()
            state = jax.block_until_ready(program(state, *arguments))
            times[kind].append(time.process_time() - start)
    middle = {kind: statistics.median(spent[1:]) for kind, spent in times.items()}
    for kind, spent in middle.items():
        print(f"{kind:<8s} {spent:.4f} s an epoch, {10 * X.size * 400 / spent / 1e9:.0f} GFLOP/s")
    print(f"bf16 takes {middle['bf16'] / middle['float32']:.2f} of float32's time")


def likelihood(seeds: int = 6) -> None:
    """Held-out log-likelihoods of the two kinds, seed by seed."""
    lattice = bs.Lattice.square(16)
    samples = bs.sample(bs.Ising(lattice, K=0.408), 8000, seed=1)
    train, test = bs.split(samples, 0.75, seed=1)
    X, V = bs.to_matrix(train), bs.to_matrix(test)
    found: dict[str, list[float]] = {}
    for kind in KINDS:
        use(kind)
        found[kind] = []
        for seed in range(seeds):
            machine = bs.RBM(
                20, units="spin", biases=False, learning_rate=0.02, n_iter=15, random_state=seed, init_scale=0.05
            ).fit(X)
            value = machine.log_likelihood(V, chains=test.sizes["chain"])
            found[kind].append(value.value / lattice.n_sites)
            print(f"{kind} seed {seed}: {value.value / lattice.n_sites:.6f} nats a site", flush=True)
    gap = np.subtract(found["bf16"], found["float32"])
    spread = {kind: np.std(values, ddof=1) for kind, values in found.items()}
    difference = Estimate(float(gap.mean()), float(gap.std(ddof=1) / np.sqrt(seeds)))
    print(f"bf16 - float32: {difference} nats a site; spread over seeds {spread['float32']:.6f}, {spread['bf16']:.6f}")


if __name__ == "__main__":
    speed()
    likelihood()
