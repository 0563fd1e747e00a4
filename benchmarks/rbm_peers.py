"""Epochs of the torch machines rbms and learnergy when rbm.py asks for them; one JSON line each way.

Runs in an environment of their own. rbms 0.6.0 is made for Python 3.12: on 3.11 `typing.override` is put in its place.
"""

from __future__ import annotations

import json
import os
import sys
import time
import typing
from functools import cache
from typing import Any

THREADS, ROWS = int(sys.argv[1]), int(sys.argv[2])
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[:THREADS]))

import torch  # noqa: E402

torch.set_num_threads(THREADS)
torch.manual_seed(0)
BATCH = 100


@cache
def rows(n_visible: int) -> torch.Tensor:
    """The rows, 0/1."""
    return (torch.rand(ROWS, n_visible) < 0.5).float()


@cache
def rbms(n_visible: int, n_hidden: int) -> Any:
    """PCD-1 by its own gradient, sampler, data set and torch's SGD with momentum; without its checkpoints."""
    if not hasattr(typing, "override"):
        from typing_extensions import override

        typing.override = override  # type: ignore[attr-defined]
    import numpy as np
    from rbms.bernoulli_bernoulli.classes import BBRBM
    from rbms.dataset.dataset_class import RBMDataset
    from rbms.sampler.pcd import PCD

    X = rows(n_visible).numpy()
    about = (np.zeros(ROWS), np.ones(ROWS), np.arange(ROWS).astype(str))
    dataset = RBMDataset(X, *about, "rows", "bernoulli", device="cpu")
    machine = BBRBM.init_parameters(n_hidden, dataset, torch.device("cpu"), torch.float32)
    sampler = PCD(machine, machine.init_chains(BATCH), num_steps=1)
    optimizer = torch.optim.SGD(machine.parameters(), lr=0.1, momentum=0.5, maximize=True)

    def epoch() -> None:
        for _ in range(ROWS // BATCH):
            batch = dataset.batch(BATCH)
            start = machine.init_chains(BATCH, weights=batch["weights"], start_v=batch["data"])
            machine.compute_gradient(data=start, chains=sampler.get_conf_grad(batch=batch["data"]), centered=False)
            optimizer.step()
            sampler.post_grad_update(params=machine)

    return torch.no_grad()(epoch)


@cache
def learnergy(n_visible: int, n_hidden: int) -> Any:
    """CD-1 by its `fit`, one epoch of it."""
    import logging

    from learnergy.core.dataset import Dataset
    from learnergy.models.bernoulli import RBM

    logging.disable(logging.CRITICAL)
    dataset = Dataset(rows(n_visible), torch.zeros(ROWS), show_log=False)
    machine = RBM(n_visible, n_hidden, steps=1, learning_rate=0.1, momentum=0.5)
    return lambda: machine.fit(dataset, batch_size=BATCH, epochs=1)


def main() -> None:
    """Answer until the input ends."""
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            epoch = {"rbms": rbms, "learnergy": learnergy}[asked["what"]](asked["visible"], asked["hidden"])
            start, wall = time.process_time(), time.perf_counter()
            epoch()
            answer: dict[str, object] = {
                "processor": time.process_time() - start,
                "wall": time.perf_counter() - wall,
            }
        except Exception as error:  # whatever a peer raises: the others go on without it
            answer = {"why": repr(error)}
        print(json.dumps(answer), file=sys.__stdout__, flush=True)


if __name__ == "__main__":
    sys.stdout = sys.stderr  # what peers print must not mix with the answers
    main()
