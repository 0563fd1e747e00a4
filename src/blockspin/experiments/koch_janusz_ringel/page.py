"""The report of the experiment koch-janusz-ringel, drawn from the files of a run and computing nothing but fits."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from blockspin.exact.ising2d import correlation_length
from blockspin.experiments.about import Folder
from blockspin.experiments.koch_janusz_ringel.claims import in_powers
from blockspin.experiments.koch_janusz_ringel.plan import plan
from blockspin.experiments.koch_janusz_ringel.readings import (
    Found,
    boundary_share,
    critical_coupling,
    decay,
    estimate,
    last,
    mean,
    nu,
    nu_of_correlations,
    points,
    rows_of,
    steps,
    uniform_share,
)
from blockspin.experiments.koch_janusz_ringel.settings import TORUS, Settings
from blockspin.models.ising import KC_SQUARE
from blockspin.report import pictures, tables
from blockspin.report.levels import levels
from blockspin.report.lines import Panel, line_plot
from blockspin.report.page import Section, render
from blockspin.runs import settings as settings_file
from blockspin.statistics import Estimate

LEAD = "What is claimed, and what this run says; each rule stands in the reason."


class Run(Folder):
    """What a finished run's folder holds, read once."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.settings = settings_file.restore(Settings, self.stored)
        self.found = Found.load(plan(self.settings, self.stored["seed"]), self.store)


def page(folder: Path) -> str:
    """The HTML page of a finished run."""
    run = Run(folder)
    settings = run.settings
    facts = {
        "2 × 2 blocks": f"torus of {TORUS} × {TORUS}, exact",
        "larger blocks": f"{settings.blocks.L} × {settings.blocks.L}",
        "flow": f"{settings.flow.L} × {settings.flow.L}, {settings.flow.steps} steps by b = 2",
        "unit of information": "nats",
        "preset": str(run.stored["preset"]),
    }
    return render(
        "Real-space mutual information, against exact sums",
        summary(run),
        [
            run.claims_section(LEAD),
            small(run),
            large(run),
            curve(run),
            flow(run),
            chain(run),
            run.about_section(),
            limits(),
        ],
        subtitle="Block spins that keep the most information about their surroundings (Koch-Janusz & Ringel 2018)",
        facts=facts,
        verdicts=run.statuses,
        footer="Drawn by blockspin from the files of this run; the claims are in claims.json.",
    )


def summary(run: Run) -> list[str]:
    """What came out, in a few sentences with this run's numbers."""
    found = run.found
    ratios = [
        min(result.meta["kept"]) / result.meta["exact"]["best of the odd rules"] for result in found.filters.values()
    ]
    shares = ", ".join(
        f"{boundary_share(result.arrays['filters'])} for {b} × {b} (equal weights: {uniform_share(b):.3f})"
        for b, result in found.blocks.items()
    )
    return [
        f"The filters learned for 2 × 2 blocks keep at least {100 * min(ratios):.2f} % of what the best odd rule keeps "
        "of the information about the environment, by exact sums.",
        f"Larger blocks look at their boundary: its share of the absolute weight is {shares}.",
        f"The flow of the coarse spins finds Kc = {critical_coupling(found)} (exact {KC_SQUARE:.5f}) and "
        f"nu = {nu(found)} (exact 1); Monte Carlo RG through the same filters gives nu = {nu_of_correlations(found)}.",
        f"At Tc the information falls with the buffer L_B by an exponent of {decay(found.critical, math.log)} in L_B, "
        f"and of {decay(found.critical, _centred(found))} in the distance from the block's centre, where 1/4 is "
        "expected.",
    ]


