"""Keeping house among runs' folders: what is there, and what of it no settings ask for any more."""

from collections.abc import Iterator
from pathlib import Path

from blockspin import locks
from blockspin.experiments.plan import stored_plan, told_bytes
from blockspin.experiments.run import REPORT
from blockspin.runs import settings as settings_file
from blockspin.runs.settings import SettingsError
from blockspin.runs.store import Store, StoreError
from blockspin.runs.task import ordered
from blockspin.seals import check_sums


def overview(folder: Path) -> Iterator[str]:
    """A line a run in the folder, or of its own run: name, experiment, tasks, size, state. Raises SettingsError."""
    folder = folder.resolve()
    runs = sorted(path.parent for place in ("", "*/") for path in folder.glob(f"{place}{settings_file.FILE}"))
    if not runs:
        raise SettingsError(f"{folder} holds no run (no folder in it has a {settings_file.FILE})")
    width = max(len(run.name) for run in runs)
    for run in runs:
        yield f"{run.name.ljust(width)}  {_state(run)}"


def collect(folder: Path, *, remove: bool = True) -> str:
    """Remove the stored results that the folder's settings do not ask for and what kills left behind; says what.

    Raises SettingsError where the folder is not a run's, `Damaged` where its settings are not what the run wrote,
    StoreError where a run is at work there.
    """
    needed = {task.key for task in ordered(stored_plan(folder).tasks)}
    check_sums(folder, [settings_file.FILE])  # settings that were damaged ask for nothing that is there
    store = Store(folder)
    with locks.presence(store.tasks / locks.LOCK) as alone:
        if not alone:
            raise StoreError(f"a run is at work in {folder}: wait for it, then try again")
        spare = [path for path in store.tasks.glob("*.npz") if path.stem not in needed]
        size = sum(path.lstat().st_size for path in spare)
        if remove:
            store.sweep()
            for path in spare:
                path.unlink()
    said = "freed" if remove else "would free"
    return f"{folder}: {said} {told_bytes(size)} in {len(spare)} results that its settings do not use"


def _state(run: Path) -> str:
    files = list((run / "tasks").glob("*.npz"))
    size = told_bytes(sum(path.lstat().st_size for path in files))
    try:
        plan = stored_plan(run)
        needed = {task.key for task in ordered(plan.tasks)}
    except SettingsError as error:
        return f"{len(files)} results, {size}: {error}"
    done = sum(path.stem in needed for path in files)
    spare = f", {len(files) - done} spare" if len(files) > done else ""
    if _at_work(run):
        state = "at work"
    elif (run / REPORT).exists() and done == len(needed):
        state = "finished"
    else:
        state = "stopped"
    return f"{plan.experiment.name} {plan.preset}, {done} of {len(needed)} tasks{spare}, {size}, {state}"


def _at_work(run: Path) -> bool:
    lock = run / "tasks" / locks.LOCK
    if not lock.exists():
        return False
    try:
        with locks.presence(lock) as alone:
            return not alone
    except OSError:  # somebody else's folder
        return False
