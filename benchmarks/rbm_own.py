"""Epochs of blockspin and scikit-learn, and the products alone, when rbm.py asks for them; one JSON line each way."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from functools import cache
from typing import Any

THREADS, ROWS = int(sys.argv[1]), int(sys.argv[2])
if hasattr(os, "sched_setaffinity"):  # before jax starts its threads: it takes all processors it sees
    os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[:THREADS]))

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
from sklearn.neural_network import BernoulliRBM  # noqa: E402
from threadpoolctl import threadpool_limits  # noqa: E402

from blockspin.coarse.rbm import RBM, training  # noqa: E402

BATCH = 100


@cache
def data(n_visible: int) -> np.ndarray[Any, Any]:
    """The rows, 0/1."""
    return (np.random.default_rng(0).random((ROWS, n_visible)) < 0.5).astype(np.int8)


@cache
def machine(n_visible: int, n_hidden: int) -> list[Any]:
    """A machine, its state of training and the rows on the device."""
    rbm = RBM(n_hidden, units="binary", l1=2e-4, batch_size=BATCH, random_state=0)
    rbm.n_features_in_ = n_visible
    return [rbm, rbm._start(data(n_visible)), rbm._on_device(data(n_visible))]


def blockspin(n_visible: int, n_hidden: int) -> None:
    """CD-1 with momentum and the L1 penalty."""
    run = machine(n_visible, n_hidden)
    run[1] = jax.block_until_ready(run[0]._epoch(run[1], run[2]))


@cache
def peer(n_visible: int, n_hidden: int, kind: str) -> tuple[BernoulliRBM, np.ndarray[Any, Any]]:
    """scikit-learn's machine (PCD-1, no momentum, no penalty) and rows of its precision."""
    return BernoulliRBM(n_hidden, batch_size=BATCH, n_iter=1, random_state=0), data(n_visible).astype(kind)


def sklearn(n_visible: int, n_hidden: int, kind: str) -> None:
    """One epoch of `fit`, what it does before and after included: no part of it can be called alone."""
    rbm, X = peer(n_visible, n_hidden, kind)
    with threadpool_limits(THREADS):
        rbm.fit(X)


@cache
def operands(n_visible: int, n_hidden: int) -> tuple[Any, ...]:
    """Visible and hidden states, weights, for JAX and for numpy."""
    rng = np.random.default_rng(0)
    parts = (rng.random((BATCH, n_visible)), rng.random((BATCH, n_hidden)), rng.random((n_hidden, n_visible)))
    own = tuple(part.astype(np.float32) for part in parts)
    return tuple(jnp.asarray(part) for part in own), own


@jax.jit
def _products(v: jax.Array, h: jax.Array, W: jax.Array) -> tuple[jax.Array, ...]:
    both_h, both_v = jnp.concatenate([h, h]), jnp.concatenate([v, v])
    return v @ W.T, h @ W, (v + 1) @ W.T, both_h.T @ both_v


def products(n_visible: int, n_hidden: int) -> None:
    """The five products of an epoch and nothing else, by the quicker of JAX and numpy."""
    (v, h, W), (nv, nh, nW) = operands(n_visible, n_hidden)
    if faster(n_visible, n_hidden) == "jax":
        for _ in range(ROWS // BATCH):
            jax.block_until_ready(_products(v, h, W))
        return
    both_h, both_v = np.concatenate([nh, nh]), np.concatenate([nv, nv])
    for _ in range(ROWS // BATCH):
        nv @ nW.T, nh @ nW, nv @ nW.T, both_h.T @ both_v


@cache
def faster(n_visible: int, n_hidden: int) -> str:
    """Which of the two multiplies these shapes in less processor time."""
    (v, h, W), (nv, nh, nW) = operands(n_visible, n_hidden)
    both_h, both_v = np.concatenate([nh, nh]), np.concatenate([nv, nv])
    calls: dict[str, Callable[[], object]] = {
        "jax": lambda: jax.block_until_ready(_products(v, h, W)),
        "numpy": lambda: (nv @ nW.T, nh @ nW, nv @ nW.T, both_h.T @ both_v),
    }
    spent = {}
    for name, call in calls.items():
        call()
        times = []
        for _ in range(5):
            start = time.process_time()
            for _ in range(10):
                call()
            times.append(time.process_time() - start)
        spent[name] = min(times)
    return min(spent, key=spent.__getitem__)


def memory(n_visible: int, n_hidden: int) -> str:
    """What the compiled epoch holds at its peak, against the data and three times the weights."""
    rbm, state, rows = machine(n_visible, n_hidden)
    text = training.epoch.lower(state, rows, rbm._epoch_key(), rbm._rates(), rbm._rule(ROWS)).compile()
    found = text.memory_analysis()
    peak = (
        found.argument_size_in_bytes + found.output_size_in_bytes - found.alias_size_in_bytes + found.temp_size_in_bytes
    )
    allowed = rows.nbytes + 3 * 4 * n_visible * n_hidden
    return f"{peak / 1e6:.1f} MB, of them rows {rows.nbytes / 1e6:.1f}; rows + 3 weights = {allowed / 1e6:.1f} MB"


CALLS: dict[str, Callable[[int, int], object]] = {
    "blockspin": blockspin,
    "products": products,
    "sklearn float32": lambda n, m: sklearn(n, m, "float32"),
    "sklearn float64": lambda n, m: sklearn(n, m, "float64"),
    "memory": memory,
}


def main() -> None:
    """Answer until the input ends."""
    for line in sys.stdin:
        asked = json.loads(line)
        start, wall = time.process_time(), time.perf_counter()
        text = CALLS[asked["what"]](asked["visible"], asked["hidden"])
        spent = {"processor": time.process_time() - start, "wall": time.perf_counter() - wall}
        print(json.dumps(spent | ({"text": text} if text else {})), flush=True)


if __name__ == "__main__":
    main()
