"""How often the verdict is wrong: maps and samples whose answer is known, over seeds.

    ./run python benchmarks/verdicts.py measure FILE [--seeds 1-200] [--shapes 16,32] [--workers 2]
    ./run python benchmarks/verdicts.py report FILE
    ./run python benchmarks/verdicts.py changes

`measure` appends a line a seed, size and case to FILE and goes on where it stopped; `report` applies the rules to the
stored numbers: the table of docs/judge.md (seeds 101-200), and how the rates move with the judge's two thresholds on
the seeds on which they were chosen (1-100). `changes` prints the verdicts of stored cards (docs/extracts) that have the
criterion `manifold`, or moved by the exponents' distances from exact, and judges an RSMI map.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import numpy as np
import typer
import xarray as xr
from sklearn.decomposition import PCA
from sklearn.preprocessing import FunctionTransformer
from sklearn.random_projection import GaussianRandomProjection
from threadpoolctl import threadpool_limits

import blockspin as bs
from blockspin.judging import Evidence, Measured, Scorecard, Subject, measure_subject, reference, rules, scorecard
from blockspin.judging.nulls import cheap
from blockspin.judging.verdict import Verdict
from blockspin.models import KC_SQUARE
from blockspin.samples import make, to_matrix
from blockspin.statistics import Estimate

DRAWS, CHAINS = 2000, 50
CRITERIA = ("locality", "tiling", "spectrum", "manifold")  # those that the verdict rests on
CHOSEN, REPORTED = range(1, 101), range(101, 201)
app = typer.Typer(add_completion=False)


def cases(lattice: bs.Lattice, seed: int) -> Iterator[tuple[str, Any, xr.DataArray]]:
    """Name, fitted map and samples of each case; only "majority" on critical samples renormalizes."""
    random = np.random.default_rng([seed, 7])
    critical = bs.sample(bs.Ising(lattice, KC_SQUARE), DRAWS, seed=seed, chains=CHAINS)
    X, M = to_matrix(critical), lattice.n_sites // 4
    majority = bs.Majority(lattice, 2, random_state=seed).fit(X)
    weights = random.normal(size=(lattice.n_sites, M))
    yield "majority", majority, critical
    yield "identity", FunctionTransformer().fit(X), critical
    yield "decimation", bs.Decimation(lattice, 2).fit(X), critical
    yield "random projection", GaussianRandomProjection(M, random_state=seed).fit(X), critical
    yield "PCA", PCA(M, random_state=seed).fit(X), critical
    yield "random map", FunctionTransformer(lambda rows: np.where(rows @ weights > 0, 1, -1)).fit(X), critical
    sites = np.where(random.random(critical.shape) < 0.5, 1, -1)
    yield "majority, independent sites", majority, make(sites, lattice)
    permuted = X[:, random.permutation(lattice.n_sites)].reshape(critical.shape)
    yield "majority, permuted sites", majority, make(permuted, lattice)


def measured(lattice: bs.Lattice, seed: int) -> Iterator[dict[str, Any]]:
    """What the judge measures of every case, before any rule: as `bs.judge(map, samples, critical=samples)` does."""
    for name, one, samples in cases(lattice, seed):
        evidence = Evidence(samples, critical=samples, seed=seed)
        subject = Subject(one, evidence, name=name)
        nulls = {label: Subject(null, evidence, name=label) for label, null in cheap(one, evidence.X, seed).items()}
        rule = reference(evidence, subject.b, seed=seed, criteria=CRITERIA)
        yield {
            "case": name,
            "L": lattice.shape[0],
            "seed": seed,
            "map": measure_subject(subject, CRITERIA).to_dict(),
            "nulls": [measure_subject(null, CRITERIA, kind=label).to_dict() for label, null in nulls.items()],
            "reference": None if rule is None else rule.to_dict(),
        }


def card(row: dict[str, Any]) -> Scorecard:
    """The scorecard of a stored line."""
    stored = row["reference"]
    rule = None if stored is None else Measured.from_dict(stored)
    return scorecard(Measured.from_dict(row["map"]), [Measured.from_dict(null) for null in row["nulls"]], rule)


def lines(L: int, seed: int) -> list[str]:
    """The cases of one seed and size as lines of JSON."""
    with threadpool_limits(1):
        return [json.dumps(row) for row in measured(bs.Lattice.square(L), seed)]


@app.command("measure")
def run(file: Path, seeds: str = "1-200", shapes: str = "16,32", workers: int = 2) -> None:
    """Measure all cases of the seeds and sizes that FILE does not hold yet."""
    first, last = map(int, seeds.split("-"))
    done = {(row["L"], row["seed"]) for row in stored(file)} if file.exists() else set()
    wanted = [(L, seed) for seed in range(first, last + 1) for L in map(int, shapes.split(","))]
    with ProcessPoolExecutor(workers) as pool, file.open("a") as out:
        waiting = [pool.submit(lines, *one) for one in wanted if one not in done]
        for number, future in enumerate(as_completed(waiting), start=1):
            out.write("\n".join(future.result()) + "\n")
            out.flush()
            print(f"\r{number} of {len(waiting)}", end="", file=sys.stderr)


def stored(file: Path) -> list[dict[str, Any]]:
    """All lines of a file."""
    return [json.loads(line) for line in file.read_text().splitlines()]


@app.command()
def report(file: Path) -> None:
    """Print the rates as Markdown."""
    rows = stored(file)
    names = list(dict.fromkeys(row["case"] for row in rows))
    for L in sorted({row["L"] for row in rows}):
        print(f"\n{L} x {L}, {DRAWS} draws, seeds {REPORTED.start}-{REPORTED.stop - 1}\n")
        print(f"| case | seeds | {' | '.join(Verdict)} |\n|---|---|{'---|' * len(Verdict)}")
        for name in names:
            found = [
                card(row).verdict for row in rows if (row["case"], row["L"]) == (name, L) and row["seed"] in REPORTED
            ]
            counts = Counter(found)
            print(f"| {name} | {len(found)} | {' | '.join(str(counts[one]) for one in Verdict)} |")
    print(
        f"\nrenormalizes by the standard errors that a comparison must clear, seeds {CHOSEN.start}-{CHOSEN.stop - 1}\n"
    )
    sigmas = (0.0, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0)
    print(f"| L | case | {' | '.join(f'{one:g}' for one in sigmas)} |\n|---|---|{'---|' * len(sigmas)}")
    kept = rules.SIGMAS
    for L in sorted({row["L"] for row in rows}):
        for name in names:
            some = [row for row in rows if (row["case"], row["L"]) == (name, L) and row["seed"] in CHOSEN]
            counted = []
            for rules.SIGMAS in sigmas:
                counted.append(sum(card(row).verdict is Verdict.RENORMALIZES for row in some))
            print(f"| {L} | {name} | {' | '.join(map(str, counted))} |")
    rules.SIGMAS = kept


@app.command()
def changes(L: int = 32, draws: int = 10_000) -> None:
    """Print as Markdown the verdicts before `manifold` and "renormalizes roughly", and now."""
    print("| maps | before | now | distance from the exact row |\n|---|---|---|---|")
    for file in sorted((Path(__file__).parents[1] / "docs" / "extracts").glob("*.json")):
        extract = json.loads(file.read_text())
        for one in extract["maps"]:
            row = one["quantities"].get("off the exact row")
            if row or one["verdict"] == Verdict.ROUGHLY:
                before = Verdict.RENORMALIZES if one["verdict"] == Verdict.ROUGHLY else one["verdict"]
                found = f"{Estimate(row['value'], row['error'])}, {row['outcome']}" if row else "not measured"
                print(f"| {file.stem}: {one['map']}, layer {one['layer']} | {before} | {one['verdict']} | {found} |")
    critical = bs.sample(bs.Ising(bs.Lattice.square(L), KC_SQUARE), draws, seed=1, chains=CHAINS)
    rsmi = bs.RSMI(bs.Lattice.square(L), random_state=1).fit(to_matrix(critical), chains=CHAINS)
    judged = bs.judge(rsmi, critical, critical=critical, criteria=CRITERIA)
    before = Scorecard("", 1, 2.0, tuple(row for row in judged.rows if row.criterion != "manifold")).verdict
    row = judged.row("manifold", "distance from the exact row")
    assert row is not None
    print(f"| RSMI | {before} | {judged.verdict} | {row.distance}, {row.outcome} |")
    print(judged)


if __name__ == "__main__":
    app()
