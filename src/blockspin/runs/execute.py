"""Execute tasks in the order of their dependence, skipping what is stored: here, in processes, or on a cluster.

Every result is on disk before its task counts as done, and a task reads its parents' results from disk, so a
run killed at any instant goes on where it was and ends with the same numbers. Several runs may work on one store.
"""

from collections.abc import Sequence

from blockspin.runs.costs import beside, measured
from blockspin.runs.display import Display
from blockspin.runs.interrupts import hearing
from blockspin.runs.schedule import Schedule, Workers
from blockspin.runs.store import Store
from blockspin.runs.task import Task, ordered


def execute(
    tasks: Sequence[Task],
    store: Store,
    *,
    workers: int = 1,
    cluster: str | None = None,
    progress: Display | None = None,
) -> None:
    """Run the tasks and all that they build on, skipping those whose result is stored and intact.

    workers: 1 runs in this process; more run in as many new processes, each with its share of the cores (the
    calling script then needs the usual ``if __name__ == "__main__"``). cluster: the address of a Dask scheduler, or a
    file of dask-jobqueue, of whose jobs `workers` are kept; their workers see the store's folder under the same path.
    Other runs may be at work on the store: what one has in hand the others leave to it, and wait for.
    A task that fails stops only what depends on it; one that brings its process down is tried three times. Raises
    TaskFailed at the end where any failed, StoreError at once where a result cannot be written, ClusterError where a
    scheduler cannot be reached, ValueError for workers < 1, KeyboardInterrupt on Ctrl-C; the same call then goes on
    from what is stored.
    """
    if workers < 1:
        raise ValueError(f"workers must be at least 1; got {workers}")
    display = Display() if progress is None else progress
    with store.at_work(), hearing() as interrupts:
        state = Schedule(tasks, store, display, interrupts)
        display.begin(state.plan, state.finished, measured(beside(store.folder)), workers)
        processes = min(workers, len(state.left))
        with interrupts.finally_do(store.leave), interrupts.finally_do(lambda: store.log("interrupted")):
            if cluster is not None and state.left:
                from blockspin.runs.cluster import on_cluster

                on_cluster(state, cluster, workers)
            elif processes > 1:
                from blockspin.runs.processes import Processes

                state.run(Processes(state, processes))
            else:
                state.run(Workers(state))
    state.check()


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
