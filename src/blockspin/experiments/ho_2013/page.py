"""The report of the experiment ho-2013, drawn from the files of a run and computing nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blockspin.experiments.about import Folder
from blockspin.experiments.ho_2013 import data
from blockspin.experiments.ho_2013.experiment import findings
from blockspin.experiments.ho_2013.plan import IMAGES, Plan, plan
from blockspin.experiments.ho_2013.readings import Findings, Machine, label, over_seeds
from blockspin.experiments.ho_2013.settings import CONTROLS, DATA, PENALTIES, Settings
from blockspin.report import pictures, tables
from blockspin.report.lines import Panel, Point, line_plot
from blockspin.report.page import Figure, Section, Table, render
from blockspin.runs import settings as settings_file
from blockspin.statistics import Estimate

Array = NDArray[Any]

NONE: Machine = ("none", 0.0)
SHOWN, SEEN = 16, 3  # fields of a machine; images and their reconstructions

LEAD = "What is claimed of penalties and filters, and what this run says; each rule stands in the reason."


class Run(Folder):
    """What a finished run's folder holds, read once."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.settings = settings_file.restore(Settings, self.stored)
        self.plan: Plan = plan(self.settings, self.stored["seed"])
        self.found = findings(self.plan, self.store)

    def images(self, name: str) -> Findings:
        """The measurements on the images themselves."""
        return self.found[name, IMAGES]

    def chosen(self, name: str) -> list[Machine]:
        """The machines that are compared on a kind of image: none, L2, L1."""
        some = self.images(name)
        return [NONE, *(machine for machine in map(some.chosen, ("l2", "l1")) if machine is not None)]

    def fields(self, name: str, control: str, machine: Machine) -> Array:
        """The fields of the first repetition's machine as upright pictures (M, columns, rows)."""
        key = (name, control, 1)
        weights = self.store.load(self.plan.trained[key]).arrays["weights"]
        own = weights[self.found[name, control].machines.index(machine)]
        return upright(own.reshape(-1, *self.found[name, control].metas[0]["shape"]))


def upright(images: Array) -> Array:
    """Pictures (n, rows, columns), the first row on top, as the report draws fields: x to the right, y upwards."""
    return np.asarray(images)[:, ::-1].transpose(0, 2, 1)


def page(folder: Path) -> str:
    """The HTML page of a finished run."""
    run = Run(folder)
    settings = run.settings
    facts = {
        "machines": f"{settings.hidden} hidden units",
        "training": f"{settings.updates:,} batches of {settings.batch_size}",
        "seeds": str(settings.seeds),
        "preset": str(run.stored["preset"]),
    }
    return render(
        "Penalties and filters: L1, L2 and none on images",
        summary(run),
        [
            run.claims_section(LEAD),
            *(filters(run, name) for name in settings.data),
            price(run),
            *([controls(run)] if settings.controls else []),
            numbers(run),
            about(run),
            limits(),
        ],
        subtitle="Nghia Ho (2013): is it the penalty, and not renormalization, that makes a machine's filters local?",
        facts=facts,
        verdicts=run.statuses,
        footer="Drawn by blockspin from the files of this run; the numbers are in claims.json and in tasks/.",
    )


def summary(run: Run) -> list[str]:
    """What came out, in a few sentences with this run's numbers."""
    lines = []
    for name in run.settings.data:
        some = run.images(name)
        compared = run.chosen(name)[::-1]
        counts = [f"{_text(some(machine, 'participation'))} with {_penalty(machine)}" for machine in compared]
        shares = [_text(some(machine, "window")) for machine in compared]
        side = some.metas[0]["window"]
        lines.append(
            f"On {DATA[name]} a filter covers, of {math.prod(some.metas[0]['shape'])} pixels, {_listed(counts)}; its "
            f"best window of {side} × {side} holds {_listed(shares)} of w^2."
        )
    first = run.images(run.settings.data[0])
    lines.append(
        "Compared is the most local machine of each penalty that keeps nine tenths of the held-out gain in likelihood "
        f"that a machine has without one. Random weights cover {_text(first.beside('participation', 'untrained'))} "
        f"pixels, their best window holding {_text(first.beside('window', 'untrained'))}."
    )
    permuted = [(name, run.found[name, "permuted"]) for name in run.settings.data if (name, "permuted") in run.found]
    if permuted:
        told = [
            f"{_text(some(some.family('l1')[0], 'window'))} of w^2 on {name} "
            f"({_text(some(some.family('l1')[0], 'window', 'restored'))} with the permutation undone)"
            for name, some in permuted
        ]
        lines.append(f"Where the pixels are permuted, the best window of an L1 filter holds {', '.join(told)}.")
    return lines


