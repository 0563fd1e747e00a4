"""`blockspin list`: what there is to choose from."""

from collections.abc import Mapping
from typing import Annotated

import typer

from blockspin.cli import choices
from blockspin.cli.endings import one_line


def list_(
    experiment: Annotated[
        str | None, typer.Argument(metavar="EXPERIMENT", help="Show the settings of this experiment instead.")
    ] = None,
) -> None:
    """Show the experiments with their presets, the models, the maps and the judge's criteria.

    With an experiment: show each setting with its type, default and value in the first preset, as --set takes it.
    """
    with one_line(ValueError):
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
            words = {name: f"{kind}; default {one}; {first} {other}" for name, kind, one, other in rows}
            _print_table(f"settings of {found.name}, presets {', '.join(found.presets)}", words)
            return
        experiments = {name: find(name) for name in EXPERIMENTS}
        _print_table("experiments", {name: found.summary for name, found in experiments.items()})
        _print_table("presets", {name: ", ".join(found.presets) for name, found in experiments.items()})
        _print_table("models", {name: (getdoc(model) or "").partition("\n")[0] for name, model in MODELS.items()})
        _print_table("maps", {name: choices.summary(place) for name, place in MAPS.items()})
        _print_table("criteria", choices.criteria())


def _print_table(title: str, rows: Mapping[str, str]) -> None:
    width = max(map(len, rows), default=0)
    typer.echo(f"{title}:")
    for name, text in rows.items():
        typer.echo(f"  {name.ljust(width)}  {text}")