def small(run: Run) -> Section:
    """2 x 2 blocks beside every rule, exactly."""
    results = run.found.filters
    exact = {K: result.meta["exact"] for K, result in results.items()}
    names = list(next(iter(exact.values())))
    rows: list[tuple[str, ...]] = [(name, *(f"{exact[K][name]:.8f}" for K in exact)) for name in names]
    rows.append(("learned, the least of the trainings", *(f"{min(results[K].meta['kept']):.8f}" for K in exact)))
    rows.append(("learned, the most", *(f"{max(results[K].meta['kept']):.8f}" for K in exact)))
    for bound in ("classifier", "infonce"):
        cells = [results[K].meta["estimates"][0][bound] for K in exact]
        rows.append((f"estimated for the first training, {bound}", *(tables.number(*cell) for cell in cells)))
    weights = [
        (f"K = {K:.4f}", *(str(mean(column)) for column in result.arrays["filters"].T)) for K, result in results.items()
    ]
    return Section(
        "2 × 2 blocks, exactly",
        [
            f"A block of four spins, a ring of twelve left out, the other twenty spins of the {TORUS} × {TORUS} torus "
            "as environment: every state is summed, so a learned filter is judged without an estimate.",
            "The best of all 32,768 rules to one bit is not odd: it gives all six ties of two against two to one side. "
            "A filter without a bias is odd, and the best of those lets three spins outvote the fourth.",
        ],
        [
            tables.table(
                ("rule", *(f"K = {K:.5f}" for K in exact)),
                rows,
                title="Information kept, I(H:E) in nats",
                caption="All exact but the last two rows, which are lower bounds from samples with errors over chains. "
                "Look at how little lies between the best rules, and how far below them decimation is.",
            ),
            tables.table(
                ("", "w_1", "w_2", "w_3", "w_4"),
                weights,
                title="Weights, mean over trainings",
                caption="Around the square, absolute sum 1; errors over trainings. Weights that rank the sixteen "
                "states alike keep the same information, so single trainings scatter about 1/4.",
            ),
        ],
    )


def large(run: Run) -> Section:
    """Filters of larger blocks."""
    results = run.found.blocks
    names = list(next(iter(results.values())).meta["information"])
    rows = [
        (
            f"{b} × {b}",
            str(boundary_share(result.arrays["filters"])),
            f"{uniform_share(b):.4f}",
            *(tables.number(*result.meta["information"][name]) for name in names),
        )
        for b, result in results.items()
    ]
    shell = run.settings.blocks
    return Section(
        "Larger blocks: the boundary",
        [
            f"Filters at Kc on {shell.L} × {shell.L}, with a buffer of {shell.buffer} and an environment of "
            f"{shell.environment} sites. By the Markov property the inside of a block says nothing that its boundary "
            "does not say of the environment; the filters find that."
        ],
        [
            pictures.weights(
                {f"{b} × {b} block": result.arrays["filters"] for b, result in results.items()},
                count=5,
                columns=5,
                choose="evenly",
                scale="own",
                title="Filters of several trainings",
                caption="Each square is a block; red weights are positive. Look whether the rim is red and the inside "
                "near 0 in every training: such a filter reads the block's boundary.",
            ),
            tables.table(
                ("block", "share of the boundary", "of equal weights", *names),
                rows,
                title="Weight on the boundary, and information in nats",
                caption="The share of the absolute weight on the boundary's sites, mean over trainings. Information: "
                "lower bounds on the same windows by the same networks; 'learned' is the mean of the filters.",
                wide=True,
            ),
        ],
    )


