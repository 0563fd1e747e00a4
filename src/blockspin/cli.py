"""The command line: each command is a function here. Commands import the heavy packages that they need."""

from __future__ import annotations

import errno
import os
import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from blockspin import choices
from blockspin.files import check_place, reason, write_json

EXIT_CODES = "Exit codes: 0 done; 1 a task failed or the disk did; 2 wrong usage, settings or input; 130 interrupted."
FAILED, WRONG, INTERRUPTED = 1, 2, 130
NO_FILE = (errno.ENOENT, errno.EISDIR, errno.ENOTDIR, errno.ELOOP)  # what was named is no file: wrong input
FILES = ".nc, or your own data in .npy, .npz, .csv, .txt, .dat, .h5 or .hdf5"

app = typer.Typer(
    help="Does a learned coarse-graining of lattice data renormalize? Run the experiments, or judge your own map.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


Shape = Annotated[str | None, typer.Option(help="The lattice of data with flat sites, as in 40x40.")]
Letters = Annotated[
    str | None,
    typer.Option(
        help="How to read the values of your own data: -1,0,1 as numbers, labels:3 as Potts states, else spins."
    ),
]
Reading = Annotated[
    list[str] | None,
    typer.Option(
        "--read",
        metavar="NAME=VALUE",
        help="Another option of bs.read_samples, as in axis=-1, lattice=triangular, binarize=sign, T=temperatures.txt, "
        "series=True; may be repeated.",
    ),
]
Device = Annotated[str, typer.Option(help="Where JAX computes: cpu, gpu, or auto, a GPU if one works, else the CPU.")]


runs = typer.Typer(help="The folders of runs: list them, delete what they no longer need.", no_args_is_help=True)
app.add_typer(runs, name="runs", epilog=EXIT_CODES)


def main() -> None:
    """The command line; `blockspin.__main__` puts it into a process that Ctrl-C ends."""
    app(prog_name="blockspin")


def _version(wanted: bool) -> None:
    if wanted:
        from blockspin import __version__

        typer.echo(f"blockspin {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Does a learned coarse-graining of lattice data renormalize? Run the experiments, or judge your own map."""


@app.command(epilog=EXIT_CODES)
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
    with _one_line():
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
        with _one_line(SettingsError, Damaged, failed=(StoreError, ClusterError)):
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
                _compute_on(device)
            try:
                with Shown(first=unused(plan, folder)) as display:
                    concluded = run_plan(plan, folder, workers=workers, cluster=cluster, shard=part, display=display)
            except TaskFailed as error:
                _stop(f"{error} ({folder / 'log.jsonl'}); {again}", FAILED)
            except KeyboardInterrupt:
                _stop(f"interrupted; {again}: {shlex.join(['blockspin', *sys.argv[1:]])}", INTERRUPTED)
        if concluded is None:
            typer.echo(f"{folder}: share {shard} is done; the last share to end writes the report")
            return
        typer.echo(closing(concluded))
        typer.echo(folder / REPORT)


@app.command("list", epilog=EXIT_CODES)
def list_(
    experiment: Annotated[
        str | None, typer.Argument(metavar="EXPERIMENT", help="Show the settings of this experiment instead.")
    ] = None,
) -> None:
    """Show the experiments with their presets, the models, the maps and the judge's criteria.

    With an experiment: show each setting with its type, default and value in the first preset, as --set takes it.
    """
    with _one_line(ValueError):
        from inspect import getdoc

        from blockspin.coarse import MAPS
        from blockspin.experiments import EXPERIMENTS, find
        from blockspin.models import MODELS

        if experiment is not None:
            from blockspin.runs.described import described
            from blockspin.runs.settings import build

            found = find(experiment)
            first, preset = next(iter(found.presets.items()))
            rows = described(found.Settings.model_construct(), build(found.Settings, preset))
            told = {name: f"{kind}; default {one}; {first} {other}" for name, kind, one, other in rows}
            _print_table(f"settings of {found.name}, presets {', '.join(found.presets)}", told)
            return
        experiments = {name: find(name) for name in EXPERIMENTS}
        _print_table("experiments", {name: found.summary for name, found in experiments.items()})
        _print_table("presets", {name: ", ".join(found.presets) for name, found in experiments.items()})
        _print_table("models", {name: (getdoc(model) or "").partition("\n")[0] for name, model in MODELS.items()})
        _print_table("maps", {name: choices.summary(place) for name, place in MAPS.items()})
        _print_table("criteria", choices.criteria())


@app.command(epilog=EXIT_CODES)
def sample(
    model: Annotated[
        str,
        typer.Argument(metavar="MODEL", help="Such as ising (`blockspin list` shows all), or package.module:Class."),
    ],
    shape: Annotated[
        str, typer.Option(help="The lattice: 100 is a ring, 40x40 a square lattice on a torus, 8x8x8 a cubic one.")
    ],
    n: Annotated[int, typer.Option("-n", "--number", min=1, help="Number of configurations.")],
    out: Annotated[Path, typer.Option(help="The file to write, .nc.")],
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="A setting of the model, as in K=0.44, or K=0.37,0.05 for shells of neighbours; may be repeated.",
        ),
    ] = None,
    lattice: Annotated[
        str | None, typer.Option(help="The kind of the lattice, such as triangular [default: by the shape].")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The seed of all random numbers.")] = 1,
    chains: Annotated[
        int | None,
        typer.Option(min=1, help="Independent chains, over which errors are computed [default: the sampler chooses]."),
    ] = None,
    algorithm: Annotated[str, typer.Option(help="The algorithm; auto takes the fastest for the model.")] = "auto",
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
    device: Annotated[str, typer.Option(help="cpu, or gpu, for Ising spins on a square lattice: other draws.")] = "cpu",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print algorithm, number of draws and size; draw nothing.")
    ] = False,
) -> None:
    """Draw equilibrium configurations of a model and write them to a netCDF file, one bit a spin.

    Draws are written to disk during the run. Interrupted? Run the same command again: it resumes. A file
    that holds the same samples is not changed.
    """
    with _one_line(ValueError, TypeError, RuntimeError):
        if out.suffix != ".nc":
            raise ValueError(f"samples are written as .nc; got {out.name!r}")
        if force or not out.is_file():
            check_place(out)
        drawn_from = choices.model(model, choices.lattice(shape, lattice), set_ or [])
        how: Any = {"chains": chains, "algorithm": algorithm, "device": device}

        import blockspin as bs
        from blockspin.samples import opened
        from blockspin.sampling.sample import forecast

        if dry_run:
            foreseen = forecast(drawn_from, n, **how)
            typer.echo(f"{out}: {foreseen}")
            foreseen.check_file(out)
            return
        there = out.exists() and not force
        if device == "gpu" and not there:
            _compute_on(device)
        bs.sample(drawn_from, n, seed=seed, progress=True, out=out, overwrite=force, **how)
        already = ", there already" if there else ""
        with opened(out) as stored:
            size = stored.sizes
        typer.echo(f"{out}: {size['chain']} chains of {size['draw']} draws, {drawn_from}{already}")


