"""The report of the experiment mcrg, drawn from the files of a run and computing nothing but the recursions' curves."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from blockspin.experiments.about import HEADLINES, Folder, scorecards
from blockspin.experiments.mcrg.claims import GAINED
from blockspin.experiments.mcrg.plan import Plan, plan
from blockspin.experiments.mcrg.readings import growth
from blockspin.experiments.mcrg.settings import ALSO_PUBLISHED, EVEN, MAPS, ODD, PUBLISHED, RULES, Settings
from blockspin.models.ising import KC_SQUARE
from blockspin.report import tables
from blockspin.report.forest import Row, exponents
from blockspin.report.lines import Panel, Point, line_plot
from blockspin.report.page import Figure, Section, Table, render
from blockspin.rg.recursions import decimation, migdal_kadanoff
from blockspin.runs import settings as settings_file

OPERATORS = {
    "nn": "nearest neighbours (1, 0)",
    "nnn": "next-nearest (1, 1)",
    "third": "(2, 0)",
    "plaquette": "four spins of a unit square",
    "fourth": "(2, 1)",
    "fifth": "(2, 2)",
    "diamond": "four spins around a site",
}

LEAD = "What is claimed of coarse-graining, and what this run says; each rule stands in the reason."


class Run(Folder):
    """What a finished run's folder holds, read once."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.settings = settings_file.restore(Settings, self.stored)
        self.plan: Plan = plan(self.settings, self.stored["seed"])
        self.cards = scorecards(folder)
        self.maps: dict[str, dict[str, Any]] = {
            name: self.store.load(task).meta for name, task in self.plan.measured.items()
        }
        self.information: dict[str, Any] = self.store.load(self.plan.information).meta

    @property
    def placed(self) -> dict[str, dict[str, Any]]:
        """The maps that have a lattice."""
        return {name: meta for name, meta in self.maps.items() if meta["layers"]}


def page(folder: Path) -> str:
    """The HTML page of a finished run."""
    run = Run(folder)
    settings = run.settings
    facts = {
        "lattice": f"square {settings.L} × {settings.L}, periodic",
        "steps": f"{settings.steps} by b = 2",
        "samples": f"{settings.n_samples:,} at each of {len(settings.distances) + 1} couplings",
        "preset": str(run.stored["preset"]),
    }
    return render(
        "Monte Carlo RG, block rules and learned maps side by side",
        summary(run),
        [
            run.claims_section(LEAD),
            scorecard(run),
            spectrum(run),
            couplings(run),
            information(run),
            flow(run),
            recursions(run),
            about(run),
            limits(),
        ],
        subtitle="Which exponents, which couplings, which flow does each map give the 2D Ising model?",
        facts=facts,
        verdicts=run.statuses,
        footer="Drawn by blockspin from the files of this run; the numbers are in scorecards.json and claims.json.",
    )


def summary(run: Run) -> list[str]:
    """What came out, in a few sentences with this run's numbers."""
    majority = run.maps["majority"]["spectrum"][0]
    learned = [name for name in run.maps if name not in RULES]
    lines = [
        f"{sum(name in run.placed for name in learned)} of {len(learned)} learned maps have units with places on a "
        "lattice; only those have exponents, couplings and a flow.",
        f"The majority rule's first step has y_t = {_pair(majority['y_t'])} and y_h = {_pair(majority['y_h'])} "
        "(exact: 1 and 1.875).",
    ]
    for name, meta in run.placed.items():
        if name not in RULES:
            row = meta["spectrum"][0]
            lines.append(
                f"{MAPS[name]}: its units have places on a lattice in {meta['layers']} of {run.settings.steps} layers, "
                f"and its first step gives y_t = {_pair(row['y_t'])} and y_h = {_pair(row['y_h'])}."
            )
    without = [name for name, meta in run.maps.items() if not meta["layers"]]
    if without:
        lines.append(
            f"No lattice, and so neither exponents nor couplings nor flow: {', '.join(without)}. Their fields' centres "
            "lie no nearer to a grid than centres thrown at random."
        )
    return lines


