"""The report of the Mehta-Schwab experiment, drawn from the files of a run and computing nothing."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blockspin.experiments.about import HEADLINES
from blockspin.experiments.mehta_schwab.conditions_section import conditions
from blockspin.experiments.mehta_schwab.run_files import Run
from blockspin.experiments.mehta_schwab.settings import PRESETS, SOURCES, VARIANTS, Settings
from blockspin.experiments.mehta_schwab.summary import summary
from blockspin.models import KC_SQUARE
from blockspin.report import pictures, tables
from blockspin.report.forest import Forest, Row, exponents, forest
from blockspin.report.lines import Panel, line_plot
from blockspin.report.page import Figure, Section, Table, render
from blockspin.report.training import training as trajectories
from blockspin.runs.task import Result
from blockspin.statistics import brackets


def page(folder: Path) -> str:
    """The HTML page of a finished run."""
    run = Run(folder)
    settings = run.settings
    facts = {
        "lattice": f"{settings.L} × {settings.L}, periodic",
        "trained at": f"K = {settings.K:g}",
        "exponents at": f"K_c = {run.critical.meta['provenance']['model']['K']:.6f}",
        "samples": f"{settings.n_samples} in {settings.chains} chains",
        "stack": "-".join(map(str, (settings.L**2, *settings.layers))),
        "preset": str(run.stored["preset"]),
    }
    return render(
        "Do stacked RBMs renormalize the Ising model?",
        summary(run),
        [
            scorecards(run),
            run.claims_section(
                "What the literature says, and what this run's numbers say of it.", title="Each with its reason"
            ),
            samples(run),
            fields(run),
            *conditions(run),
            spectrum(run),
            fidelity(run),
            training(run),
            about(run),
            limits(run),
        ],
        subtitle="Mehta & Schwab (2014) put before a judge, with error bars, nulls and block rules beside it",
        facts=facts,
        verdicts=[(f"{name}, layer 1", run.card(name, 1)["verdict"]) for name in ("majority", *run.variants)],
        footer="Drawn by blockspin from the files of this run; every number is in scorecards.json and claims.json.",
    )


def scorecards(run: Run) -> Section:
    """The table of verdicts."""
    shown = [card for card in run.cards if run.kinds[card["map"]] != "null"]
    nulls = [card for card in run.cards if run.kinds[card["map"]] == "null"]
    return Section(
        "Scorecard",
        [
            "Each map takes the spins to as many coarse variables as a block rule would, and is put before the same "
            "criteria. A quantity passes where it lies within half the null's distance of the reference, by more than "
            "two standard errors; renormalizes means that locality, tiling and spectrum all pass.",
        ],
        [
            tables.scorecard_table(shown, HEADLINES, title="Block rules and learned maps"),
            tables.scorecard_table(
                nulls,
                HEADLINES,
                title="Nulls",
                caption="Maps of the same make that cannot know the physics, put before the same judge. Most fail the "
                "spectrum because their units have no places on a lattice, not by their exponents: the numbers in "
                "brackets are what forced places give, and on coarse lattices below about 10 × 10 those come near the "
                "majority rule's. The variants of null_variants have two nulls more than the others, so that ticks of "
                "different rows are not equally hard to get.",
            ),
        ],
    )


def samples(run: Run) -> Section:
    """What the data look like, and how independent they are."""
    spins = [run.samples.arrays["spins"], run.critical.arrays["spins"]]
    shown = np.concatenate([part[:: max(1, len(part) // 3), -1][:3] for part in spins])
    names = [f"K = {run.settings.K:g}"] * 3 + [f"critical, K = {KC_SQUARE:.4f}"] * 3
    rows = [_sample_row(name, result) for name, result in (("training", run.samples), ("critical", run.critical))]
    return Section(
        "Samples",
        [
            "Equilibrium Ising configurations. A share of the chains is held out of training; errors are formed over "
            "chains, never over draws.",
        ],
        [
            pictures.configurations(
                shown,
                names,
                title="Configurations",
                caption="First the coupling that the machines are trained at, with domains of the size of the "
                "correlation length; then the critical point, with domains of all sizes, where exponents are measured.",
            ),
            tables.table(
                (
                    "set",
                    "K",
                    "draws",
                    "algorithm",
                    "tau of energy",
                    "tau of order parameter",
                    "spacing",
                    "equilibration",
                    "R-hat",
                ),
                rows,
                title="How they were drawn",
                caption="tau: integrated autocorrelation time in sweeps (1/2 + sum of rho); spacing and equilibration "
                "in sweeps.",
                wide=True,
            ),
        ],
    )


def _sample_row(name: str, result: Result) -> tuple[Any, ...]:
    about = result.meta["provenance"]
    chains, draws = result.arrays["spins"].shape[:2]
    times = [brackets(*pair) for pair in (about["tau"] or {}).values()] or ["not measured"] * 2
    mixing = [value for value in about["r_hat"].values() if value is not None]
    return (
        name,
        f"{about['model']['K']:.6g}",
        chains * draws,
        about["algorithm"],
        *times,
        about["spacing"],
        about["equilibration"],
        f"{max(mixing):.3f}" if mixing else "not measured",
    )


def fields(run: Run) -> Section:
    """Weights, effective fields, centres, locality."""
    blocks: list[Figure | Table | str] = [
        pictures.weights(
            {name: _unit_scale(run.pictures(name, 1)) for name in run.variants},
            title="Weights of the first layer, every variant on one scale",
            caption="Each square is the lattice as one hidden unit sees it, fields divided by the layer's largest "
            "weight so that shapes compare. A block spin would be one small patch of one sign; look whether a variant "
            "shows patches, or texture over the whole lattice.",
            unit="weight over the layer's largest",
        )
    ]
    if "l1" in run.variants:
        blocks.append(
            pictures.weights(
                {f"layer {layer}": run.pictures("l1", layer) for layer in range(1, run.n_layers + 1)},
                scale="own",
                unit="effective weight",
                title="Effective fields of the L1 stack, layer by layer",
                caption="Each square is the whole lattice as one unit of that layer sees it: the product of the weight "
                "matrices up to the layer. Each layer has its own colour scale: sizes are to be compared, not "
                "strengths.",
            )
        )
    blocks.append(centres(run))
    blocks.append(
        forest(
            [
                Forest(
                    "participation ratio (sites)",
                    _rows(run, layer, "locality", "participation ratio"),
                    f"layer {layer}",
                    lines=[(run.card("majority", layer)["b"] ** 2, "block")],
                    log=True,
                )
                for layer in range(1, run.n_layers + 1)
            ],
            title="Locality",
            caption="How many sites a unit's field covers: the participation ratio of its squared weights (mean over "
            "units, standard error), for each map, its nulls (hollow) and the block rules.",
        )
    )
    return Section("Fields", ["Are the fields local, and do they tile the lattice?"], blocks)


def centres(run: Run) -> Figure:
    """Where the first layer's fields lie on the periodic lattice, beside the ideal grid of block centres."""
    L, b = run.settings.L, run.card(run.variants[0], 1)["b"]
    grid = (b - 1) / 2 + b * np.arange(round(L / b))
    ideal = [(float(x), float(y)) for x in grid for y in grid]
    parts = []
    for name in run.variants:
        found = _centres(run, name)
        dots = [(float(x), float(y)) for x, y in (found[np.isfinite(found).all(axis=1)] + 0.5) % L - 0.5]
        parts.append(
            Panel(
                "x (lattice spacings)",
                "y (lattice spacings)",
                {"block centres": ideal, name: dots},
                f"{name}, {len(dots)} units",
                x_scale="whole",
                y_scale="whole",
                joined="no",
                limits=((-0.5, L - 0.5), (-0.5, L - 0.5)),
                square=True,
            )
        )
    return line_plot(
        parts,
        title="Centres of the first layer's fields",
        caption="A dot is the centre of a unit's squared weight on the periodic lattice; small crosses mark the ideal "
        "grid of block centres. A map that tiles the lattice puts one dot at each cross.",
    )