@app.command(epilog=EXIT_CODES)
def judge(
    samples: Annotated[Path, typer.Argument(metavar="SAMPLES", help=f"Held-out samples: {FILES}.")],
    map_: Annotated[
        list[str],
        typer.Option(
            "--map",
            help="A block rule such as majority (`blockspin list` shows all); or package.module:build, a function that "
            "returns a map (called with the lattice if it takes an argument); or trained weights .npz. Repeat .npz "
            "files, in order, for a stack.",
        ),
    ],
    b: Annotated[int, typer.Option("-b", "--b", min=2, help="The side of a block, for block rules.")] = 2,
    train: Annotated[
        Path | None, typer.Option(help="The training samples: nulls are then retrained on noise, which takes longer.")
    ] = None,
    critical: Annotated[
        list[Path] | None,
        typer.Option(help="Samples at the critical coupling, for the exponents; twice for two critical starts."),
    ] = None,
    shape: Shape = None,
    alphabet: Letters = None,
    read: Reading = None,
    json_: Annotated[Path | None, typer.Option("--json", help="Also write the scorecard to this file.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="The seed of the nulls and of all draws.")] = 0,
    device: Device = "auto",
) -> None:
    """Judge a coarse-graining map on samples: print criteria with errors, nulls and references, and a verdict."""
    with _one_line(ValueError, TypeError, RuntimeError):  # the last of a network of the user's own
        for path in (samples, train, *(critical or []), *(Path(name) for name in map_ if name.endswith(".npz"))):
            if path is not None and not path.is_file():
                raise ValueError(f"no such file: {path}")
        if json_ is not None:
            check_place(json_)
        _compute_on(device)

        import blockspin as bs
        from blockspin.judging.files import document
        from blockspin.samples import described

        options = choices.reading(shape, alphabet, read or [])
        data = bs.read_samples(samples, **options)
        training = bs.read_samples(train, **options) if train else None
        starts: list[Any] = [bs.read_samples(path, **options) for path in critical or []]
        sets = data if isinstance(data, dict) else {"": data}
        if len(sets) > 1 and (train or starts):
            raise ValueError(
                f"{samples} holds {len(sets)} sets: judge one file a set where --train or --critical is given"
            )
        name = " + ".join(part if ":" in part else Path(part).stem for part in map_)
        cards = []
        try:
            for one in sets.values():
                typer.echo(f"{samples}: {described(one)}")
                transformer = choices.transformer(map_, one, b)
                at_Kc = starts if len(starts) > 1 else next(iter(starts), None)
                card: Any = bs.judge(
                    transformer, one, train=training, critical=at_Kc, name=name, seed=seed, progress=True
                )
                cards.append(card)
                typer.echo(str(replace(card, samples="")))  # first: a disk that fails must not take the work with it
        finally:
            if json_ is not None and cards:
                write_json(json_, document([card.to_dict() for card in cards]))


@app.command(epilog=EXIT_CODES)
def check(
    samples: Annotated[Path, typer.Argument(metavar="SAMPLES", help=f"Samples: {FILES}.")],
    shape: Shape = None,
    alphabet: Letters = None,
    read: Reading = None,
) -> None:
    """Show what samples hold, how they are read, and which criteria can be requested of them."""
    with _one_line(ValueError, TypeError):
        import blockspin as bs
        from blockspin.judging.examine import examine

        found = bs.read_samples(samples, **choices.reading(shape, alphabet, read or []))
        for one in found.values() if isinstance(found, dict) else [found]:
            typer.echo(f"{samples}: {examine(one)}")


@app.command(epilog=EXIT_CODES)
def report(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a finished run.")],
) -> None:
    """Draw a run's report.html again from its files, without computing."""
    with _one_line(ValueError):
        from blockspin.experiments.run import redraw
        from blockspin.runs.store import ResultError, StoreError

        with _one_line(ResultError, failed=(StoreError,)):
            typer.echo(redraw(folder))


@app.command(epilog=EXIT_CODES)
def explore(
    out: Annotated[Path, typer.Option(help="The file to write, .html.")] = Path("explorer.html"),
    run: Annotated[
        list[Path] | None, typer.Option(metavar="RUN", help="A finished run to show; may be repeated.")
    ] = None,
    docs: Annotated[
        str | None,
        typer.Option(help="The documentation [default: build/docs next to the page, if there]."),
    ] = None,
) -> None:
    """Write a page to play with: a live lattice, block rules and learned layers, their exponents, and the penalty."""
    with _one_line(ValueError):
        from blockspin.experiments.explore import page
        from blockspin.files import write_text
        from blockspin.report.explorer import DOCS
        from blockspin.runs.store import ResultError, StoreError

        check_place(out)
        with _one_line(ResultError, failed=(StoreError,)):
            there = DOCS if (out.parent / DOCS / "index.html").is_file() else ""
            write_text(out, page(run or [], there if docs is None else docs))
        typer.echo(out)


@runs.command("list", epilog=EXIT_CODES)
def runs_list(
    folder: Annotated[Path, typer.Argument(help="The folder that holds the runs, or one run.")] = Path("runs"),
) -> None:
    """Show the runs in a folder: their progress, size, and whether a process is at work there."""
    with _one_line(ValueError):
        from blockspin.experiments.keeping import overview

        for line in overview(folder):
            typer.echo(line)


@runs.command("gc", epilog=EXIT_CODES)
def runs_gc(
    folders: Annotated[list[Path], typer.Argument(metavar="RUN...", help="The runs' folders.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be deleted; delete nothing.")] = False,
) -> None:
    """Delete what runs no longer need: results that their settings do not use, and remains of killed processes."""
    with _one_line(ValueError):
        from blockspin.experiments.keeping import collect
        from blockspin.runs.store import StoreError

        with _one_line(failed=(StoreError,)):
            for folder in folders:
                typer.echo(collect(folder, remove=not dry_run))


def _compute_on(device: str) -> None:
    """Choose where JAX computes, and print why where it is not the GPU that seems to be there."""
    from blockspin.runs import devices

    with _one_line(ValueError):
        if said := devices.choose(device):
            typer.echo(f"blockspin: {said}", err=True)


def _shard(text: str | None) -> tuple[int, int] | None:
    from blockspin.runs.settings import SettingsError

    if text is None:
        return None
    number, slash, of = text.partition("/")
    if not (slash and number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
        raise SettingsError(f"a share reads 3/16, from 1/16 to 16/16; got --shard {text}")
    return int(number), int(of)


@contextmanager
def _one_line(*errors: type[Exception], failed: tuple[type[Exception], ...] = ()) -> Iterator[None]:
    """Errors of input end the command with one line and exit code 2, of disk and tasks with 1, Ctrl-C with 130.

    errors: of input, which come first; failed: of what ends with 1, besides OSError.
    """
    try:
        yield
    except OSError as error:
        if error.errno == errno.EPIPE:
            raise  # whoever read the output has gone: no fault, and typer ends quietly
        if error.filename is None:
            with suppress(OSError):  # what the output did not take must not be tried again at the end
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = WRONG if error.errno in NO_FILE else FAILED
        _stop(f"{error.filename or 'the output'}: {reason(error)}", code)
    except errors as error:
        _stop(str(error), WRONG)
    except failed as error:
        _stop(str(error), FAILED)
    except KeyboardInterrupt:
        _stop("interrupted", INTERRUPTED)


def _stop(message: str, code: int) -> NoReturn:
    typer.echo(f"blockspin: {message}", err=True)
    raise typer.Exit(code)


def _print_table(title: str, rows: Mapping[str, str]) -> None:
    width = max(map(len, rows), default=0)
    typer.echo(f"{title}:")
    for name, text in rows.items():
        typer.echo(f"  {name.ljust(width)}  {text}")


if __name__ == "__main__":
    main()
