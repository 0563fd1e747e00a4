"""Execute tasks in the order of their dependence, skipping what is stored: here, in processes, or on a cluster.

Every result is on disk before its task counts as done, and a task reads its parents' results from disk, so a
run killed at any instant goes on where it was and ends with the same numbers. Several runs may work on one store.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Mapping, Sequence
from typing import Any

from blockspin.runs.costs import beside, measured
from blockspin.runs.display import Display
from blockspin.runs.interrupts import hearing
from blockspin.runs.schedule import Failure, Schedule, TaskFailed
from blockspin.runs.store import Store, StoreError
from blockspin.runs.task import Progress, Task, ordered
from blockspin.runs.work import compute, cores, words

__all__ = ["Failure", "TaskFailed", "cores", "execute", "share_of"]


def execute(
    tasks: Sequence[Task],
    store: Store,
    *,
    workers: int = 1,
    scheduler: str | None = None,
    cluster: Mapping[str, Any] | None = None,
    progress: Display | None = None,
) -> None:
    """Run the tasks and all that they build on, skipping those whose result is stored and intact.

    workers: 1 runs in this process; more run in as many new processes, each with its share of the cores (the
    calling script then needs the usual ``if __name__ == "__main__"``). scheduler: the address of a Dask scheduler
    whose workers see the store's folder under the same path; cluster: what `blockspin.runs.cluster.described` reads.
    Other runs may be at work on the store: what one has in hand the others leave to it, and wait for.
    A task that fails stops only what depends on it; one that brings its process down is tried three times. Raises
    TaskFailed at the end where any failed, StoreError at once where a result cannot be written, ClusterError where a
    scheduler cannot be reached, ValueError for workers < 1, KeyboardInterrupt on Ctrl-C; the same call then goes on
    from what is stored.
    """
    if workers < 1:
        raise ValueError(f"workers must be at least 1; got {workers}")
    display = Display() if progress is None else progress
    elsewhere = scheduler is not None or cluster is not None
    with store.at_work(), hearing() as interrupts:
        display.expect(measured(beside(store.folder)), workers)
        state = Schedule(tasks, store, display, interrupts, claiming=not elsewhere)
        try:
            with interrupts.finally_do(state.close), interrupts.finally_do(lambda: store.log("interrupted")):
                if elsewhere:
                    from blockspin.runs.cluster import on_cluster

                    if state.waiting:
                        on_cluster(state, scheduler, cluster)
                elif min(workers, len(state.waiting)) > 1:
                    from blockspin.runs.processes import in_processes

                    in_processes(state, min(workers, len(state.waiting)))
                else:
                    _in_process(state)
        finally:
            state.close()
    if state.failures:
        raise TaskFailed(state.failures, state.blocked)


def share_of(tasks: Sequence[Task], number: int, of: int) -> list[Task]:
    """Share `number` of `of` (from 1): every of-th of the tasks on which no other builds; parents come with them.

    Shares together are all tasks, whatever of them is done. Raises ValueError where there is no such share.
    """
    if not 1 <= number <= of:
        raise ValueError(f"a share reads 3/16, from 1/16 to 16/16; got {number}/{of}")
    plan = ordered(tasks)
    parents = {parent.key for task in plan for parent in task.parents}
    last = [task for task in plan if task.key not in parents]
    return last[number - 1 :: of]


def _in_process(state: Schedule) -> None:
    while True:
        task = state.ready()
        if task is None:
            if state.over:
                return
            state.rest()
            continue
        state.started(task)
        started = time.monotonic()
        try:
            compute(task, state.store, _reporter(state, task))
        except StoreError:
            raise
        except Exception as error:
            state.interrupts.check()  # a library may have made another error of it
            state.failed(Failure(task, words(error), traceback.format_exc()), time.monotonic() - started)
        else:
            state.succeeded(task, time.monotonic() - started)


def _reporter(state: Schedule, task: Task) -> Progress:
    def report(fraction: float, words: str = "") -> None:
        state.interrupts.check()
        state.display.update(task, fraction, words)

    return report
