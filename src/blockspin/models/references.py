"""Published critical couplings and exponents, each with its error, its source and its DOI (references.toml)."""

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

from blockspin import checks
from blockspin.report.tabular import Tabular, aligned
from blockspin.statistics import Estimate

FOLLOWS: dict[str, tuple[str, Callable[[float, int], float]]] = {
    "nu": ("y_t", lambda nu, d: 1 / nu),
    "alpha": ("y_t", lambda alpha, d: d / (2 - alpha)),
    "Delta_epsilon": ("y_t", lambda dimension, d: d - dimension),
    "Delta_sigma": ("y_h", lambda dimension, d: d - dimension),
    "eta": ("y_h", lambda eta, d: (d + 2 - eta) / 2),
    "gamma/nu": ("y_h", lambda ratio, d: (d + ratio) / 2),
    "beta/nu": ("y_h", lambda ratio, d: d - ratio),
    "y_1": ("omega", lambda y, d: -y),
}
"""What y_t, y_h and omega follow from by scaling relations, hyperscaling among them, in d dimensions."""
SOURCE = ("method", "authors", "journal", "year", "doi")


@dataclass(frozen=True, kw_only=True)
class Published(Estimate):
    """A published value with its error and its source; `quoted` is what the source, of this key, prints.

    Errors are one standard deviation, or half the width of what the bootstrap allows; 0 is exact. method: "exact",
    "bootstrap", "Monte Carlo", "series", "tensor network" or "experiment".
    """

    quantity: str
    quoted: str
    key: str
    method: str
    authors: str
    journal: str
    year: int
    doi: str


@dataclass(frozen=True, repr=False)
class Reference(Tabular):
    """The published values of a model in d dimensions; `reference.y_t` is the recommended value of y_t.

    Examples
    --------
    >>> ising = bs.reference("ising-3d")
    >>> print(ising.y_t, ising.y_t.doi)
    1.5873747(3) 10.48550/arXiv.2411.15300
    >>> [f"{other.authors} {other} {other.z(ising.y_t):+.1f}" for other in ising.all("y_t")[2:4]]
    ['Qian et al. 1.58693(9) -4.9', 'Ferrenberg, Xu and Landau 1.5875(2) +0.7']
    """

    name: str
    d: int
    published: tuple[Published, ...]

    def all(self, quantity: str) -> tuple[Published, ...]:
        """Every published value of a quantity, the recommended one first. Raises ValueError for an unknown one."""
        checks.choice("quantity", quantity, dict.fromkeys(one.quantity for one in self.published))
        return tuple(one for one in self.published if one.quantity == quantity)

    def __getattr__(self, quantity: str) -> Published:
        if quantity.startswith("_") or quantity == "published":  # not set yet, where one is copied
            raise AttributeError(quantity)
        try:
            return self.all(quantity)[0]
        except ValueError as error:
            raise AttributeError(f"{self.name}: {error}") from None

    def _rows(self) -> list[dict[str, Any]]:
        shown = [one for one in self.published if one.quantity not in FOLLOWS]
        return [
            {"quantity": one.quantity, "value": one} | {name: getattr(one, name) for name in ("quoted", *SOURCE)}
            for one in shown
        ]

    def __str__(self) -> str:
        return "\n".join(aligned([[*self._rows()[0]], *([*row.values()] for row in self._rows())]))


def reference(name: str) -> Reference:
    """The published critical coupling and exponents of a model, with errors and sources.

    Parameters
    ----------
    name : str
        "ising-2d", "ising-3d", "potts-3-2d", "potts-4-2d", "xy-3d", "heisenberg-3d", "percolation-2d",
        "percolation-3d", "phi4-2d" or "blume-capel-tricritical-2d".

    Returns
    -------
    Reference
        Its attributes Kc, y_t, y_h and omega (phi^4: f_c) are the recommended values, where there is one; `all` gives
        those of every source. Raises ValueError for another name.

    Examples
    --------
    >>> print(bs.reference("ising-3d").Kc, bs.reference("ising-2d").y_h)
    0.221654626(5) 1.875
    """
    return _references()[checks.choice("name", name, _references())]


@cache
def _references() -> dict[str, Reference]:
    stored = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    found = {}
    for name, model in stored["models"].items():
        known: dict[tuple[str, str], Published] = {}
        for quantity, quoted, key in model["values"]:
            for one in _published(quantity, quoted, key, stored["sources"][key], model["d"]):
                known.setdefault((one.quantity, key), one)  # a source has one value of a quantity
        found[name] = Reference(name, model["d"], tuple(known.values()))
    return found


def _published(quantity: str, quoted: str, key: str, source: list[Any], d: int) -> list[Published]:
    """The value as its source prints it, 0.629912(86) or a fraction, which is exact; and the exponent that follows."""
    about = {"quoted": f"{quantity} = {quoted}", "key": key, **dict(zip(SOURCE, source, strict=True))}
    digits = re.fullmatch(r"(-?\d+\.(\d+))\((\d+)\)", quoted)
    value = float(digits[1] if digits else Fraction(quoted))
    error = float(f"{digits[3]}e-{len(digits[2])}") if digits else 0.0
    made = [Published(value, error, quantity=quantity, **about)]
    if quantity in FOLLOWS:
        exponent, of = FOLLOWS[quantity]
        spread = abs(of(value + error, d) - of(value - error, d)) / 2
        made.append(Published(of(value, d), spread, quantity=exponent, **about))
    return made
