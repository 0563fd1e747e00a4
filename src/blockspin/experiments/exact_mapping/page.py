"""The report of the exact mapping, drawn from the files of a run and computing nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blockspin.experiments.about import Folder
from blockspin.experiments.exact_mapping.plan import Plan, plan
from blockspin.experiments.exact_mapping.settings import Settings
from blockspin.experiments.exact_mapping.tasks import SHIFTS
from blockspin.report import tables
from blockspin.report.forest import Forest, Row, forest
from blockspin.report.lines import Panel, Point, line_plot
from blockspin.report.page import Figure, Section, Table, minus, render
from blockspin.runs import settings as settings_file
from blockspin.runs.task import Result

RING = (
    "decimation", "majority", "sublattice", "likelihood", "cd", "cd-l2", "cd-l1", "bond", "alternating",
    "likelihood-full", "product", "random",
)  # fmt: skip
TORUS = ("torus-decimation", "torus-majority", "torus-likelihood", "torus-sublattice", "torus-bond")

ROUNDING = 1e-12  # what is smaller is written as 0
FLOOR = 1e-6  # the weakest coupling on the scale

LEAD = "What was claimed, and what the sums say. Reproduced means that it holds as it stands."
SUMS = "Each residual is a sum over every state, not an estimate."


Array = NDArray[Any]


class Run(Folder):
    """What a finished run's folder holds, read once."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.settings = settings_file.restore(Settings, self.stored)
        self.plan: Plan = plan(self.settings, self.stored["seed"])
        self.cases: dict[str, Result] = {name: self.store.load(task) for name, task in self.plan.cases.items()}
        self.flows: dict[str, Result] = {name: self.store.load(task) for name, task in self.plan.flows.items()}
        self.detuned = self.store.load(self.plan.detuned)

    def reading(self, name: str, quantity: str) -> float:
        """A reading of a case, nan where it is not defined."""
        value = self.cases[name].meta["readings"][quantity]
        return math.nan if value is None else float(value)

    def coarse(self, name: str) -> float:
        """K' of a case, nan where it is not defined."""
        value = self.cases[name].meta["K_coarse"][0]
        return math.nan if value is None else float(value)


def page(folder: Path) -> str:
    """The HTML page of a finished run."""
    run = Run(folder)
    settings = run.settings
    facts = {
        "ring": f"{settings.ring} sites, K = {settings.K:g}",
        "torus": f"{settings.torus[0]} × {settings.torus[1]}, K = {settings.K_torus:g}",
        "sums": "over every state",
        "unit": "nats",
        "preset": str(run.stored["preset"]),
    }
    return render(
        "The exact mapping, taken at its word",
        summary(run),
        [
            run.claims_section(LEAD, caption=SUMS),
            identity(run),
            condition(run),
            couplings(run),
            flow(run),
            expected(run),
            run.about_section(),
            limits(),
        ],
        subtitle="Variational RG and Boltzmann machines (Mehta & Schwab 2014), both sides summed over every state",
        facts=facts,
        verdicts=run.statuses,
        footer="Drawn by blockspin from the files of this run; the claims are in claims.json.",
    )


def summary(run: Run) -> list[str]:
    """The argument in four sentences, with this run's numbers."""
    worst = max(run.reading(name, "identity") for name in run.cases if not math.isnan(run.reading(name, "identity")))
    return [
        "The mapping is an identity, and an identity certifies no renormalization: it holds for random machines, and "
        "where it becomes a condition, exact machines come with any flow at all.",
        f"Identity: H_RG(h) = H_RBM(h) to {worst:.0e} nats for every machine here, the random one included, whose "
        f"distribution is {run.reading('random', 'KL'):.3g} nats from the model's.",
        f"Condition: Tr_h e^T = 1 for every v just where KL = 0. The bond machine meets it (KL = "
        f"{_small(run.reading('bond', 'KL'))}) and its hidden ring has K' = {run.coarse('bond'):.6g} at K = "
        f"{run.settings.K:g}: no flow, where decimation gives {run.coarse('decimation'):.6g}.",
        "Neither: dF = ln Z − ln Z_λ is moved by a constant in the energy. A random machine is given dF = "
        f"{_small(run.reading('shifted', 'dF'))} with KL = {run.reading('shifted', 'KL'):.3g}; the machine trained "
        f"best has KL = {_small(run.reading('likelihood', 'KL'))} and dF = {run.reading('likelihood', 'dF'):.3g}.",
        _trained(run),
    ]


