"""`blockspin judge`: a block rule, trained weights or a network of the user's own on samples from a file."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from blockspin.cli import choices
from blockspin.cli.endings import Device, compute_on, one_line
from blockspin.cli.samples import FILES, Letters, Reading, Shape
from blockspin.files import check_place, write_json


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
    trainings: Annotated[
        bool, typer.Option("--trainings", help="The maps are trainings of one map, one a seed, and no stack.")
    ] = False,
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
    with one_line(ValueError, TypeError, RuntimeError):  # the last of a network of the user's own
        for path in (samples, train, *(critical or []), *(Path(name) for name in map_ if name.endswith(".npz"))):
            if path is not None and not path.is_file():
                raise ValueError(f"no such file: {path}")
        if json_ is not None:
            check_place(json_)
        compute_on(device)

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
        name = (", " if trainings else " + ").join(part if ":" in part else Path(part).stem for part in map_)
        cards = []
        try:
            for one in sets.values():
                typer.echo(f"{samples}: {described(one)}")
                maps = [[part] for part in map_] if trainings else [map_]
                given = [choices.transformer(part, one, b) for part in maps]
                at_Kc = starts if len(starts) > 1 else next(iter(starts), None)
                card: Any = bs.judge(given, one, train=training, critical=at_Kc, name=name, seed=seed, progress=True)
                cards.append(card)
                typer.echo(str(replace(card, samples="")))  # first: a disk that fails must not take the work with it
        finally:
            if json_ is not None and cards:
                write_json(json_, document([card.to_dict() for card in cards]))
