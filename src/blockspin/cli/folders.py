"""`blockspin report`, `explore` and `runs`: pages of runs that are there, and their folders."""

from pathlib import Path
from typing import Annotated

import typer

from blockspin.cli.endings import one_line
from blockspin.files import check_place


def report(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a finished run.")],
) -> None:
    """Draw a run's report.html again from its files, without computing."""
    with one_line(ValueError):
        from blockspin.experiments.run import redraw
        from blockspin.runs.store import ResultError, StoreError

        with one_line(ResultError, failed=(StoreError,)):
            typer.echo(redraw(folder))


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
    with one_line(ValueError):
        from blockspin.experiments.explore import page
        from blockspin.files import write_text
        from blockspin.report.explorer import DOCS
        from blockspin.runs.store import ResultError, StoreError

        check_place(out)
        with one_line(ResultError, failed=(StoreError,)):
            there = DOCS if (out.parent / DOCS / "index.html").is_file() else ""
            write_text(out, page(run or [], there if docs is None else docs))
        typer.echo(out)


def runs_list(
    folder: Annotated[Path, typer.Argument(help="The folder that holds the runs, or one run.")] = Path("runs"),
) -> None:
    """Show the runs in a folder: their progress, size, and whether a process is at work there."""
    with one_line(ValueError):
        from blockspin.experiments.keeping import overview

        for line in overview(folder):
            typer.echo(line)


def runs_gc(
    folders: Annotated[list[Path], typer.Argument(metavar="RUN...", help="The runs' folders.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be deleted; delete nothing.")] = False,
) -> None:
    """Delete what runs no longer need: results that their settings do not use, and remains of killed processes."""
    with one_line(ValueError):
        from blockspin.experiments.keeping import collect
        from blockspin.runs.store import StoreError

        with one_line(failed=(StoreError,)):
            for folder in folders:
                typer.echo(collect(folder, remove=not dry_run))
