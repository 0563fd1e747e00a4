"""The figures and tables of the page; its words are in page.md."""

import math
from collections.abc import Sequence

import numpy as np

from blockspin.experiments.core import Run
from blockspin.experiments.exact_mapping.tasks import SHIFTS, Found, in_words
from blockspin.experiments.stored import Array
from blockspin.report.axes import power
from blockspin.report.forest import Forest, Row, forest
from blockspin.report.lines import Panel, line_plot
from blockspin.report.page import Figure, Table, minus
from blockspin.report.tables import table

RING = (
    "decimation", "majority", "sublattice", "likelihood", "cd", "cd-l2", "cd-l1", "bond", "alternating",
    "likelihood-full", "product", "random",
)  # fmt: skip
LEARNED = ("maximum likelihood", "CD-1")
FLOOR = 1e-6  # the weakest coupling on the scale
ROUNDING = 1e-12  # what is smaller is written as 0
KINDS = {  # (spins, r rounded up for a pair): both as far as they are told apart
    (1, 0): "1 spin", (2, 0): "pairs", (2, 1): "pairs, r = 1", (2, 2): "pairs, r ≤ 2", (2, 3): "pairs, r ≤ 3",
    (2, 4): "pairs, r > 3", (3, 0): "3 spins", (4, 0): "4 spins", (5, 0): "5 and more",
}  # fmt: skip


def flow(run: Run) -> Figure:
    """K' against K."""
    curves = {
        in_words(name): np.column_stack([one.arrays[key] for key in ("K", "K_coarse", "spread")])
        for name, one in run["flows"].items()
    }
    same = {"K' = K: no flow": [(0.0, 0.0), (max(run.settings.flow),) * 2]}
    return line_plot([Panel("K, fine spins", "K', coarse spins", curves, dashed=same, square=True)])


def flow_table(run: Run) -> Table:
    """The same in numbers."""
    flows = {in_words(name): one.arrays for name, one in run["flows"].items()}
    rows = [
        (
            f"{K:g}",
            f"{math.atanh(math.tanh(K) ** 2):.6g}",
            *(_spread(one["K_coarse"][n], one["spread"][n]) for one in flows.values()),
            *(_small(flows[name]["KL"][n]) for name in LEARNED),
        )
        for n, K in enumerate(run.settings.flow)
    ]
    columns = ("K", "tanh K' = tanh^2 K", *flows, *(f"KL, {name}" for name in LEARNED))
    return table(columns, rows, wide=True)


def readings(run: Run) -> Table:
    """Every case with its residuals."""
    columns = ("map", "spins", "K", "|H_RG − H_RBM|", "trace", "trace − c", "KL", "dF", "K' (spread)")
    rows = [
        (
            in_words(one.name),
            _where(one),
            f"{one.K:.6g}",
            *(_small(value) for _, value in one.readings),
            _spread(*one.K_coarse),
        )
        for one in run["cases"].values()
    ]
    return table(columns, rows, wide=True)


def maps(run: Run) -> Table:
    """What each case is."""
    rows = [(f"{in_words(one.name)}, {one.lattice}", one.about) for one in run["cases"].values()]
    return table(("map", "what it is"), rows)


def tuned(run: Run) -> Figure:
    """One RBM tuned through the exact point."""
    found, mark = run["detuned"].arrays, [(run.settings.K, f"K = {run.settings.K:g}")]

    def against_K(key: str, least: float = -math.inf) -> Array:
        return np.column_stack([found["K"], np.where(found[key] > least, found[key], math.nan)])

    zeros = {"KL": against_K("KL", ROUNDING), "trace condition": against_K("trace_spread", ROUNDING)}
    shifts = {
        f"constant {minus(f'{shift:+g}')}" if shift else "exact RBM's constant": against_K(f"dF {shift:+g}")
        for shift in SHIFTS
    }
    left = Panel("K of the RBM", "nats", zeros, "Trace condition and KL", down=mark, y_scale="log")
    return line_plot([left, Panel("K of the RBM", "nats", shifts, "dF", across=[(0.0, "")], down=mark)])


def rows_by_kind(couplings: Array, bodies: Array, ranges: Array) -> list[Row]:
    """Couplings (n,) by their numbers of spins and ranges, nan without positions: a row a kind, for its strongest."""
    spins = np.minimum(bodies, 5)
    near = np.where(spins == 2, np.minimum(np.ceil(np.nan_to_num(ranges) - 1e-9), 4), 0)
    rows = []
    for (n, r), label in KINDS.items():
        if (some := couplings[(spins == n) & (near == r)]).size:
            most = float(some[np.argmax(np.abs(some))])
            text = "0" if abs(most) < ROUNDING else "−" * (most < 0) + power(float(f"{abs(most):.3g}"))
            rows.append(Row(label, abs(most), text=text, ticks=np.abs(some)))
    return rows


def squares(run: Run) -> list[str]:
    """The cases on square lattices."""
    return [name for name in run["cases"] if name.startswith(("torus-", "large-"))]


def couplings(run: Run, names: Sequence[str]) -> Figure:
    """Every coupling that H_RG of these cases holds."""
    cases = [run["cases"][name] for name in names]
    kinds = [rows_by_kind(one.couplings, one.bodies, one.ranges) for one in cases]
    top = max((row.value for rows in kinds for row in rows), default=1.0)
    parts = []
    for one, rows in zip(cases, kinds, strict=True):
        kept, most = len(one.couplings), 2**one.n_coarse - 1
        detail = _where(one) + (f", strongest {kept} of {most}" if kept < most else "")
        limits = (FLOOR, 2 * max(top, 10 * FLOOR))
        parts.append(Forest("|coupling|", rows, in_words(one.name), detail, log=True, limits=limits))
    return forest(parts)


def expectations(run: Run) -> Table:
    """What each case was expected to give."""
    rows = [
        (
            in_words(f"{case.name}, {case.lattice}"),
            in_words(one.quantity),
            _small(one.measured) if abs(one.measured) < 1e-3 else f"{one.measured:.12g}",
            f"{one.relation} {one.expected:.12g}",
            one.met,
        )
        for case in run["cases"].values()
        for one in case.outcomes
    ]
    columns = ("map", "quantity", "measured", "expected", "met")
    return table(columns, rows, wide=True)


def _where(case: Found) -> str:
    return f"{case.lattice} → {case.n_coarse}"


def _spread(value: float, spread: float) -> str:
    return "–" if math.isnan(value) else f"{value:.5g}" + (f" ({spread:.2g})" if spread > 1e-4 else "")


def _small(value: float) -> str:
    return "–" if math.isnan(value) else "0" if value == 0 else f"{value:.1e}" if abs(value) < 1e-3 else f"{value:.4g}"
