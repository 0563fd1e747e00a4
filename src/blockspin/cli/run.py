"""`blockspin run`: an experiment into a folder, here, in shares, or on a cluster."""

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from blockspin.cli.endings import FAILED, INTERRUPTED, Device, compute_on, one_line, stop


def run(
    experiment: Annotated[str, typer.Argument(metavar="EXPERIMENT", help="A name; `blockspin list` shows all.")],
    preset: Annotated[
        str | None, typer.Option(help="A named set of settings [default: the experiment's first].")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Change one setting, as in a.b=0.44 or sizes=16,24; may be repeated."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The run's folder [default: runs/EXPERIMENT-PRESET].")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="The seed of all random numbers [default: 1].")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Number of processes; they share the tasks and the cores.")] = 1,
    settings: Annotated[
        Path | None,
        typer.Option(help="A TOML file with [settings], [sweep], preset, seed, such as a run's settings.toml."),
    ] = None,
    sweep: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUES",
            help="Run at every value: l1=1e-4:1e-1:8:log, K=0.4,0.44, seeds=3; 'L=16,24 units=64,144' vary together. "
            "May be repeated; runs every combination.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print tasks, expected time and disk space; run nothing.")
    ] = False,
    cluster: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS|FILE",
            help="Run on the workers of a Dask scheduler, as in tcp://host:8786, or in --workers jobs of the batch "
            "system in a .yaml file of dask-jobqueue.",
        ),
    ] = None,
    shard: Annotated[
        str | None,
        typer.Option(metavar="N/OF", help="Run one share of the tasks, as in 3/16; the last writes the report."),
    ] = None,
    device: Device = "auto",
) -> None:
    """Run an experiment and write its report; run again, it resumes.

    Every finished task is on disk. Interrupted? Run the same command again: it resumes and ends with the same numbers.
    A finished run computes nothing again. Several runs may work in one folder at once.
    """
    with one_line():
        from blockspin.experiments import find
        from blockspin.experiments.closing import closing
        from blockspin.experiments.plan import forecast, unused
        from blockspin.experiments.run import REPORT, check_folder, prepare
        from blockspin.experiments.run import run as run_plan
        from blockspin.files import Damaged
        from blockspin.runs.cluster import ClusterError
        from blockspin.runs.cluster import check as check_cluster
        from blockspin.runs.display import Shown
        from blockspin.runs.schedule import TaskFailed
        from blockspin.runs.settings import SettingsError
        from blockspin.runs.store import StoreError

        again = "run the same command again to resume"
        with one_line(SettingsError, Damaged, failed=(StoreError, ClusterError)):
            part = _shard(shard)
            plan = prepare(
                find(experiment),
                preset=preset,
                overrides=tuple(set_ or ()),
                seed=seed,
                sweep=tuple(sweep or ()),
                file=settings,
            )
            folder = out if out is not None else Path("runs") / f"{experiment}-{plan.preset}"
            check_folder(plan, folder)
            if dry_run:
                typer.echo("\n".join(forecast(plan, folder, workers)))
                return
            if cluster is not None:
                if device != "auto":
                    raise SettingsError("--device is for this computer; workers of a cluster follow JAX_PLATFORMS")
                check_cluster(cluster)  # before there is a folder
            else:
                compute_on(device)
            try:
                with Shown(first=unused(plan, folder)) as display:
                    concluded = run_plan(plan, folder, workers=workers, cluster=cluster, shard=part, display=display)
            except TaskFailed as error:
                stop(f"{error} ({folder / 'log.jsonl'}); {again}", FAILED)
            except KeyboardInterrupt:
                stop(f"interrupted; {again}: {shlex.join(['blockspin', *sys.argv[1:]])}", INTERRUPTED)
        if concluded is None:
            typer.echo(f"{folder}: share {shard} is done; the last share to end writes the report")
            return
        typer.echo(closing(concluded))
        typer.echo(folder / REPORT)


def _shard(text: str | None) -> tuple[int, int] | None:
    from blockspin.runs.settings import SettingsError

    if text is None:
        return None
    number, slash, of = text.partition("/")
    if not (slash and number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
        raise SettingsError(f"a share reads 3/16, from 1/16 to 16/16; got --shard {text}")
    return int(number), int(of)