def _unit_scale(fields: NDArray[np.float64]) -> NDArray[np.float64]:
    largest = np.abs(fields).max()
    return fields / largest if largest > 0 else fields


def _centres(run: Run, name: str) -> NDArray[np.float64]:
    arrays = run.measured[(name, 1)].arrays
    if "centres" not in arrays:
        return np.empty((0, 2))
    return np.where(arrays["alive"][:, None], arrays["centres"], math.nan)


def _rows(run: Run, layer: int, criterion: str, quantity: str) -> list[Row]:
    rows = []
    order = {"reference": 0, "learned": 1, "null": 2}
    headings = {"reference": "block rules", "learned": "learned", "null": "nulls"}
    for item in sorted(run.plan.maps, key=lambda item: order[item.kind]):
        row = run.row(item.name, layer, criterion, quantity)
        if row is None or (item.kind == "null" and item.variant not in run.settings.null_variants):
            continue
        value = row["value"] if row["state"] == "measured" else math.nan
        error = math.nan if row["error"] is None else row["error"]
        forced = f" ({tables.number(row['value'], error)} if forced)" if row["value"] is not None else ""
        text = "" if math.isfinite(value) else f"not defined{forced}"
        rows.append(Row(item.name, value, error, item.kind == "null", headings[item.kind], text))
    return rows