def scorecard(run: Run) -> Section:
    """The judge on the first layer of each map."""
    return Section(
        "Scorecard",
        [
            f"The judge on the first step of each map, on samples at K = {min(run.plan.samples):.4f} and critical "
            "ones. Nulls: the same map behind permuted sites, and those that a quantity has of its own. The verdict "
            "rests on locality, tiling and spectrum."
        ],
        [tables.scorecard_table(run.cards, HEADLINES)],
    )


def spectrum(run: Run) -> Section:
    """Exponents by map and step, and how they move with the operators."""
    rows: dict[str, list[Row]] = {"y_t": [], "y_h": []}
    for step in range(run.settings.steps):
        for name, meta in run.maps.items():
            if step and step >= meta["layers"]:
                continue  # said once is enough
            for key, some in rows.items():
                value, error = meta["spectrum"][step][key] if meta["layers"] else (None, None)
                text = "" if meta["layers"] else "no lattice"
                some.append(Row(name, _number(value), _number(error), group=f"step {step + 1}", text=text))
    blocks: list[Figure | Table | str] = [
        exponents(
            rows,
            title="Exponents",
            caption=f"Exponents from {len(EVEN)} even and {len(ODD)} odd operators at Kc, standard errors by "
            "jackknife. Grey: block rules, coloured: learned maps. The lines are the exact 1 and 15/8. Look how "
            "far the rules themselves lie apart at one step: that is what a learned map's distance is to be held "
            "against.",
        )
    ]
    for key, by, names in (("y_t", "by_even", EVEN), ("y_h", "by_odd", ODD)):
        cells = [
            (f"{name}, step {step}", *(_pair(pair) for pair in row[by]))
            for name, meta in run.placed.items()
            for step, row in enumerate(meta["spectrum"], start=1)
        ]
        blocks.append(
            tables.table(
                ("map", *(f"{n}: + {name}" if n > 1 else f"1: {name}" for n, name in enumerate(names, start=1))),
                cells,
                title=f"{key} by the number of operators",
                caption="Each column adds an operator to those before it; where a row still moves, the set is too "
                "small.",
                wide=True,
            )
        )
    return Section(
        "Exponents",
        [
            "Swendsen's matrix T = B^-1 A of each step, from the correlations of fine and coarse operators; its "
            "leading eigenvalue is b^y. Two things keep a good rule from the exact values at the first step: the "
            "samples start at the Ising model's critical point, not at the rule's fixed point, and operators are left "
            "out."
        ],
        blocks,
    )


def couplings(run: Run) -> Section:
    """Couplings of the coarse spins at Kc, and how they move with the operators."""
    rows: list[tuple[Any, ...]] = [
        (source, *(_pair(some[name]) for name in EVEN))
        for source, some in {"published: majority, step 1": PUBLISHED, **ALSO_PUBLISHED}.items()
    ]
    nested: list[tuple[Any, ...]] = []
    for name, meta in run.placed.items():
        for step, level in enumerate(meta["couplings"]):
            if step == 0 and name != "majority":
                continue  # the fine spins are the same for all
            label = f"{name}, step {step}" if step else "Ising, as sampled"
            if level["why"]:
                rows.append((label, *["–"] * len(EVEN)))
                continue
            rows.append((label, *(_pair(pair) for pair in level["K"])))
            if step:
                nested.append((label, *(_pair(some[0]) for some in level["nested"])))
    return Section(
        "Couplings",
        [
            "The couplings that fit the coarse spins at Kc best, by pseudo-likelihood, whatever made them. A step that "
            "renormalizes keeps them short: next-nearest neighbours come in, and little beyond."
        ],
        [
            tables.table(
                ("map", *EVEN),
                rows,
                title="Couplings at Kc",
                caption="; ".join(f"{name}: {what}" for name, what in OPERATORS.items())
                + ". The first row is Gonzalez-Arroyo and Salas (1988), 32 × 32; its operators move it by up to 0.01. "
                "The rows below it are the same step measured before; later steps were not at hand.",
                wide=True,
            ),
            tables.table(
                ("map", *(f"{n} operators" if n > 1 else "nn alone" for n in range(1, len(EVEN) + 1))),
                nested,
                title="The nearest-neighbour coupling by the number of operators",
                caption="In the order of the columns above. What moves along a row is what the cut leaves open, and no "
                "error bar holds it.",
                wide=True,
            ),
        ],
    )


