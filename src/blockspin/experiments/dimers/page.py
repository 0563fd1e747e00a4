"""The report of the experiment dimers, drawn from the files of a run and computing nothing."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from blockspin.coarse import dimer_patterns as patterns
from blockspin.experiments.dimers.claims import LN4, span
from blockspin.experiments.dimers.run_files import Run
from blockspin.models.dimers import T_BKT
from blockspin.report import tables
from blockspin.report.lines import Panel, Point, line_plot
from blockspin.report.page import Section, render
from blockspin.report.pictures import weights

LEAD = "What the papers say, and what this run says; each rule stands in the reason."


def page(folder: Path) -> str:
    """The HTML page of a finished run."""
    run = Run(folder)
    settings = run.settings
    facts = {
        "lattice": f"{settings.L} × {settings.L} vertices, periodic",
        "block, buffer, environment": f"{settings.block}, {settings.buffer}, {settings.environment} vertices",
        "samples": f"{settings.n_samples:,} at each T",
        "preset": str(run.stored["preset"]),
    }
    return render(
        "Dimers: what is relevant, and what is merely likely",
        summary(run),
        [
            run.claims_section(LEAD),
            pictures(run),
            overlaps(run),
            information(run),
            decay(run),
            noise(run),
            torus(run),
            about(run),
            limits(run),
        ],
        subtitle="Filters that keep information about the environment, beside machines trained by likelihood",
        facts=facts,
        verdicts=run.statuses,
        footer="Drawn by blockspin from the files of this run; the numbers are in claims.json.",
    )


def summary(run: Run) -> list[str]:
    """What came out, in a few sentences with this run's numbers."""
    free, cold = run.found.seeds(math.inf, 2), run.found.seeds(run.found.coldest, 2)
    with_noise = run.found.seeds("noise", 2)
    lines = [
        "Of free dimers two filters learn the electric fields: the worst direction of the fields is read to "
        f"{min(one['reads']['staggered covered'] for one in free):.2f} (1 is exact, a random pair about 0.1).",
        f"At T = {run.found.coldest:g} two filters keep {_pair(cold[0]['bounds']['classifier']['measured'])} nats of "
        f"the environment; ln 4 = {LN4:.3f}.",
        f"Noise spins get {max(max(one['noise']) for one in with_noise):.3f} of a filter's squared weight at most, "
        f"those of RBMs up to {max(row['total'] for row in run.found.machines['machines']):.2f} of a machine's.",
    ]
    if run.settings.L < 64:
        lines.append(
            f"This lattice, {run.settings.L} × {run.settings.L}, is smaller than the papers' 64 × 64: a look, not the "
            "result. Choose the preset paper."
        )
    return lines


def pictures(run: Run) -> Section:
    """The filters as they read dimers."""
    b = 2 * run.settings.block
    shown = {}
    for (T, n), filters in run.filters.items():
        if n == 2 or (T, n) == (math.inf, 4):
            read_ = patterns.readable(filters[0])
            shown[f"{_name(T)}, {n} filters"] = (read_ / np.linalg.norm(read_, axis=1)[:, None]).reshape(-1, b, b)
    exact = np.stack([patterns.pattern(name, b) for name in ("E_x", "E_y", "P_1", "P_2")]).reshape(-1, b, b)
    return Section(
        "Filters",
        [
            f"A block of {run.settings.block} × {run.settings.block} vertices has {b} × {b} cells: vertices, bonds and "
            "faces. A vertex has one dimer, so that a filter may hold any multiple of a star of four bonds without "
            "reading anything by it; these parts are taken out here and in all overlaps."
        ],
        [
            weights(
                {"exact: E_x, E_y, P_1, P_2": exact, **shown},
                count=4,
                columns=4,
                unit="weight, each filter of length 1",
                title="Filters of the first training at each temperature",
                caption="x to the right, y upwards. Look for the chessboard of signs on bonds of one direction "
                "(electric fields) at high T, all over the block, and for the signs of the plaquettes at low T, where "
                "most of the weight sits on the block's edge: exact patterns, spread evenly, overlap less with these.",
            )
        ],
    )


def overlaps(run: Run) -> Section:
    """How much of each filter lies in the planes of the patterns."""
    rows = []
    for (T, n), meta in run.found.filters.items():
        for number, one in enumerate(meta["seeds"], start=1):
            told = one["reads"]
            rows.append(
                (
                    f"{_name(T)}, {n} filter{'s' if n > 1 else ''}, training {number}",
                    *(_row(told[key]) for key in ("staggered", "columnar", "plaquette", "column", "turn")),
                    f"{told['staggered covered']:.2f}",
                )
            )
    b = 2 * run.settings.block
    return Section(
        "Overlap with the exact patterns",
        [
            "The length of a filter's projection on a plane of patterns, 0 to 1, whatever its sign: E_x and E_y "
            "(staggered), C_x and C_y (columns; the same plane as the plaquettes C_x ± C_y). Within that plane the "
            "better of the two plaquettes and the better of the two columns say which it is (0.71 is between). "
            f"A random filter stays below {patterns.chance(b, 2, 0.95):.2f} for a plane in 95 of 100 cases (its median "
            f"{patterns.chance(b, 2):.2f})."
        ],
        [
            tables.table(
                (
                    "filters",
                    "staggered",
                    "columns' plane",
                    "one plaquette",
                    "one column",
                    "n_x − n_y",
                    "fields covered",
                ),
                rows,
                title="Overlaps, filter by filter",
                caption="Fields covered: how well the filters together read the worst direction of E_x and E_y.",
                wide=True,
            )
        ],
    )


