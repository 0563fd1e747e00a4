"""The verdict of a run in words, which opens its page."""

from __future__ import annotations

from blockspin.experiments.mehta_schwab.run_files import Run

EMBEDDING = "residual of the embedding"
SHORT = {
    "MS-1": "L1 gives local fields",
    "SK-1": "off the shelf: reconstructs, does not renormalize",
    "HO-1": "L1 makes the fields local",
    "MS-2": "training comes to rest",
    "OF-1": "long training overfits",
    "RG-1": "local is enough",
}


def summary(run: Run) -> list[str]:
    """The verdict in words."""
    renormalizing = [
        f"{name} layer {layer}"
        for name in run.variants
        for layer in range(1, run.n_layers + 1)
        if run.card(name, layer)["verdict"] == "renormalizes"
    ]
    first = (
        f"Judged as renormalizing: {', '.join(renormalizing)}."
        if renormalizing
        else "No layer of any stack trained here passes locality, tiling and spectrum together; the majority rule on "
        "the same samples "
        + ("does." if run.card("majority", 1)["verdict"] == "renormalizes" else "does not either: distrust this run.")
    )
    told = [first]
    if "l1" in run.variants:
        told.append(
            f"The L1-penalised stack: its first layer {_found(run, 'l1')}. Its fields cover "
            f"{run.number('l1', 1, 'locality', 'participation ratio')} sites on average (a block: "
            f"{run.card('l1', 1)['b'] ** 2:g}), and its "
            f"exponents are y_t = {run.number('l1', 1, 'spectrum', 'y_t')} and y_h = "
            f"{run.number('l1', 1, 'spectrum', 'y_h')}, where the majority rule gives "
            f"{run.number('majority', 1, 'spectrum', 'y_t')} and {run.number('majority', 1, 'spectrum', 'y_h')} on the "
            f"same samples (exact: 1 and 1.875).{_even(run)}"
        )
    if "none" in run.variants:
        told.append(
            f"Without a penalty the fields cover {run.number('none', 1, 'locality', 'participation ratio')} sites, and "
            f"y_t is {run.number('none', 1, 'spectrum', 'y_t')}: the same machine {_found(run, 'none')}."
        )
    if "sklearn-default" in run.variants:
        told.append(
            "scikit-learn's RBM as it comes brings back "
            f"{_percent(run, 'sklearn-default')} of the held-out sites, and it {_found(run, 'sklearn-default')}."
        )
    by_status: dict[str, list[str]] = {}
    for claim in run.claims:
        by_status.setdefault(claim["status"], []).append(f"{claim['id']} ({SHORT.get(claim['id'], claim['source'])})")
    status = "; ".join(f"{word}: {', '.join(names)}" for word, names in by_status.items())
    return [*told, f"Of the claims below, {status}."]


def _even(run: Run) -> str:
    # how a layer can fail the tiling with centres that look well spread
    spacing, residual = (run.row("l1", 1, "tiling", f"{what} / b") for what in ("spacing of centres", EMBEDDING))
    if spacing and residual and (spacing["outcome"], residual["outcome"]) == ("pass", "fail"):
        return " The fields' centres are spaced evenly, but they lie in no square grid: that fails the tiling."
    return ""


def _found(run: Run, name: str) -> str:
    decisive = run.card(name, 1)["decisive"]
    passed, failed, unknown = (
        [criterion for criterion, outcome in decisive.items() if outcome == one]
        for one in ("pass", "fail", "cannot tell")
    )
    words = f"passes {' and '.join(passed)}" if passed else "passes none of locality, tiling and spectrum"
    words += f" and fails {' and '.join(failed)}" if passed and failed else ""
    return words + (f"; its errors leave {' and '.join(unknown)} open" if unknown else "")


def _percent(run: Run, name: str) -> str:
    row = run.row(name, 1, "fidelity", "reconstructed sites")
    return "an unmeasured share" if row is None else f"{100 * row['value']:.1f} %"