def _trained(run: Run) -> str:
    K_coarse = run.coarse("likelihood")
    if run.reading("likelihood", "KL") > 1e-3 or math.isnan(K_coarse):
        return "The machine trained by the exact gradient stopped in a local minimum in this run."
    return (
        f"And yet, in one dimension, with half as many hidden units as sites, training by the exact gradient finds "
        f"decimation: K' = {K_coarse:.6g}. That is a finding about this machine's size, read off its couplings; "
        "neither the identity nor exactness implied it, and with a unit a bond it does not come."
    )


def identity(run: Run) -> Section:
    """Every case in one table."""
    rows = []
    for result in run.cases.values():
        meta, found = result.meta, result.meta["readings"]
        numbers = [_cell(found[name]) for name in ("identity", "trace", "trace_spread", "KL", "dF")]
        size = f"{meta['lattice']} -> {meta['n_coarse']}"
        rows.append((meta["name"], size, f"{meta['K']:.6g}", *numbers, _coarse(meta)))
    columns = (
        "map", "spins", "K", "|H_RG − H_RBM|", "trace", "trace but for a constant", "KL", "dF", "K' (spread)",
    )  # fmt: skip
    return Section(
        "Identity, condition, and neither",
        [
            "T(v,h) = −E(v,h) + H(v) defines an operator for any machine. Summing exp(T − H) over v gives back exp(−E) "
            "summed over v, which is the hidden layer's own weight: H_RG = H_RBM, whatever the weights are.",
            "The trace condition is another matter: Tr_h e^T = exp(H(v) − H_RBM(v)) is 1 for every v where the machine "
            "is the model, KL = 0. A block rule meets it by being a probability p(h|v), sensible or not.",
        ],
        [
            tables.table(
                columns,
                rows,
                title="All maps",
                caption="All in nats. |H_RG − H_RBM|: the largest over h, summed over every v; a dash where T is no "
                "machine's. trace: the largest |ln Tr_h e^T| over v, then once the best constant is taken out. K': "
                "nearest-neighbour coupling of the coarse spins, a bond, with its standard deviation from bond to "
                "bond; a dash where hidden units have no places on a lattice.",
                wide=True,
            ),
            tables.table(
                ("map", "what it is"),
                [
                    (f"{result.meta['name']}, {result.meta['lattice']}", result.meta["about"])
                    for result in run.cases.values()
                ],
                title="What the maps are",
            ),
        ],
    )


def condition(run: Run) -> Section:
    """One machine tuned through the exact point."""
    arrays, mark = run.detuned.arrays, [(run.settings.K, f"K = {run.settings.K:g}")]

    def against_K(key: str, least: float = -math.inf) -> list[Point]:
        return [(float(K), float(y) if y > least else math.nan) for K, y in zip(arrays["K"], arrays[key], strict=True)]

    zeros = {"KL": against_K("KL", ROUNDING), "trace condition": against_K("trace_spread", ROUNDING)}
    shifts = {
        f"constant {minus(f'{shift:+g}')}" if shift else "exact machine's constant": against_K(f"dF {shift:+g}")
        for shift in SHIFTS
    }
    return Section(
        "The condition, tuned through",
        ["The bond machine of another K put before the model: one parameter moves it through the exact point."],
        [
            line_plot(
                [
                    Panel("K of the machine", "nats", zeros, "Trace condition and KL", down=mark, y_scale="log"),
                    Panel("K of the machine", "nats", shifts, "dF", across=[(0.0, "")], down=mark),
                ],
                title="KL and the trace condition vanish together; dF vanishes where the constant says",
                caption="First: the trace condition (largest |ln Tr_h e^T − c| over v, best c) and KL are zero at the "
                "model's K (dashed), where both are rounding and leave the logarithmic axis, and nowhere else. Then: "
                "dF of the same machines with constants added to their energy; each constant moves the zero of dF.",
            )
        ],
    )


