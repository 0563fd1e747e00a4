"""A whole page of made-up numbers: blob fields, random fields, ten maps, awkward names."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blockspin.report import pictures, tables
from blockspin.report.forest import Forest, Row, exponents, forest
from blockspin.report.levels import levels
from blockspin.report.lines import Panel, Point, line_plot
from blockspin.report.page import Figure, Page, Section, render
from blockspin.report.phase_map import Axis, Map, Mark, phase_map
from blockspin.report.training import training
from blockspin.runs.settings import flat

L, B = 24, 2
VARIANTS = ("sklearn-default", "sklearn-matched", "none", "l2", "l1")
HEADLINES = {"locality": ("participation ratio",), "spectrum": ("y_t", "y_h")}
NULLS = ("l1, untrained", "l1, shuffled sites", "l1, permuted data")


def blobs(n_side: int, width: float, seed: int, scatter: float = 0.0) -> NDArray[np.float64]:
    """Gaussian fields on a torus of L sites, one a site of an n_side grid, shape (n_side^2, L, L)."""
    random = np.random.default_rng(seed)
    grid = (np.arange(n_side) + 0.5) * L / n_side - 0.5
    x = np.arange(L)
    made = []
    for a in grid:
        for b in grid:
            ca, cb = np.array([a, b]) + scatter * random.standard_normal(2)
            da, db = ((x - ca + L / 2) % L - L / 2), ((x - cb + L / 2) % L - L / 2)
            sign = 1 if random.random() < 0.8 else -1
            made.append(sign * np.exp(-(da[:, None] ** 2 + db[None, :] ** 2) / (2 * width**2)))
    return np.array(made) + 0.02 * random.standard_normal((n_side**2, L, L))


def noise_fields(n: int, seed: int, size: float = 0.3) -> NDArray[np.float64]:
    return size * np.random.default_rng(seed).standard_normal((n, L, L))


def spins(n: int, seed: int) -> NDArray[np.int8]:
    field = noise_fields(n, seed)
    for _ in range(5):
        field = sum(np.roll(field, s, axis) for axis in (1, 2) for s in (-1, 0, 1))
    return np.where(field > 0, 1, -1).astype(np.int8)


def fields_by_variant() -> dict[str, NDArray[np.float64]]:
    return {
        "sklearn-default": noise_fields(144, 1, 0.35),
        "sklearn-matched": noise_fields(144, 2, 0.2) + 0.4 * blobs(12, 3.0, 3, 2.0),
        "none": blobs(12, 2.4, 4, 1.5),
        "l2": blobs(12, 1.8, 5, 1.0),
        "l1": blobs(12, 1.1, 6, 0.3),
    }


def trajectory(seed: int, epochs: int = 200) -> dict[str, NDArray[np.float64]]:
    random = np.random.default_rng(seed)
    epoch = np.array([0, 1, 2, 3, 5, 8, 12, 18, 27, 41, 62, 93, 140, epochs], float)
    rise = 1 - np.exp(-epoch / (5 + seed))
    train = -0.69 + 0.25 * rise + 0.002 * random.standard_normal(len(epoch))
    change = np.r_[np.nan, 0.5 / (1 + epoch[1:]) ** 0.9]
    return {
        "epoch": epoch,
        "weight_change": change,
        "pseudo_log_likelihood": train,
        "pseudo_log_likelihood_validation": train - 0.02 * rise * seed / 3,
        "free_energy_gap": 0.05 * seed * rise * np.log1p(epoch),
        "reconstruction_error": 0.9 - 0.5 * rise,
    }


def exponent_rows(exponent: str) -> list[Row]:
    true = {"y_t": 0.967, "y_h": 1.881}[exponent]
    return [
        Row("majority", true, 0.003, group="block rules"),
        Row("decimation", true - 0.3, 0.012, group="block rules"),
        *[
            Row(name, math.nan if i < 2 else true - 0.12 + 0.04 * i, 0.011 * (i + 1), group="layer 1")
            for i, name in enumerate(VARIANTS)
        ],
        Row("l1, untrained", -7.5, 1.2, True, "nulls, layer 1"),
        Row("l1, shuffled sites", 0.02, 0.2, True, "nulls, layer 1"),
        Row("l1, permuted data", math.nan, math.nan, True, "nulls, layer 1", "not defined (0.8312(11) if forced)"),
    ]


def locality_rows(layer: int) -> list[Row]:
    block = B ** (2 * layer)
    return [
        Row("majority", float(block)),
        Row("decimation", 1.0),
        *[Row(name, 190.0 / (i + 1) ** 2.2 * layer, 3.0 / (i + 1)) for i, name in enumerate(VARIANTS)],
        *[Row(name, 150.0 + 17 * i, 2.4, True) for i, name in enumerate(NULLS)],
    ]


def cards() -> list[dict[str, Any]]:
    made = []
    for name in ("majority", "decimation", *VARIANTS):
        for layer in (1, 2):
            i = VARIANTS.index(name) if name in VARIANTS else 4
            defined = name not in ("sklearn-default", "sklearn-matched")
            quantities = [
                ("locality", "participation ratio", 190.0 / (i + 1) ** 2.2, 3.0 / (i + 1), i > 2),
                ("locality", "share of w^2 in the best window", 0.1 + 0.15 * i, 0.011, i > 3),
                ("locality", "radius of gyration", 9.0 / (i + 1), 0.021, i > 2),
                ("tiling", "spacing of centres / b", 0.98, 0.013, None),
                (
                    "tiling",
                    "residual of the embedding / b",
                    0.2 if defined else None,
                    0.004 if defined else None,
                    defined,
                ),
                ("tiling", "coverage of sites", 0.87, 0.012, True),
                ("symmetry", "spin flip", 0.0, 0.0, True),
                ("symmetry", "translation", 0.62, 0.031, None),
                ("fidelity", "energy a site", -1.151, 0.0012, True),
                ("fidelity", "effective K", 0.401, 0.0009, False),
                ("fidelity", "G(L/4)", 0.213, 0.013, None),
                ("spectrum", "y_t", 0.91 if defined else None, 0.013 if defined else None, defined and i > 3),
                ("spectrum", "y_h", 1.878 if defined else None, 0.0021 if defined else None, defined),
            ]
            if name in VARIANTS:
                quantities.append(("generalization", "free-energy gap", 0.31, 0.12, False))
            decisive = {
                "locality": "pass" if i > 3 else "fail",
                "tiling": "pass" if defined else "fail",
                "spectrum": "pass" if defined and i > 3 else "fail",
            }
            made.append(
                {
                    "map": name,
                    "layer": layer,
                    "b": float(B**layer),
                    "verdict": "renormalizes" if name == "majority" else "coarse-grains" if i > 2 else "does not",
                    "decisive": decisive,
                    "outcomes": {"symmetry": "pass", "fidelity": "fail", "generalization": "fail"} | decisive,
                    "notes": [{"code": "made up", "text": "nulls: untrained clone, weights shuffled over sites"}],
                    "rows": [
                        {
                            "criterion": criterion,
                            "quantity": quantity,
                            "value": value,
                            "error": error,
                            "state": "undefined" if value is None else "measured",
                            "outcome": {True: "pass", False: "fail", None: "cannot tell"}[passed],
                            "code": "made up",
                            "null": {"name": f"{name}, untrained", "value": 201.0, "error": 1.4},
                            "reference": {"name": "majority", "value": 4.0, "error": 0.0},
                            "exact": {"name": "exact", "value": 1.0, "error": 0.0} if quantity == "y_t" else None,
                            "why": "closer to majority than to the null untrained"
                            if passed
                            else "centres lie 1.91 from a grid of spacing 2, at random 1.88 +- 0.06",
                        }
                        for criterion, quantity, value, error, passed in quantities
                    ],
                }
            )
    return made


def claims() -> list[dict[str, Any]]:
    evidence = [{"map": "l1", "layer": 1, "quantity": "participation ratio", "value": 5.23, "error": 0.11}]
    return [
        {
            "id": "MS-1",
            "source": "Mehta & Schwab 2014, Fig. 3",
            "text": "An L1-penalised stack has local, block-like receptive fields of similar size, growing with depth.",
            "status": "reproduced",
            "rule": "Reproduced where locality passes in every layer.",
            "why": "Locality passes in 2 of 2 layers; the participation ratio of the fields is 5.23(11) -> 31.0(9).",
            "evidence": evidence,
        },
        {
            "id": "SK-1",
            "source": "replication with scikit-learn",
            "text": "The off-the-shelf RBM reconstructs Ising samples well, and yet it does not renormalize.",
            "status": "partly",
            "why": "Its first layer brings back 0.871(2) of held-out sites, majority blocks 0.843(1).",
            "evidence": evidence * 3,
        },
        {
            "id": "RG-1",
            "source": "reading of Mehta & Schwab 2014",
            "text": "Local fields are enough to call it renormalization.",
            "status": "not reproduced",
            "why": "spectrum: 1 of 4 local layers pass (not none layer 1, l2 layer 1, l1 layer 2).",
            "evidence": [],
        },
        {
            "id": "OF-1",
            "source": "replication",
            "text": "Long training overfits: the free energy of held-out samples parts from that of the others.",
            "status": "not tested",
            "why": "no held-out free energy in this run",
        },
    ]


def points(x: Any, y: Any, error: Any = 0.0) -> list[Point]:
    return [tuple(map(float, point)) for point in zip(x, y, np.broadcast_to(error, np.shape(y)), strict=True)]


def all_figures() -> dict[str, Figure]:
    """Every figure of the report, by name, and every way to draw lines."""
    fields = fields_by_variant()
    random = np.random.default_rng(7)
    r = np.arange(L // 2 + 1)
    true = np.exp(-r / 7.0) / (1 + r) ** 0.25
    original = spins(4, 9)
    K = np.linspace(0.2, 1.2, 6)
    x = np.linspace(-3, 3, 31)
    kinds = [Row("pairs, r = 1", 0.5, text="−0.5", ticks=[0.5, 0.01]), Row("5 and more", 0.0, text="0")]
    paths = [(0.4, 0.0), (0.31, 0.06, 0.01, 0.01), (math.nan, 0), (0.44, 0), (0.36, 0.08)]
    drawn: dict[str, Figure] = {
        "configurations": pictures.configurations(
            np.concatenate([spins(2, 11), original[:2]]),
            ["data, K = 0.408", "data, critical", "l1, free run", "sklearn-default, free run"],
        ),
        "weights": pictures.weights(fields),
        "effective fields": pictures.weights(
            {"layer 1": fields["l1"], "layer 2": blobs(6, 2.3, 21, 0.8), "layer 3": blobs(3, 4.6, 22, 1.0)},
            scale="own",
            choose="evenly",
        ),
        "reconstructions": pictures.reconstructions(
            original,
            {f"from layer {k}": np.tanh(blurred(original, k)) for k in (1, 2, 3)},
        ),
        "training": training({"none": trajectory(1), "l2": trajectory(2), "l1": trajectory(3)}),
        "exponents": exponents({name: exponent_rows(name) for name in ("y_t", "y_h")}),
        "locality": forest(
            [
                Forest(
                    "participation ratio",
                    locality_rows(k),
                    f"layer {k}",
                    "24 x 24",
                    [(float(B ** (2 * k)), "block"), (float(L * L), "all")],
                    log=True,
                )
                for k in (1, 2)
            ],
        ),
        "couplings": forest([Forest("|K|", kinds, log=True, limits=(1e-6, 2.0))]),
        "phase map": phase_map(
            [
                Map(
                    "Sites",
                    "log",
                    [[4.0, 16, math.nan], [64, 128, 5.5]],
                    np.full((2, 3), 0.1),
                    True,
                    inside=[[1, 0, 0]] * 2,
                )
            ],
            Axis("L1 penalty", (0.0, 0.001, 0.01)),
            Axis("coupling K", (0.36, 0.44)),
            marks=[Mark("M", "a paper", 0.0005, 0.4)],
        ),
        "levels": levels(
            {"K = 1": (x, 0.9 * np.exp(-(x[:, None] ** 2 + x**2) / 4))},
            labels=("λ_1", "λ_2"),
        ),
    }
    ways = {
        "correlation": Panel(
            "r", "G(r) = ⟨s_0 s_r⟩",
            {"data": points(r, true, 0.004), "none": points(r, true**1.6, 0.02), "a map": points(r, true**3, 0.01)},
            x_scale="whole", bands=True,
        ),
        "centres": Panel(
            "x", "y",
            {"block centres": points(r, r), "sklearn-default": points(*(random.random((2, 144)) * L))},
            joined="no", limits=((-0.5, L - 0.5), (-0.5, L - 0.5)), square=True,
        ),
        "flow": Panel(
            "K, fine spins", "K', coarse spins",
            {"decimation": points(K, np.arctanh(np.tanh(K) ** 2)), "CD-1": points(K, np.where(K < 1, K, np.nan), 0.05)},
            dashed={"K' = K": points(K, K)}, down=[(0.44, "Kc")],
        ),
        "decay": Panel(
            "samples", "sites", {"l1": points(10.0**K, 10.0 ** (-3 * K), 1e-4)}, across=[(0.01, "block")],
            down=[(10.0, "here")], x_scale="log", y_scale="log",
        ),
        "plane": Panel("J_1", "J_2", {"from below Kc": paths, "fixed point": paths[1:2]}, joined="arrows"),
    }  # fmt: skip
    drawn |= {name: line_plot([way]) for name, way in ways.items()}
    return {name: replace(one, title=name, caption=f"What {name} says.") for name, one in drawn.items()}


def blurred(images: NDArray[Any], times: int) -> NDArray[np.float64]:
    values = images.astype(float)
    for _ in range(2 * times):
        values = sum(np.roll(values, s, axis) for axis in (1, 2) for s in (-1, 0, 1)) / 6
    return 1.5 * values


def fake_page() -> str:
    """A page with every block on it."""
    drawn = all_figures()
    fields = ("weights", "effective fields", "centres", "locality")
    # a phase map's boxes have colours, and letters on them, that are the same in either scheme
    others = [name for name in drawn if name not in (*fields, "exponents", "phase map")]
    settings = {"L": L, "K": 0.408, "recipe": {"l1": 2e-4, "n_iter": [25, 60], "init": "small"}}
    numbers = [["majority", (0.967, 0.003), (1.881, 0.0011)]]
    sections = [
        Section("Claims", [tables.claim_cards(claims())]),
        Section("Scorecard", ["One judge for every map.", tables.scorecard_table(cards(), headlines=HEADLINES)]),
        Section(
            "Receptive fields",
            [*(drawn[name] for name in fields), "Units that renormalize look at blocks of b = 2 sites."],
        ),
        Section("Others", [drawn[name] for name in others]),
        Section(
            "Settings and provenance",
            [
                tables.key_value_table(flat(settings), title="Settings"),
                tables.key_value_table([("commit", "0" * 40), ("versions.numpy", "2.4")], title="Provenance"),
                tables.table(["map", "y_t", "y_h"], numbers, title="Numbers"),
            ],
        ),
        Section("Limits", ["A small lattice, one seed, and a truncated operator basis."]),
    ]
    answer = [
        "No map learned here renormalizes: the L1 stack is local and tiles, but its y_t misses the exact 1.",
        "Without the penalty the fields are neither local nor do they tile.",
    ]
    facts = {"lattice": "24 x 24, periodic", "K": "0.408", "samples": "10,000", "layers": "144, 36"}
    question = "A replication of Mehta and Schwab (2014), with made-up numbers."
    return render(Page("Do stacked RBMs renormalize?", question, answer, drawn["exponents"], sections, facts))
