"""Write docs/benchmarks.md: what the parts measure is kept, and fills in the words of docs/extracts/benchmarks/page.md.

    ./run python benchmarks/page.py                        # all parts, about half an hour
    ./run python benchmarks/page.py --only sampling rbm    # these parts; the others keep their numbers
    ./run python benchmarks/page.py --only                 # no part: after a change of the words

A part is a module next to this file. Its `measure` returns numbers and tables, a dictionary a row; peers that it needs
are installed into benchmarks/.peers. Ratios within one run are what counts: the load of the computer is kept with them.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import jinja2
from llvmlite.binding import get_host_cpu_features

from blockspin.runs import provenance

HERE = Path(__file__).resolve().parent
DOCS = HERE.parent / "docs"
KEPT = DOCS / "extracts" / "benchmarks"
PARTS = ("sampling", "dimers", "mcrg", "rbm", "ensembles", "rsmi")
VECTORS = {"avx2": "AVX2", "avx512f": "AVX-512", "neon": "NEON", "sve": "SVE"}
DECIDE = ("python", "numpy", "numba", "jax", "scikit-learn")


def measured(part: str) -> dict[str, Any]:
    """What a part finds, when, and on what."""
    before, features = os.getloadavg()[0], get_host_cpu_features()
    found = import_module(part).measure()
    versions, computer = provenance.versions(), provenance.machine()
    return {
        "day": datetime.date.today().isoformat(),
        "commit": (provenance.commit(Path(provenance.__file__).parent) or {"hash": "unknown"})["hash"][:7],
        "processor": computer["cpu"],
        "vectors": [name for feature, name in VECTORS.items() if features.get(feature)],
        "cores": computer["cores"],
        "load": [before, os.getloadavg()[0]],
        "versions": {name: versions[name] for name in DECIDE},
        "found": found,
    }


def written() -> str:
    """docs/benchmarks.md, from what is kept."""
    parts = {part: json.loads((KEPT / f"{part}.json").read_text()) for part in PARTS}
    words = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True, trim_blocks=True)
    found = {part: one["found"] for part, one in parts.items()}
    return words.from_string((KEPT / "page.md").read_text()).render(table=table, cell=cell, parts=parts, **found)


def table(rows: list[dict[str, Any]]) -> str:
    """Rows as Markdown; the first names the columns."""
    lines = [list(rows[0]), ["---"] * len(rows[0]), *([cell(value) for value in row.values()] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cell(value: Any) -> str:
    """Three digits of a number; words as they are."""
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return "" if value is None else str(value)


def main(parts: list[str]) -> None:
    """Measure, keep and write."""
    for part in parts:
        with ProcessPoolExecutor(1, get_context("spawn")) as alone:  # threads and settings of one part end with it
            found = alone.submit(measured, part).result()
        short = json.loads(json.dumps(found), parse_float=lambda text: float(f"{float(text):.4g}"))
        (KEPT / f"{part}.json").write_text(json.dumps(short, indent=1, ensure_ascii=False) + "\n")
        print(*(table(rows) for rows in short["found"].values() if isinstance(rows, list)), sep="\n\n", flush=True)
    (DOCS / "benchmarks.md").write_text(written())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", choices=PARTS, default=PARTS)
    sys.exit(main(parser.parse_args().only))