def couplings(run: Run) -> Section:
    """Every coupling that H_RG holds, map by map."""
    large = [name for name in run.cases if name.startswith("large-")]
    return Section(
        "Couplings",
        [
            "The Walsh-Hadamard transform of H_RG gives the coupling of every set of coarse spins. A local step keeps "
            "nearest neighbours strong and lets couplings fall with distance and number of spins; decimation of the "
            "ring keeps nothing else. A machine's hidden layer can hold anything.",
        ],
        [
            forest(
                _spectra(run, RING),
                title=f"Couplings of H_RG, ring of {run.settings.ring} at K = {run.settings.K:g}",
                caption="A tick is a coupling, the marker the strongest of its kind, on a logarithmic scale; the "
                "number is the strongest with its sign. r is the distance in coarse lattice spacings. An arrow at the "
                "left: all are weaker than the scale shows.",
            ),
            forest(
                _spectra(run, (*TORUS, *large)),
                title=f"Couplings of H_RG, square lattices at K = {run.settings.K_torus:g}",
                caption="As above. Where an extent of the coarse lattice is 2, two bonds join a pair and the coupling "
                "drawn is that of both.",
            ),
        ],
    )


def _spectra(run: Run, names: Sequence[str]) -> list[Forest]:
    keys = ("couplings", "bodies", "ranges")
    found = {name: rows_by_kind(*(run.cases[name].arrays[key] for key in keys)) for name in names}
    top = max((row.value for rows in found.values() for row in rows), default=1.0)
    parts = []
    for name, rows in found.items():
        meta, kept = run.cases[name].meta, len(run.cases[name].arrays["couplings"])
        n = meta["n_coarse"]
        detail = f"{meta['lattice']} → {n}" + (f", strongest {kept} of {2**n - 1}" if kept < 2**n - 1 else "")
        limits = (FLOOR, 2 * max(top, 10 * FLOOR))
        parts.append(Forest("|coupling|", rows, meta["name"], detail, log=True, limits=limits))
    return parts


def rows_by_kind(couplings: Array, bodies: Array, ranges: Array) -> list[Row]:
    """Couplings (n,) by their numbers of spins and ranges: single spins, pairs by distance, three spins, and more.

    Pairs are one kind where the coarse spins have no places, which a range of nan says.
    """
    pairs = bodies == 2
    kinds = [("1 spin", bodies == 1)]
    if np.isnan(ranges[pairs]).any():
        kinds.append(("pairs", pairs))
    else:
        kinds.append(("pairs, r = 1", pairs & (ranges <= 1 + 1e-9)))
        kinds += [(f"pairs, r ≤ {r}", pairs & (ranges > r - 1 + 1e-9) & (ranges <= r + 1e-9)) for r in (2, 3)]
        kinds.append(("pairs, r > 3", pairs & (ranges > 3 + 1e-9)))
    kinds += [("3 spins", bodies == 3), ("4 spins", bodies == 4), ("5 and more", bodies >= 5)]
    rows = []
    for label, here in kinds:
        some = couplings[here & np.isfinite(couplings)]
        if some.size:
            most = float(some[np.argmax(np.abs(some))])
            text = "0" if abs(most) < ROUNDING else minus(f"{most:.3g}" if abs(most) >= 1e-3 else f"{most:.1e}")
            rows.append(Row(label, abs(most), text=text, ticks=np.abs(some)))
    return rows