def information(run: Run) -> Section:
    """What the block rules keep of the information about their environment, beside the range that they gain."""
    gained = {card["map"]: row for card in run.cards for row in card["rows"] if row["quantity"] == GAINED}
    kept = run.information["kept"]
    rows = [
        (name, f"{kept[name]:.4f}", _pair([gained[name]["value"], gained[name]["error"]]))
        for name in sorted(kept, key=lambda name: -kept[name])
    ]
    return Section(
        "Information and range",
        [
            "A step that kept all that a block knows of the distance would make no couplings of longer range "
            "(Lenggenhager et al. 2020). No rule to one spin does; the best of all keeps "
            f"{run.information['best']:.4f}."
        ],
        [
            tables.table(
                ("rule", "I(H:E) / I(V:E)", "range gained"),
                rows,
                title="What a rule keeps, and how far its couplings reach",
                caption="First column: exact, a 2 × 2 block of the 6 × 6 torus at Kc beyond a ring of one spin. "
                "Second: the share of couplings beyond nearest neighbours, coarse less fine, first step. Sorted by the "
                "first: see whether the second rises down the table.",
            )
        ],
    )


def flow(run: Run) -> Section:
    """The plane of two couplings, and the growth of distances on both sides."""
    names = [name for name, meta in run.placed.items() if meta["flow"]]
    found = {name: growth(run.maps[name], 1) for name in names}
    columns = sorted({K for some in found.values() for K in some})
    last = [
        (f"{name}, step {step}", *(_pair(pair) for pair in fixed["K"]))
        for name in names
        for step, fixed in enumerate(run.maps[name]["fixed"], start=1)
        if fixed["K"] is not None
    ]
    operators = run.maps[names[0]]["flow"][0]["operators"] if names else []
    return Section(
        "Flow",
        [
            "Samples below, at and above Kc, coarse-grained again and again. Under a step that renormalizes the path "
            "from Kc turns to a fixed point; those beside it are carried to weak and to strong coupling."
        ],
        [
            line_plot(
                [_plane(name, run.maps[name]) for name in names],
                same_axes=True,
                title="Two couplings, step by step",
                caption="J_1 and J_2 of four fitted operators. Each path starts on the axis J_2 = 0, at the coupling "
                "that was sampled. Look at the dashed path from Kc: under majority it slows down and stops near the "
                "cross, while its neighbours are carried away; under decimation it runs on to weak coupling with "
                "those from below. The cross is the fixed point by the last step's linearisation, an extrapolation "
                "where the path does not stop.",
            ),
            tables.table(
                ("map", *(f"K = {K:.4f}" for K in columns)),
                [(name, *(_pair(found[name].get(K)) for K in columns)) for name in names],
                title="How a distance from Kc grows in the first step",
                caption="(K' − K'(Kc)) / (K − Kc) with K' the coupling that alone fits the coarse spins best. An "
                "exact step gives 2 near Kc (b to the power y_t); 1 would be no flow, 0 spins that forget where "
                "they came from.",
                wide=True,
            ),
            tables.table(
                ("map", *operators),
                last,
                title="The fixed point as each step sees it",
                caption="K* solves K* − K' = T (K* − K), with T of the step; mean over the sets of samples, whose "
                "scatter is in the error. The first step starts far away and the last has small lattices: read them "
                "as a bracket.",
                wide=True,
            ),
        ],
    )


