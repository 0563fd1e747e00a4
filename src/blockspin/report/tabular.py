"""What results share: a pandas DataFrame, rows that JSON takes, a table in a notebook and a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from blockspin.statistics import UNDEFINED

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T", bound="Tabular")


class Tabular:
    """A result that is a table: a class says what its rows are, each with an `Estimate` as its "value"."""

    x = ""  # the column that a picture goes along

    def _rows(self) -> list[dict[str, Any]]:
        raise NotImplementedError

    def to_dict(self) -> dict[str, Any]:
        """What JSON takes, {"rows": [...]}: the rows of `to_dataframe`, null where there is no number."""
        rows = [_numbers(row).items() for row in self._rows()]
        return {"rows": [{name: None if one != one else one for name, one in row} for row in rows]}

    def to_dataframe(self) -> pd.DataFrame:
        """A pandas DataFrame, a row a number: what it is, value, error, why it was refused and with what value."""
        import pandas as pd

        return pd.DataFrame([_numbers(row) for row in self._rows()])

    def plot(self, ax: Any = None) -> Any:
        """The values with their errors by the column `x`, on matplotlib's axes `ax` or new ones; returns the axes."""
        from blockspin.report.drawn import curves

        return curves(self._rows(), self.x, ax)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        from blockspin.report.tables import table

        rows = [row | {"value": str(row["value"]), "why": row["value"].why} for row in self._rows()]
        return str(table([*rows[0]], [[*row.values()] for row in rows]).body)


class Several(Tabular, tuple[T, ...]):
    """Results of one kind, a tuple that is a table too; each: what one of them is of, such as a step."""

    each = ""

    def _rows(self) -> list[dict[str, Any]]:
        return [{self.each: n} | row for n, one in enumerate(self, start=1) for row in one._rows()]

    def __str__(self) -> str:
        return "\n".join(f"{self.each} {n}: {one}" for n, one in enumerate(self, start=1))


def aligned(rows: Sequence[Sequence[Any]]) -> list[str]:
    """Lines of cells, column under column."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(map(str.ljust, line, widths)).rstrip() for line in cells]


def _numbers(row: dict[str, Any]) -> dict[str, Any]:
    one, warned = row["value"], row["value"].warned or UNDEFINED
    found: dict[str, Any] = {}
    for name, entry in row.items():
        found |= {"value": one.value, "error": one.error} if name == "value" else {name: entry}
    more = {"why": one.why, "warned_value": warned.value, "warned_error": warned.error}
    return found if "why" in found else found | more