def flow(run: Run) -> Section:
    """K' against K."""
    columns = ("K", "K_coarse", "spread")
    curves = {
        name: [tuple(map(float, point)) for point in zip(*map(result.arrays.get, columns), strict=True)]
        for name, result in run.flows.items()
    }
    far = max(run.settings.flow)
    learned = ("maximum likelihood", "CD-1")
    rows = [
        (
            f"{K:g}",
            f"{math.atanh(math.tanh(K) ** 2):.6g}",
            *(_pair(run.flows[name], place) for name in run.flows),
            *(_small(float(run.flows[name].arrays["KL"][place])) for name in learned),
        )
        for place, K in enumerate(run.settings.flow)
    ]
    blocks: list[Figure | Table | str] = [
        line_plot(
            [
                Panel(
                    "K, fine spins",
                    "K', coarse spins",
                    curves,
                    dashed={"K' = K: no flow": [(0.0, 0.0), (far, far)]},
                    square=True,
                )
            ],
            title="K' against K on the ring",
            caption="Bars: standard deviation from bond to bond. Decimation, the sublattice machine and maximum "
            "likelihood, where training finds it, lie upon one another; the bond machine stays on the line. A machine "
            "whose fields have no places on the coarse ring has no K' and no point.",
        ),
        tables.table(
            ("K", "tanh K' = tanh^2 K", *run.flows, *(f"KL, {name}" for name in learned)),
            rows,
            title="The same in numbers",
            caption="K' with the standard deviation over bonds; the last columns are the trained machines' KL in nats. "
            "A dash: the fields have no places, which goes with a KL that training did not bring down.",
            wide=True,
        ),
    ]
    return Section(
        "Flow",
        [
            "An RG step of the ring takes K to smaller K'. Exact machines lie on that curve, or on the line K' = K, or "
            "between: which one is a matter of how many hidden units there are and where they sit, not of exactness."
        ],
        blocks,
    )


def expected(run: Run) -> Section:
    """What each case was expected to give."""
    rows = [
        (
            f"{result.meta['name']}, {result.meta['lattice']}",
            outcome["quantity"],
            f"{outcome['measured']:.12g}" if abs(outcome["measured"]) >= 1e-3 else f"{outcome['measured']:.2e}",
            f"{outcome['relation']} {outcome['expected']:.12g}",
            "yes" if outcome["met"] else "no",
        )
        for result in run.cases.values()
        for outcome in result.meta["outcomes"]
    ]
    met = sum(row[-1] == "yes" for row in rows)
    return Section(
        "Expected and measured",
        [f"{met} of {len(rows)} expectations came out; = means within rounding, 1e-12 of the largest energy."],
        [tables.table(("map", "quantity", "measured", "expected", "met"), rows, wide=True)],
    )


def limits() -> Section:
    """What this run cannot tell."""
    return Section(
        "Limits",
        [
            "Every state is summed over, so there are no error bars; what varies is the seed of the trained machines, "
            "of which each is one.",
            "Training by the exact gradient finds local minima: a KL that stays up is the minimum found, not the best "
            "that the machine can do.",
            "These systems are small: a torus of 4 × 4 goes to 2 × 2, where ranges say little. The argument does not "
            "need size, since an identity and a counterexample hold at any.",
            "Tests on the coarse distribution (couplings, flow, exponents, information kept) are what certifies a "
            "renormalization; the judge of this package makes them on samples.",
        ],
    )


def _coarse(meta: dict[str, Any]) -> str:
    value, spread = meta["K_coarse"]
    if value is None:
        return "–"
    return f"{value:.6g}" + (f" ({spread:.2g})" if spread > 1e-4 else "")


def _pair(result: Result, place: int) -> str:
    value, spread = float(result.arrays["K_coarse"][place]), float(result.arrays["spread"][place])
    if not np.isfinite(value):
        return "–"
    return f"{value:.5g}" + (f" ({spread:.2g})" if spread > 1e-4 else "")


def _cell(value: float | None) -> str:
    return "–" if value is None else _small(value)


def _small(value: float) -> str:
    return "0" if value == 0 else f"{value:.1e}" if abs(value) < 1e-3 else f"{value:.4g}"