def curve(run: Run) -> Section:
    """Information by temperature and buffer."""
    found, settings = run.found, run.settings.curve
    shown = [buffer for buffer in settings.buffers if buffer in (1, 2, 4, 8)] or list(settings.buffers)
    by_buffer = {
        f"buffer {buffer}": [(T, *_stored(_row(found.curve[T], buffer))) for T in sorted(found.curve)]
        for buffer in shown
    }
    exact = {
        f"exact, 2 × 2 on {TORUS} × {TORUS}, buffer 1": [
            (T, found.curve[T].meta["exact"]["best"]) for T in sorted(found.curve)
        ]
    }
    around = [T for T in sorted(found.curve) if T * KC_SQUARE > 1 - 1e-9]
    decays = {
        f"T = {T:.3f}" + (" (Tc)" if abs(T * KC_SQUARE - 1) < 1e-9 else ""): [
            (buffer + settings.b / 2, one.value, one.error) for buffer, one in points(found.curve[T])
        ]
        for T in around
    }
    rates = [
        (f"{T:.3f}", _rate(found, T), f"{2 / correlation_length(1 / T):.3f}")
        for T in around
        if T * KC_SQUARE > 1 + 1e-9
    ]
    return Section(
        "Information by temperature and buffer",
        [
            f"What the learned filter of a {settings.b} × {settings.b} block keeps, on {settings.L} × {settings.L}, "
            "by the classifier bound on chains kept apart.",
            f"At Tc the fit gives an exponent of {decay(found.critical, math.log)} in the buffer's width and "
            f"{decay(found.critical, _centred(found))} in the distance from the block's centre. Far away, I goes as "
            "the squared correlation of one spin with a ring at distance R, so as R to the power −1/4.",
        ],
        [
            line_plot(
                [
                    Panel(
                        "T (J/k)",
                        "I(H:E) (nats)",
                        by_buffer,
                        dashed=exact,
                        across=[(math.log(2), "ln 2")],
                        down=[(1 / KC_SQUARE, "T_c")],
                    )
                ],
                title="Information against temperature",
                caption="Below Tc a block tells the sign of the whole, ln 2, across any buffer; above, a wide buffer "
                "leaves nothing. The step sharpens at Tc as the buffer grows. Dashed: the best odd rule of a 2 × 2 "
                "block on the small torus, where all is summed.",
            ),
            line_plot(
                [
                    Panel(
                        "distance from the block's centre (sites)",
                        "I(H:E) (nats)",
                        {name: some for name, some in decays.items() if some},
                        x_scale="log",
                        y_scale="log",
                    )
                ],
                title="Decay with the buffer",
                caption="Over the distance from the block's centre to the environment. Logarithmic axes: a straight "
                "line at Tc is a power, the curves above Tc bend down. Points end where the information no longer "
                "stands above its error.",
            ),
            tables.table(
                ("T", "rate a site", "2/ξ"),
                rates,
                title="Exponential decay above Tc",
                caption="−∂ ln I/∂L_B, where at least three buffers stand out, beside twice the exact inverse "
                "correlation length. The rate is that of far distances; near the block powers of the distance add "
                "to it, and an information of a few hundredths of a nat is lost in the training: both make it steeper.",
            ),
        ],
    )


def flow(run: Run) -> Section:
    """Couplings step by step, critical coupling and exponents."""
    found = run.found
    paths = {
        f"K = {K:.4f}": [(n, float(value)) for n, value in enumerate(result.arrays["K"])]
        for K, result in found.flow.items()
    }
    rows = [
        (str(n), f"{one.size} × {one.size}", str(one.slope), str(one.y_t), str(one.Kc))
        for n, one in enumerate(steps(found), start=1)
    ]
    spectrum = next(result.meta["spectrum"] for result in found.flow.values() if result.meta["spectrum"])
    exponents = [
        (f"{n}", tables.number(*row["y_t"]), tables.number(*row["y_h"])) for n, row in enumerate(spectrum, start=1)
    ]
    weights = [
        (str(n), *(f"{weight:.3f}" for weight in one), tables.number(*information))
        for n, (one, information) in enumerate(
            zip(found.trained.arrays["filters"], found.trained.meta["information"], strict=True), start=1
        )
    ]
    return Section(
        "Flow",
        [
            f"One filter a step, each learned on the coarse spins of the one before from samples at K = "
            f"{run.settings.flow.K_filters:g}, away from Kc, then applied to every set of samples: one map for all, so "
            "that a difference between sets is the physics' and not the training's.",
            f"nu = {nu(found)}, from the growth of the slope between steps 1 and {last(found)}; "
            f"Kc = {critical_coupling(found)} where the curves of steps {last(found) - 1} and {last(found)} cross "
            f"({100 * (critical_coupling(found).value / KC_SQUARE - 1):+.2f} % of the exact one).",
        ],
        [
            line_plot(
                [Panel("steps", "K_n of the coarse spins", paths, x_scale="whole")],
                title="The flow from both sides",
                caption="The nearest-neighbour coupling that alone fits the spins best, a curve a starting point. The "
                "first step leads to the rule's own Hamiltonian, and may take all down. Look whether from there those "
                "below Kc go to weak and those above to strong coupling, and the one from Kc stays.",
            ),
            tables.table(
                ("step", "lattice", "∂K_n/∂K at Kc", "y_t", "Kc by crossing"),
                rows,
                title="Step by step",
                caption="Cubic polynomials through K_n against K; errors over chains of all sets. Exact: slope "
                f"2 to the power n up to a common factor, y_t = 1, Kc = {KC_SQUARE:.6f}. The last lattices are small.",
                wide=True,
            ),
            tables.table(
                ("step", "y_t", "y_h"),
                exponents,
                title="Exponents of the learned maps by Monte Carlo RG",
                caption="From correlations of the critical samples alone, on lattices of at least 8 × 8 coarse spins. "
                "Exact: 1 and 1.875.",
            ),
            tables.table(
                ("step", "w_1", "w_2", "w_3", "w_4", "information (nats)"),
                weights,
                title="The filters of the steps",
                wide=True,
            ),
        ],
    )


