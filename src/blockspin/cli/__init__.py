"""The command line: each command is a function of its file, which imports the heavy packages when it runs."""

from collections.abc import Callable
from typing import Annotated

import typer

from blockspin.cli.endings import EXIT_CODES
from blockspin.cli.folders import explore, report, runs_gc, runs_list
from blockspin.cli.judge import judge
from blockspin.cli.listed import list_
from blockspin.cli.run import run
from blockspin.cli.samples import check, sample

COMMANDS: dict[str, Callable[..., None]] = {
    "run": run,
    "list": list_,
    "sample": sample,
    "judge": judge,
    "check": check,
    "report": report,
    "explore": explore,
}

app = typer.Typer(
    help="Does a learned coarse-graining of lattice data renormalize? Run the experiments, or judge your own map.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
runs = typer.Typer(help="The folders of runs: list them, delete what they no longer need.", no_args_is_help=True)
app.add_typer(runs, name="runs", epilog=EXIT_CODES)
for name, command in COMMANDS.items():
    app.command(name, epilog=EXIT_CODES)(command)
runs.command("list", epilog=EXIT_CODES)(runs_list)
runs.command("gc", epilog=EXIT_CODES)(runs_gc)


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
