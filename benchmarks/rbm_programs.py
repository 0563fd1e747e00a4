"""One program that rbm.py compares, in a process of its own: it trains an epoch a line, and says how long it took.

    python rbm_programs.py NAME THREADS ROWS

Libraries are imported where they are used: torch and its RBMs are installed elsewhere than blockspin.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

BATCH = 100
Epoch = Callable[[], object]


def rows(n: int, n_visible: int) -> np.ndarray[Any, Any]:
    """0/1, the same for every program."""
    return (np.random.default_rng(0).random((n, n_visible)) < 0.5).astype(np.int8)


def blockspin(n: int, n_visible: int, n_hidden: int, units: str = "binary") -> Epoch:
    """CD-1 with momentum and the L1 penalty."""
    import jax

    from blockspin.coarse.rbm import RBM

    X = rows(n, n_visible) if units == "binary" else 2 * rows(n, n_visible) - 1
    rbm = RBM(n_hidden, units=units, l1=2e-4, batch_size=BATCH, random_state=0)
    rbm.n_features_in_ = n_visible
    run, data = [rbm._start(X)], rbm._on_device(X)

    def epoch() -> None:
        run[0] = jax.block_until_ready(rbm._epoch(run[0], data))

    return epoch


def products(n: int, n_visible: int, n_hidden: int) -> Epoch:
    """The five products of CD-1 and nothing else, in one program as an epoch is."""
    import jax
    import jax.numpy as jnp

    def batch(carry: Any, _: None) -> tuple[Any, None]:
        v, h, W = carry
        up, down = v @ W.T, h @ W
        return (v, h, jnp.concatenate([up, down @ W.T]).T @ jnp.concatenate([v, down])), None

    once = jax.jit(lambda carry: jax.lax.scan(batch, carry, None, length=n // BATCH)[0])
    shapes = ((BATCH, n_visible), (BATCH, n_hidden), (n_hidden, n_visible))
    carry = tuple(jnp.zeros(shape, jnp.float32) for shape in shapes)  # zeros stay finite, and take as long
    return lambda: jax.block_until_ready(once(carry))


def sklearn(n: int, n_visible: int, n_hidden: int, kind: str) -> Epoch:
    """PCD-1, by `fit`: no part of it can be called alone."""
    from sklearn.neural_network import BernoulliRBM

    X, rbm = rows(n, n_visible).astype(kind), BernoulliRBM(n_hidden, batch_size=BATCH, n_iter=1, random_state=0)
    return lambda: rbm.fit(X)


def rbms(n: int, n_visible: int, n_hidden: int) -> Epoch:
    """PCD-1 by its own gradient, sampler, data set and torch's SGD with momentum; without its checkpoints."""
    import typing

    import torch
    from typing_extensions import override

    typing.override = override  # type: ignore[attr-defined] # rbms 0.6.0 is made for Python 3.12
    from rbms.bernoulli_bernoulli.classes import BBRBM
    from rbms.dataset.dataset_class import RBMDataset
    from rbms.sampler.pcd import PCD

    about = (np.zeros(n), np.ones(n), np.arange(n).astype(str))
    dataset = RBMDataset(rows(n, n_visible).astype("float32"), *about, "rows", "bernoulli", device="cpu")
    rbm = BBRBM.init_parameters(n_hidden, dataset, torch.device("cpu"), torch.float32)
    sampler = PCD(rbm, rbm.init_chains(BATCH), num_steps=1)
    optimizer = torch.optim.SGD(rbm.parameters(), lr=0.1, momentum=0.5, maximize=True)

    def epoch() -> None:
        for _ in range(n // BATCH):
            batch = dataset.batch(BATCH)
            start = rbm.init_chains(BATCH, weights=batch["weights"], start_v=batch["data"])
            rbm.compute_gradient(data=start, chains=sampler.get_conf_grad(batch=batch["data"]), centered=False)
            optimizer.step()
            sampler.post_grad_update(params=rbm)

    return torch.no_grad()(epoch)


def learnergy(n: int, n_visible: int, n_hidden: int) -> Epoch:
    """CD-1 by its `fit`, one epoch of it."""
    import logging

    import torch
    from learnergy.core.dataset import Dataset
    from learnergy.models.bernoulli import RBM

    logging.disable(logging.CRITICAL)
    dataset = Dataset(torch.tensor(rows(n, n_visible)).float(), torch.zeros(n), show_log=False)
    rbm = RBM(n_visible, n_hidden, steps=1, learning_rate=0.1, momentum=0.5)
    return lambda: rbm.fit(dataset, batch_size=BATCH, epochs=1)


PROGRAMS: dict[str, Callable[[int, int, int], Epoch]] = {
    "blockspin": blockspin,
    "the five products": products,
    "scikit-learn, float32": lambda *shape: sklearn(*shape, "float32"),
    "scikit-learn, float64": lambda *shape: sklearn(*shape, "float64"),
    "rbms": rbms,
    "learnergy": learnergy,
}


def main(name: str, threads: int, n: int) -> None:
    """Answer until the input ends."""
    if hasattr(os, "sched_setaffinity"):  # before a library starts threads: they take all processors that they see
        os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[:threads]))
    program, answers = cache(lambda *shape: PROGRAMS[name](n, *shape)), sys.stdout
    sys.stdout = sys.stderr  # what peers print must not mix with the answers
    for line in sys.stdin:
        epoch = program(*json.loads(line))
        clocks = (time.process_time, time.perf_counter)
        before = [clock() for clock in clocks]
        epoch()
        print(
            json.dumps([clock() - then for clock, then in zip(clocks, before, strict=True)]), file=answers, flush=True
        )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
