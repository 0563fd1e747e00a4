"""The section of the page on the number of samples against the penalty."""

from __future__ import annotations

import math

from blockspin.experiments.mehta_schwab.conditions import findings
from blockspin.experiments.mehta_schwab.run_files import Run
from blockspin.judging import Scorecard
from blockspin.report import tables
from blockspin.report.lines import Panel, line_plot
from blockspin.report.page import Section


def conditions(run: Run) -> list[Section]:
    """The study of the number of samples, where the run holds one."""
    found = findings(run.plan.conditions, run.store)
    if not found:
        return []
    study = run.settings.conditions
    names = list(dict.fromkeys(finding.variant for finding in found))
    by_name = {name: [finding for finding in found if finding.variant == name] for name in names}
    curves = {
        name: [(f.a_unit, *_measured(f.card, "participation ratio")) for f in some] for name, some in by_name.items()
    }
    own = run.settings.n_samples * (1 - run.settings.held_out) / run.settings.layers[0]
    rows = [
        (
            name,
            finding.n_samples,
            f"{finding.a_unit:.4g}",
            *(_measured(finding.card, quantity) for quantity in ("participation ratio", "radius of gyration")),
            str(finding.card.outcome("locality")),
            f"{finding.free_energy_gap:.2g}",
        )
        for name, some in by_name.items()
        for finding in some
    ]
    return [
        Section(
            "Conditions",
            [
                f"Is it the penalty that makes fields local, or the number of samples? One layer of {study.units} "
                f"units on a {study.L} × {study.L} lattice, trained with {study.updates} updates on more and more "
                "different samples, by the same recipe.",
            ],
            [
                line_plot(
                    [
                        Panel(
                            "training samples a hidden unit",
                            "participation ratio (sites)",
                            curves,
                            across=[(float(study.L**2 / study.units), "block")],
                            down=[(own, "the stacks of this run")],
                            x_scale="log",
                            y_scale="log",
                        )
                    ],
                    title="Sites that a field covers, against the number of samples",
                    caption="Mean over units with its standard error. Look where a curve comes down to the size of a "
                    "block: a penalty strong enough brings it there from few samples on; without one it takes samples "
                    "in plenty, and the free-energy gap, what is learned by heart, vanishes on the way (table).",
                ),
                tables.table(
                    (
                        "variant",
                        "samples",
                        "samples a unit",
                        "participation ratio",
                        "radius of gyration",
                        "locality",
                        "free-energy gap (nats)",
                    ),
                    rows,
                    title="Locality against the number of samples",
                    wide=True,
                ),
            ],
        )
    ]


def _measured(card: Scorecard, quantity: str) -> tuple[float, float]:
    row = next((row for row in card.rows if row.quantity == quantity), None)
    return (math.nan, math.nan) if row is None else (row.value, row.error)