def spectrum(run: Run) -> Section:
    """The exponents, layer by layer."""
    blocks: list[Figure | Table | str] = [
        exponents(
            {name: _rows(run, layer, "spectrum", name) for name in ("y_t", "y_h")},
            title=f"Exponents through layer {layer}",
            caption="Scaling exponents of each map at the critical point with standard errors; hollow: nulls; the line "
            "is the exact value. A row that is not defined belongs to a map whose units have no places on a lattice, "
            "or whose data support no number.",
        )
        for layer in range(1, run.n_layers + 1)
    ]
    return Section(
        "Spectrum",
        [
            "Monte Carlo renormalization through each map: how the coarse operators answer to the fine ones at the "
            "critical point gives y_t (4 even operators) and y_h (2 odd). It is measured on critical samples, whatever "
            "coupling the map was trained at. Even the majority rule misses the exact values by its truncation and the "
            "lattice's size: compare maps with it, not with the line alone. On coarse lattices below about 10 × 10, as "
            "in the last layer, maps that know nothing of blocks come near it too.",
        ],
        blocks,
    )


def fidelity(run: Run) -> Section:
    """Free samples and reconstructions."""
    blocks: list[Figure | Table | str] = []
    first = run.measured[(run.variants[0], 1)].arrays
    pairs = {"data": (first["G_data"], first["G_data_error"])}
    for name in run.variants:
        arrays = run.measured[(name, 1)].arrays
        pairs[name] = (arrays["G"], arrays["G_error"])
    curves = {
        name: [(float(r), float(G), float(error)) for r, (G, error) in enumerate(zip(*pair, strict=True))]
        for name, pair in pairs.items()
    }
    blocks.append(
        line_plot(
            [Panel("r (lattice spacings)", "G(r) = ⟨s_0 s_r⟩", curves, x_scale="whole", bands=True)],
            title="Correlations of free samples, first layer",
            caption="The spin correlation along the axes, of each machine's free samples and of the data; one-sigma "
            "bands.",
        )
    )
    quantities = ("energy a site", "effective K", "|m|", "reconstructed sites")
    blocks.append(
        tables.table(
            ("map", "layer", *quantities),
            [
                (name, layer, *(run.number(name, layer, "fidelity", quantity) for quantity in quantities))
                for name in run.variants
                for layer in range(1, run.n_layers + 1)
            ]
            + [("data", "", *(_target(run, quantity) for quantity in quantities[:3]), "")],
            title="What the machines make when run freely",
            caption="Energy in units of J (exact for the data: Kaufman); effective K is the coupling whose exact "
            "energy it is; the last column is the share of held-out sites that come back from the coarse variables.",
            wide=True,
        )
    )
    L = run.settings.L
    for name in [name for name in ("l1", "sklearn-default") if name in run.variants]:
        arrays = run.measured[(name, 1)].arrays
        back = {
            f"layer {layer}": run.measured[(name, layer)].arrays["reconstructed"].reshape(-1, L, L)
            for layer in range(1, run.n_layers + 1)
        }
        blocks.append(
            pictures.reconstructions(
                arrays["shown"].reshape(-1, L, L),
                back,
                title=f"Reconstructions: {name}",
                caption="Held-out samples and what comes back from each layer, as means. Domains survive and detail is "
                "lost with depth, for maps that renormalize and for maps that do not: a good picture here is not "
                "evidence.",
            )
        )
    return Section("Fidelity", ["Does the machine make Ising samples, and does it bring back what it saw?"], blocks)