def filters(run: Run, name: str) -> Section:
    """The filters of one kind of image side by side on one scale, and reconstructions of images it has not seen."""
    some, chosen = run.images(name), run.chosen(name)
    stacks = {label(machine): run.fields(name, IMAGES, machine) for machine in chosen}
    original, made = _reconstructions(run, name, chosen)
    low, high = (-2.0, 2.0) if name == "natural" else (0.0, 1.0)
    living = ", ".join(f"{label(machine)} {_text(some(machine, 'living'))}" for machine in chosen)
    return Section(
        f"Filters of {name}",
        [
            f"{DATA[name].capitalize()} ({run.stored['settings'][name]['source']}): what the units of each machine "
            f"see, one repetition. Living units of {run.settings.hidden}: {living}."
        ],
        [
            pictures.weights(
                stacks,
                count=SHOWN,
                title=f"The {SHOWN} strongest filters of each machine",
                caption="Each square is the image as one unit weighs it; red weights are positive, blue negative, one "
                "scale for all. Look for weights of zero, the middle of the scale, and whether the others lie close.",
            ),
            pictures.reconstructions(
                original,
                made,
                limits=(low, high),
                title="Images it has not seen, and their reconstructions",
                caption="Up to the hidden units and down again by means. Look whether the columns "
                "differ: locality must not be bought with a machine that sees nothing.",
            ),
        ],
    )


def _reconstructions(run: Run, name: str, chosen: list[Machine]) -> tuple[Array, Mapping[str, Array]]:
    arrays = run.store.load(run.plan.measured[name, IMAGES, 1]).arrays
    some = run.images(name)
    shape = some.metas[0]["shape"]
    original, made = arrays["originals"][:SEEN], arrays["reconstructions"][:, :SEEN]
    return upright(original.reshape(-1, *shape)), {
        label(machine): upright(made[some.machines.index(machine)].reshape(-1, *shape)) for machine in chosen
    }


def price(run: Run) -> Section:
    """Locality against held-out quality for the whole scan."""
    blocks = []
    for name in run.settings.data:
        some = run.images(name)
        start = {key: float(some.beside(key, "untrained").mean()) for key in ("window", "participation")}
        side = some.metas[0]["window"]
        panels = [
            Panel(
                "held-out gain kept, %",
                words,
                {penalty: _path(some, penalty, key) for penalty in ("l2", "l1", "none")},
                title,
                across=[(start[key], "random weights"), (middle, "halfway to a window")],
                y_scale="log" if key == "participation" else "linear",
            )
            for key, title, words, middle in (
                ("window", "Window", f"share of w² in {side} × {side} pixels", (start["window"] + 1) / 2),
                ("participation", "Participation", "pixels", math.sqrt(start["participation"] * side**2)),
            )
        ]
        blocks.append(
            line_plot(
                panels,
                title=f"Locality against held-out quality, {name}",
                caption="Means over seeds with standard errors. Local is up on the left panel and down on the right. "
                "'Halfway to a window' lies between random weights and a field within one window, the mean of the two "
                "(of their logarithms, for the participation ratio): a machine beyond it counts as local. "
                "Look at equal quality, one below the other: is L1 the more local one, and does any strength of L2 "
                "leave the height of no penalty?",
            )
        )
    return Section(
        "What locality costs",
        [
            "Every strength of the scan. Horizontal: the gain in held-out log-likelihood over independent pixels "
            "(annealed ln Z), as a share of the gain without a penalty. Vertical: how local the filters are. A path "
            "starts at no penalty and goes on to stronger ones."
        ],
        blocks,
    )


def _path(some: Findings, penalty: str, key: str) -> list[Point]:
    machines = [NONE, *(some.family(penalty) if penalty != "none" else [])]
    whole = some.gain(NONE)
    pairs = [(over_seeds(100 * some.gain(one) / whole), over_seeds(some(one, key))) for one in machines]
    return [(x.value, y.value, y.error, x.error) for x, y in pairs]


def controls(run: Run) -> Section:
    """Permuted pixels and noise."""
    rows = []
    for name in run.settings.data:
        for control in (IMAGES, *run.settings.controls):
            some = run.found[name, control]
            at = run.found[name, run.settings.controls[0]].machines
            for machine in at:
                rows.append(
                    (
                        f"{name}, {control}, {label(machine)}",
                        _text(1e3 * some.gain(machine)),
                        _text(some(machine, "living")),
                        _text(some(machine, "participation")),
                        _text(some(machine, "window")),
                        _text(some(machine, "window", "shuffled")),
                        _text(some(machine, "window", "restored")) if control == "permuted" else "–",
                    )
                )
    blocks: list[Figure | Table | str] = []
    for name in run.settings.data:
        if "permuted" in run.settings.controls:
            some = run.found[name, "permuted"]
            (l1,) = some.family("l1")
            own = run.fields(name, IMAGES, l1)
            apart = run.fields(name, "permuted", l1)
            key = (name, "permuted", 1)
            weights = run.store.load(run.plan.trained[key]).arrays["weights"][some.machines.index(l1)]
            seed = run.plan.trained[key].settings["seed"]
            back = data.restored(weights, "permuted", seed).reshape(-1, *some.metas[0]["shape"])
            blocks.append(
                pictures.weights(
                    {"images": own, "pixels permuted": apart, "permutation undone": upright(back)},
                    count=SHOWN,
                    title=f"{label(l1)} on {name} and on permuted {name}",
                    caption="Look whether the middle filters are as sparse as the left ones, and whether they lie "
                    "anywhere. On the right their pixels are back where they came from.",
                )
            )
    told = "; ".join(f"{control}: {CONTROLS[control]}" for control in run.settings.controls)
    return Section(
        "Controls",
        [f"The same machines on data without the images' order. {told[0].upper()}{told[1:]}."],
        [
            tables.table(
                (
                    "data and machine",
                    "gain, mnats a pixel",
                    "living",
                    "participation",
                    "window share",
                    "its weights shuffled",
                    "permutation undone",
                ),
                rows,
                title="Controls beside the images, at the same strengths",
                caption="A gain of zero or less: the machine has learned nothing that holds for unseen rows, and its "
                "filters stand for nothing. Living units are counted against the largest of the machine without a "
                "penalty; where none lives there is no filter to measure.",
                wide=True,
            ),
            *blocks,
        ],
    )