def information(run: Run) -> Section:
    """I(H:E) by temperature."""
    rows = []
    points: dict[str, list[Point]] = {"classifier": [], "InfoNCE": []}
    keys = {"classifier": "classifier", "InfoNCE": "infonce"}
    for T in run.temperatures:
        for n in run.settings.components:
            if (T, n) not in run.found.filters:
                continue
            for number, one in enumerate(run.found.seeds(T, n), start=1):
                told = one["bounds"]
                rows.append(
                    (
                        f"{_name(T)}, {n} filter{'s' if n > 1 else ''}, training {number}",
                        *(_pair(told[key][side]) for key in keys.values() for side in ("measured", "training")),
                        "far from the training rows" if told["classifier"]["why"] else "–",
                    )
                )
                if n == 2 and number == 1:
                    for name, key in keys.items():
                        points[name].append((1 / T if math.isfinite(T) else 0.02, *told[key]["measured"]))
    return Section(
        "Information about the environment",
        [
            "Lower bounds in nats on chains that nothing was fitted to. The networks see "
            f"{run.settings.learning.project} linear combinations of the environment, those most correlated with the "
            "block on the training rows; what they lose is missing here. Two binary components keep at most ln 4."
        ],
        [
            line_plot(
                [
                    Panel(
                        "1/T (T = inf at 0.02)",
                        "I(H:E) of two filters, nats",
                        points,
                        across=[(LN4, "ln 4")],
                        down=[(1 / T_BKT, "transition")],
                        x_scale="log",
                        y_scale="log",
                    )
                ],
                title="Information of two filters against inverse temperature",
                caption="Both bounds, first training. "
                + (
                    "Look whether it rises to ln 4 where the dimers order in columns (right of the dashed line), and "
                    if run.found.coldest < T_BKT
                    else "No temperature of this run lies in the ordered phase (right of the dashed line), where two "
                    "filters could keep ln 4. Look "
                )
                + "whether it stays well below ln 4 among free dimers.",
            ),
            tables.table(
                ("filters", "classifier", "on training rows", "InfoNCE", "on training rows", "refused"),
                rows,
                title="Bounds, training by training",
                caption="Refused: the estimator gives no number where training rows tell much more than others; the "
                "measured value is a valid lower bound all the same.",
                wide=True,
            ),
        ],
    )


def decay(run: Run) -> Section:
    """How the coldest plaquette filter's output decays, and the scaling dimension."""
    curves: dict[str, list[Point]] = {}
    rows = []
    for T, one in sorted(run.found.decays.items()):
        some = one["learned"]
        if len(curves) < 6 or not math.isfinite(T):
            curves[_name(T)] = [
                (R, G / F, e / F)
                for R, G, e, F in zip(some["R"], some["G"], some["errors"], one["factor"], strict=True)
                if R >= 2
            ]
        g = one["g"]
        from_g = None if g[0] is None else (1 / (2 * g[0]), g[1] / (2 * g[0] ** 2))
        rows.append(
            (_name(T), _pair(some["dimension"]), _pair(one["exact pattern"]["dimension"]), _pair(g), _pair(from_g))
        )
    fitted = span(run.found.decays[math.inf]["learned"]["fitted"])
    return Section(
        "Scaling dimension of the plaquette filter",
        [
            f"The filter learned at T = {run.found.coldest:g} that lies best in the plaquettes' plane (overlap "
            f"{run.found.decays[math.inf]['overlap']:.2f}), moved over samples at each T: "
            "⟨φ(0) φ(R)⟩ falls as R to the power −2 d far beyond the block. Fitted are points whose correlations are "
            f"F(r) times r to the power −2 d, summed over the filter, at {fitted} (even distances); r is the distance "
            "on the torus and F(R) = ⟨cos(2π W R/L)⟩ what "
            "the windings W of the same samples do. The windings also give the stiffness g and, with no filter "
            "at all, d = 1/(2 g) (Alet et al. 2006): 1 for free dimers, 1/8 at the transition."
        ],
        [
            line_plot(
                [Panel("R, vertices", "G(R) / (G(0) F(R))", curves, x_scale="log", y_scale="log")],
                title="Correlations of the plaquette filter's output",
                caption=f"Blocks overlap up to R = {run.settings.block}; the power law is to the right of that. The "
                "colder, the flatter: the dimension falls from 1.",
            ),
            tables.table(
                ("T", "d, learned filter", "d, exact pattern P_1", "g from windings", "1/(2 g)"),
                rows,
                title="Scaling dimensions",
                caption="Errors over chains. What the lattice leaves is in none of them: compare the "
                "columns. Below the transition there is order, and no power law.",
                wide=True,
            ),
        ],
    )