def _target(run: Run, quantity: str) -> str:
    row = run.row(run.variants[0], 1, "fidelity", quantity)
    if row is None or row["reference"] is None:
        return ""
    return tables.number(row["reference"]["value"], row["reference"]["error"])


def training(run: Run) -> Section:
    """The trajectories of training."""
    found: dict[str, dict[str, NDArray[np.float64]]] = {}
    for item in run.plan.maps:
        if item.kind != "learned":
            continue
        arrays = run.store.load(item.trained[0]).arrays
        path = {
            key.removeprefix("trajectory_"): value for key, value in arrays.items() if key.startswith("trajectory_")
        }
        if path:
            found[item.name] = path
    lead = ["How the first layer's training went, at log-spaced epochs; scikit-learn's machine keeps no record."]
    if not found:
        return Section("Training", ["No variant of this run keeps a training trajectory."])
    return Section(
        "Training",
        lead,
        [
            trajectories(
                found,
                title="Training",
                caption="Weights: relative change an epoch. Pseudo-log-likelihood over all sites: solid on training "
                "chains, dashed on held-out ones. Free-energy gap: the log-likelihood that held-out chains lose "
                "against training chains; a gap that grows is overfitting.",
            )
        ],
    )


def about(run: Run) -> Section:
    """Settings and provenance."""
    names = [(name, VARIANTS[name]) for name in run.variants]
    return run.about_section(blocks=[tables.table(("variant", "what it is"), names, title="Variants"), *_sources(run)])


def _sources(run: Run) -> list[Table]:
    # where the values of the preset "paper" come from, and which of them this run has changed
    if run.stored["preset"] != "paper":
        return []
    plain, asked = (
        dict(tables.flat(settings.model_dump())) for settings in (Settings(**PRESETS["paper"]), run.settings)
    )
    rows = [
        (name, asked[name], source if asked[name] == plain[name] else "changed in this run")
        for name, source in SOURCES.items()
    ]
    return [tables.table(("setting", "value", "source"), rows, title="Where the values come from")]


def limits(run: Run) -> Section:
    """What this run cannot tell."""
    told = [
        "One seed of training a variant: errors over units and over sample chains do not hold the spread between "
        "seeds.",
        "Exponents are those of one step with few operators on a finite lattice; the majority rule measured in the "
        "same way is the yardstick, and deep layers have few coarse sites left.",
        "Flow of the couplings and range of the coarse Hamiltonian are not judged here: renormalizes says less than "
        "it will.",
        "A learned layer is given places on a lattice by its fields' centres; a map that coarse-grains without local "
        "fields would be called not defined by this judge.",
        "Free runs are block Gibbs chains of a few hundred steps from data and from noise; where the two disagree the "
        "error says so.",
    ]
    if run.settings.L < 40:
        told.append("This preset is a small lattice for a quick answer; the paper's size is the preset paper.")
    return Section("Limits", told)
