"""`blockspin sample` and `blockspin check`: draw samples into a file; see what a file holds."""

from pathlib import Path
from typing import Annotated, Any

import typer

from blockspin.cli import choices
from blockspin.cli.endings import compute_on, one_line
from blockspin.files import check_place

FILES = ".nc, or your own data in .npy, .npz, .csv, .txt, .dat, .h5 or .hdf5"
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
    with one_line(ValueError, TypeError, RuntimeError):
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
            compute_on(device)
        bs.sample(drawn_from, n, seed=seed, progress=True, out=out, overwrite=force, **how)
        already = ", there already" if there else ""
        with opened(out) as stored:
            size = stored.sizes
        typer.echo(f"{out}: {size['chain']} chains of {size['draw']} draws, {drawn_from}{already}")


def check(
    samples: Annotated[Path, typer.Argument(metavar="SAMPLES", help=f"Samples: {FILES}.")],
    shape: Shape = None,
    alphabet: Letters = None,
    read: Reading = None,
) -> None:
    """Show what samples hold, how they are read, and which criteria can be requested of them."""
    with one_line(ValueError, TypeError):
        import blockspin as bs
        from blockspin.judging.examine import examine

        found = bs.read_samples(samples, **choices.reading(shape, alphabet, read or []))
        for one in found.values() if isinstance(found, dict) else [found]:
            typer.echo(f"{samples}: {examine(one)}")