def numbers(run: Run) -> Section:
    """Every machine of the scan."""
    blocks: list[Figure | Table | str] = []
    for name in run.settings.data:
        some = run.images(name)
        rows = [
            (
                label(machine) + ("*" if machine in run.chosen(name)[1:] else ""),
                _text(some(machine, "living")),
                _text(some(machine, "participation")),
                _text(some(machine, "window")),
                _text(some(machine, "window", "shuffled")),
                _text(some(machine, "radius")),
                _text(some(machine, "alike")),
                _text(100 * some(machine, "zeros")),
                _text(some(machine, "largest")),
                _text(1e3 * some.gain(machine)),
                f"{100 * some.kept(machine):.0f}",
                _text(1e3 * (some(machine, "training") - some(machine, "held_out"))),
                _text(some(machine, "reconstruction")),
            )
            for machine in some.machines
        ]
        start = [_text(some.beside(key, "untrained")) for key in ("participation", "window", "radius", "alike")]
        rows.append(("untrained", "–", start[0], start[1], "–", start[2], start[3], "0", "–", "–", "–", "–", "–"))
        blocks.append(
            tables.table(
                (
                    "machine",
                    "living",
                    "participation",
                    "window share",
                    "shuffled",
                    "radius",
                    "alike",
                    "zeros, %",
                    "largest |w|",
                    "gain, mnats",
                    "kept, %",
                    "gap, mnats",
                    "reconstruction",
                ),
                rows,
                title=f"All machines on {name}",
                caption=f"Means over {run.settings.seeds} seeds. * compared above. Participation ratio in pixels; "
                "share of w^2 in the best window, and the same after each unit's weights are shuffled over the pixels; "
                "radius of gyration in pixels; likeness of neighbouring weights (1: flat, 0: none); held-out gain over "
                f"independent pixels ({_text(some.beside('independent'))} nats a pixel) and the training rows' "
                "advantage, thousandths of a nat a pixel; mean squared error of held-out reconstructions (mean image: "
                f"{_text(some.beside('flat_error'))}).",
                wide=True,
            )
        )
    return Section("Numbers", [], blocks)


def about(run: Run) -> Section:
    """Machines, settings and provenance."""
    refused = [
        f"{name}, {control}, {row['penalty']} {row['strength']:g}: {row['trouble']}"
        for (name, control), some in run.found.items()
        for meta in some.metas
        for row in meta["machines"]
        if row["trouble"]
    ]
    kinds = [run.images(name) for name in run.settings.data]
    moved = max(row["weight_change"] for some in kinds for meta in some.metas for row in meta["machines"])
    lines = [
        f"Penalties: {', '.join(f'{key}: {words}' for key, words in PENALTIES.items())}. In the last epoch the weights "
        f"of a machine on images move by at most {100 * moved:.2g} % of their norm."
    ]
    if refused:
        lines.append(f"ln Z is not to be believed, and the likelihood left out, of {len(refused)}: {refused[0]}.")
    return run.about_section(lead=lines)


def limits() -> Section:
    """What this run cannot tell."""
    return Section(
        "Limits",
        [
            "Two photographs stand for natural images, and test patches come from other parts of the same two. Ho's "
            "patches were of CIFAR-10, his strengths and his normalisation are not known to us, nor whether an "
            "iteration is an epoch; here strengths are scanned, and the chains' last step is drawn, not a mean.",
            "Errors are over a few seeds and as uncertain as that: the rules ask that every seed agrees, too.",
            "L1 is proximal and outside the momentum, L2 inside it: strengths of the two are not to be compared, only "
            "machines of equal held-out likelihood.",
            "The likelihood of real-valued patches is that of a density with unit variance a pixel: what varies less "
            "than that the machine cannot model, with or without a penalty.",
        ],
    )


def _listed(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1])] * (len(words) > 1) + words[-1:])


def _penalty(machine: Machine) -> str:
    return "no penalty" if machine == NONE else label(machine)


def _text(values: Any) -> str:
    found: Estimate = over_seeds(np.asarray(values, float))
    return tables.number(found.value, found.error) if math.isfinite(found.value) else "–"