def chain(run: Run) -> Section:
    """The exact map over two weights."""
    results = run.found.chain
    rows = [
        (
            f"{K:g}",
            f"{in_powers(result.meta['I(V:E)'])}",
            *(f"{result.meta['shares'][name]:.4f}" for name in ("decimation", "majority", "difference")),
            f"{result.meta['rate']:.6f}",
            f"{result.meta['two over xi']:.6f}",
        )
        for K, result in results.items()
    ]
    return Section(
        "The chain, exactly",
        [
            "Two spins of an infinite chain to one by P(h|v) = 1/(1 + exp(−2 h (λ_1 v_1 + λ_2 v_2))), with a "
            f"buffer of {run.settings.chain.buffer} on each side: summed, not sampled.",
        ],
        [
            levels(
                {f"K = {K:g}": (result.arrays["lambdas"], result.arrays["kept"]) for K, result in results.items()},
                labels=("λ_1", "λ_2"),
                title="Share of I(V:E) that is kept",
                caption="Stronger blue is more. The ridges run along the axes, where one spin decides (decimation); "
                "the diagonal is majority, a valley between them, and the other diagonal, the difference of the two "
                "spins, a deeper one.",
            ),
            tables.table(
                ("K", "I(V:E), nats", "decimation", "majority", "difference", "decay a site", "2/ξ"),
                rows,
                title="Shares kept by sign rules",
                caption="Majority and difference with fair ties; their shares add up to decimation's. Decay: −∂ ln "
                "I(V:E)/∂L_B between buffers of 4 and 5, beside −2 ln tanh K.",
                wide=True,
            ),
        ],
    )


def limits() -> Section:
    """What this run cannot tell."""
    return Section(
        "Limits",
        [
            "Exact sums reach 2 × 2 blocks on the small torus and the chain. For larger blocks every information is a "
            "lower bound; where two rules are compared, it is the same bound on the same windows.",
            "Errors of informations are over chains, those of filters over trainings on one set of samples.",
            "One coupling stands for the coarse Hamiltonian. What it leaves out is in no error; crossings and slopes "
            "of later steps show how much it matters.",
        ],
    )


def _row(result: Any, buffer: int) -> Any:
    return next(row for row in rows_of(result) if row["buffer"] == buffer)


def _stored(row: Any) -> tuple[float, float]:
    one = estimate(None if row["why"] else row["classifier"])
    return one.value, one.error


def _rate(found: Found, T: float) -> str:
    rate: Estimate = decay(found.curve[T], float)
    return "–" if not np.isfinite(rate.value) else str(rate)


def _centred(found: Found) -> Any:
    half = found.critical.meta["half"]
    return lambda buffer: math.log(buffer + half)