def _plane(name: str, meta: dict[str, Any]) -> Panel:
    paths: dict[str, list[Point]] = {"from below Kc": [], "from Kc": [], "from above Kc": []}
    for path in meta["flow"]:
        off = path["K"] - KC_SQUARE
        side = "from Kc" if abs(off) < 1e-9 else "from below Kc" if off < 0 else "from above Kc"
        paths[side] += [*map(_point, path["levels"]), (math.nan, math.nan)]  # no arrow from one path to the next
    fixed = meta["fixed"][-1]["K"]
    if fixed is not None:
        paths["fixed point"] = [_point(fixed)]
    return Panel(
        "J_1, nearest neighbours",
        "J_2, next-nearest",
        {side: points for side, points in paths.items() if points},
        f"{name}, {meta['layers']} step{'s' if meta['layers'] > 1 else ''}",
        across=[(0.0, "")],
        joined="arrows",
    )


def recursions(run: Run) -> Section:
    """K' against K of the maps beside closed recursions."""
    grid = np.linspace(min(run.plan.samples) - 0.12, max(run.plan.samples) + 0.06, 61)
    closed = {
        "Migdal-Kadanoff": [(float(K), migdal_kadanoff.step(K)) for K in grid],
        "K' = K": [(float(K), float(K)) for K in grid],
        "decimation cut to K, twice by √2": [(float(K), decimation.square(decimation.square(K))) for K in grid],
    }
    points = {
        name: [(path["K"], *map(_number, path["nearest"][1])) for path in meta["flow"]]
        for name, meta in run.placed.items()
    }
    moved, thinned = migdal_kadanoff.fixed_point(), decimation.square_fixed_point()
    return Section(
        "Beside closed recursions",
        [
            f"Recursions that keep one coupling. Migdal-Kadanoff (bonds moved, then thinned): K* = {moved.K:.5f}, "
            f"y_t = {moved.y_t:.4f}, y_h = {moved.y_h:.4f}. Square-lattice decimation, cut to one coupling: "
            f"K* = {thinned.K:.5f}, y_t = {thinned.y_t:.4f}. Exact: Kc = {KC_SQUARE:.5f}, y_t = 1."
        ],
        [
            line_plot(
                [Panel("K, fine spins", "K', coarse spins", points, dashed=closed, down=[(KC_SQUARE, "Kc")])],
                title="K' against K of one step",
                caption="Lines without points: closed recursions, whose fixed points are where they cross the dotted "
                "line K' = K. Points: the coupling that alone fits the maps' coarse spins. Cut to one coupling a "
                "rule need not cross at Kc (dashed): what is missing went to the other couplings. The slope is what "
                "counts.",
            )
        ],
    )


def about(run: Run) -> Section:
    """Maps, settings and provenance."""
    rows = [(name, meta["about"], meta["why"] or "on a lattice at every step") for name, meta in run.maps.items()]
    maps = tables.table(("map", "what it is", "places on a lattice"), rows, title="Maps", wide=True)
    return run.about_section("Maps, settings and provenance", blocks=[maps])


def limits() -> Section:
    """What this run cannot tell."""
    return Section(
        "Limits",
        [
            "Errors are over chains of samples. What the operators leave out is in none of them; the tables by the "
            "number of operators show how large it is. One training a machine: the spread between seeds is not in "
            "the errors.",
            "A learned map is measured only where its units have places on a lattice. Places are the best assignment "
            "of the fields' centres, and exponents depend on them.",
            "Two or three steps on a lattice of this size do not reach a fixed point; the last level holds few spins.",
            "The information that a rule keeps is exact but of a 6 × 6 torus, and the range it gains is of samples of "
            "this run's lattice. What learned maps keep is not measured here.",
        ],
    )


def _point(pairs: Any) -> tuple[float, float, float, float]:
    (x, dx), (y, dy) = pairs[:2]
    return _number(x), _number(y), _number(dy), _number(dx)


def _pair(pair: Any) -> str:
    if pair is None or pair[0] is None or math.isnan(pair[0]):
        return "–"
    return tables.number(pair[0], pair[1])


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)
