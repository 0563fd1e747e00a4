"""Write the tables of docs/reference/values.md from models/references.toml: ./run python docs/values.py"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import blockspin as bs
from blockspin.models import references

PAGE = Path(__file__).parent / "reference" / "values.md"
BEGINS = "## ising-2d\n"  # what is above is written by hand


def stored() -> dict[str, Any]:
    """The file as it is."""
    return tomllib.loads(Path(references.__file__).with_suffix(".toml").read_text(encoding="utf-8"))


def _values(name: str) -> Iterator[str]:
    yield f"## {name}\n\n| quantity | value | as printed | method | source | DOI |\n|---|---|---|---|---|---|"
    for row in bs.reference(name)._rows():
        source = f"{row['authors']}, {row['journal']} ({row['year']})"
        link = f"[{row['doi']}](<https://doi.org/{row['doi']}>)"
        yield f"| `{row['quantity']}` | {row['value']} | `{row['quoted']}` | {row['method']} | {source} | {link} |"
    yield ""


def _tensions() -> Iterator[str]:
    yield "## Sources that differ\n\nBy more than 2 combined errors, of all pairs of values of one quantity above.\n"
    yield "| model | quantity | sources | errors | a reason |\n|---|---|---|---|---|"
    for one in stored()["tensions"]:
        known = {value.key: value for value in bs.reference(one["model"]).all(one["quantity"])}
        first, second = (known[key] for key in one["between"])
        pair = " and ".join(f"{value.authors} ({value.year})" for value in (first, second))
        yield f"| {one['model']} | `{one['quantity']}` | {pair} | {first.z(second):+.1f} | {one['reason']} |"


def written(page: str) -> str:
    """The page with its tables made anew."""
    lines = [*(line for name in stored()["models"] for line in _values(name)), *_tensions()]
    return page.partition(BEGINS)[0] + "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