def noise(run: Run) -> Section:
    """Filters and machines on dimers with noise spins."""
    b = 2 * run.settings.block
    mutual = [
        (
            f"training {k}",
            _row(one["noise"], 3),
            _row(one["reads"]["staggered"]),
            f"{one['reads']['staggered covered']:.2f}",
        )
        for k, one in enumerate(run.found.seeds("noise", 2), start=1)
    ]
    machines = [
        (
            f"{row['hidden']} hidden units",
            f"{row['total']:.3f}",
            f"{sum(share > 0.9 for share in row['noise'])} of {row['hidden']}",
            f"{row['columnar'] ** 0.5:.2f}",
            f"{row['staggered'] ** 0.5:.2f}",
        )
        for row in run.found.machines["machines"]
    ]
    shown = {f"{M} hidden units": run.machines[f"weights_{M}"].reshape(-1, b, b) for M in run.settings.machines.hidden}
    return Section(
        "With noise spins",
        [
            "On each vertex and its face a pair of Ising spins is added, coupled to each other "
            f"(coupling {run.settings.noise:g}) and to nothing else. Nothing of it reaches the environment, but it is "
            "part of the probability of a block."
        ],
        [
            tables.table(
                ("RSMI", "w^2 on noise", "overlap with the fields", "fields covered"),
                mutual,
                title="Two filters by mutual information",
                caption="Shares of the squared weight, filter by filter; equal weights on all cells would have more "
                "than "
                "a half. What is left is chance in the samples.",
            ),
            tables.table(
                ("RBM", "w^2 on noise", "units on noise", "columns", "staggered"),
                machines,
                title="RBMs by contrastive divergence, on the blocks",
                caption="One row a training. Units on noise: with more than nine tenths of their w^2 there. Columns, "
                "staggered: root mean square overlap of the units with either plane.",
                wide=True,
            ),
            weights(
                shown,
                count=12,
                columns=4,
                scale="own",
                title="Fields of the RBMs' strongest units",
                caption="Single strong pairs of cells are noise. Stripes are columns of dimers. A chessboard on bonds "
                "of "
                "one direction, which the filters by mutual information show, would be an electric field.",
            ),
        ],
    )


def torus(run: Run) -> Section:
    """The small torus summed over: what the estimator says against what is so."""
    rows = []
    for T, one in sorted(run.found.exact.items()):
        for row in one["learned"]:
            n = row["components"]
            best = one["best"]["2 states" if n == 1 else "4 states"]
            rows.append(
                (
                    f"{_name(T)}, {n} filter{'s' if n > 1 else ''}",
                    f"{row['kept']:.4f}",
                    _pair(row["bounds"]["classifier"]["measured"]),
                    _pair(row["bounds"]["infonce"]["measured"]),
                    f"{best:.4f}",
                    f"{row['kept'] / best:.3f}",
                    f"{one['information']:.4f}",
                )
            )
    L = run.settings.torus
    return Section(
        "Against exact information",
        [
            f"Every covering of the {L} × {L} torus: a block of 2 × 2 vertices, a buffer of "
            f"{'one vertex' if L > 4 else 'half a vertex'}, the rest as "
            "environment. Filters are learned from 10,000 draws as everywhere here, and what they keep is then summed "
            "exactly."
        ],
        [
            tables.table(
                ("filters", "kept, exactly", "classifier", "InfoNCE", "best rule", "kept / best", "I(V:E)"),
                rows,
                title="Estimated and exact information, nats",
                caption="The bounds must not lie above the second column beyond their errors. The best rule of any "
                "kind "
                "to so many states, by search.",
                wide=True,
            )
        ],
    )


def about(run: Run) -> Section:
    """Units, settings and provenance."""
    return run.about_section(
        "Units, settings and provenance",
        [
            "Lengths are in vertices, as in the papers. The package's dimers live on cells, two a vertex and side: a "
            f"block of {run.settings.block} vertices is one of {2 * run.settings.block} cells to `bs.RSMI`, its buffer "
            f"{2 * run.settings.buffer}, its environment {2 * run.settings.environment}. T is in units of the energy "
            "of two parallel dimers on a face."
        ],
    )


def limits(run: Run) -> Section:
    """What this run cannot tell."""
    return Section(
        "Limits",
        [
            "Training starts from the canonical directions of block and environment, since from weights near 0 it "
            "takes thousands of steps to leave; among free dimers these directions are nearly the answer, and learning "
            "moves them little.",
            "Information is told by lower bounds, and they are not tight: see the small torus. Components are binary; "
            "categorical ones are not here.",
            "The RBMs are small, trained by CD-1 with one learning rate. How strongly noise spins are coupled in the "
            "paper is not known to us.",
        ],
    )


def _name(T: float | str) -> str:
    if isinstance(T, str):
        return "T = inf with noise"
    return f"T = {T:g}"


def _row(values: list[float], digits: int = 2) -> str:
    return ", ".join(f"{value:.{digits}f}" for value in values)


def _pair(pair: Any) -> str:
    if pair is None or pair[0] is None or pair[1] is None:
        return "–"
    return tables.number(pair[0], pair[1])
