"""A whole page of made-up numbers: blob fields, random fields, ten maps, awkward names."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blockspin.report import figures, tables
from blockspin.report import mapping_figures as mapping
from blockspin.report.figures import Row
from blockspin.report.page import Figure, Page, Section, render

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


def trajectories() -> dict[str, dict[str, NDArray[np.float64]]]:
    return {"none": trajectory(1), "l2": trajectory(2), "l1": trajectory(3)}


def exponent_rows(exponent: str) -> list[Row]:
    true = {"y_t": 0.967, "y_h": 1.881}[exponent]
    return [
        Row("majority", true, 0.003, "reference", "block rules"),
        Row("decimation", true - 0.3, 0.012, "reference", "block rules"),
        *[
            Row(name, math.nan if i < 2 else true - 0.12 + 0.04 * i, 0.011 * (i + 1), "learned", "layer 1")
            for i, name in enumerate(VARIANTS)
        ],
        Row("l1, untrained", -7.5, 1.2, "null", "nulls, layer 1"),
        Row("l1, shuffled sites", 0.02, 0.2, "null", "nulls, layer 1"),
        Row("l1, permuted data", math.nan, math.nan, "null", "nulls, layer 1", "not defined (0.8312(11) if forced)"),
    ]


def locality_rows(layer: int) -> list[Row]:
    block = B ** (2 * layer)
    return [
        Row("majority", float(block), math.nan, "reference"),
        Row("decimation", 1.0, math.nan, "reference"),
        *[Row(name, 190.0 / (i + 1) ** 2.2 * layer, 3.0 / (i + 1), "learned") for i, name in enumerate(VARIANTS)],
        *[Row(name, 150.0 + 17 * i, 2.4, "null") for i, name in enumerate(NULLS)],
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


def all_figures() -> dict[str, figures.Figure]:
    """Every figure of the report, by the name of its function."""
    fields = fields_by_variant()
    random = np.random.default_rng(7)
    grid = np.stack(np.meshgrid(*[np.arange(0, L, B) + 0.5] * 2), axis=-1).reshape(-1, 2)
    r = np.arange(L // 2 + 1)
    true = np.exp(-r / 7.0) / (1 + r) ** 0.25
    original = spins(4, 9)
    return {
        "configurations": figures.configurations(
            np.concatenate([spins(2, 11), original[:2]]),
            ["data, K = 0.408", "data, critical", "l1, free run", "sklearn-default, free run"],
            title="Configurations",
        ),
        "weights": figures.weights(fields),
        "effective_fields": figures.effective_fields(
            {"layer 1": fields["l1"], "layer 2": blobs(6, 2.3, 21, 0.8), "layer 3": blobs(3, 4.6, 22, 1.0)}
        ),
        "centres": figures.centres(
            {
                "sklearn-default": random.random((144, 2)) * L,
                "none": grid + 1.0 * random.standard_normal(grid.shape),
                "l1": (grid + 0.3 * random.standard_normal(grid.shape)) % L,
            },
            (L, L),
            B,
            radii={"l1": np.full(144, 1.1), "none": np.full(144, 1.8)},
        ),
        "reconstructions": figures.reconstructions(
            original, {f"from layer {k}": np.tanh(blurred(original, k)) for k in (1, 2, 3)}
        ),
        "trajectories": figures.trajectories(trajectories(), title=""),
        "spectrum": figures.spectrum({name: exponent_rows(name) for name in ("y_t", "y_h")}),
        "locality": figures.locality(
            {f"layer {k}": locality_rows(k) for k in (1, 2)},
            lines_by_layer={f"layer {k}": [(float(B ** (2 * k)), "block"), (float(L * L), "all")] for k in (1, 2)},
        ),
        "correlation": figures.correlation(
            r,
            {
                "data": (true, np.full(len(r), 0.004)),
                "l1": (np.r_[1, 0.93 * true[1:]], 0.02 * (r > 0)),
                "none": (true**1.6, 0.01 + 0.02 * true),
                "sklearn-default": (true**3, 0.01 + 0.01 * true),
            },
        ),
    }


def mapping_figures_data() -> dict[str, Any]:
    random = np.random.default_rng(3)
    bodies = np.array([number.bit_count() for number in range(1, 64)])
    ranges = np.where(bodies > 1, random.integers(1, 5, 63), 0).astype(float)
    couplings = random.standard_normal(63) * np.exp(-2.0 * bodies)
    return {"bodies": bodies, "ranges": ranges, "couplings": couplings}


def mapping_figures() -> dict[str, Figure]:
    data = mapping_figures_data()
    K = np.linspace(0.2, 1.2, 6)
    x = np.linspace(0.6, 1.4, 9)
    unplaced = data | {"ranges": np.full(63, np.nan)}
    return {
        "couplings": mapping.couplings(
            [
                mapping.Spectrum("majority", "chain 12 -> 6", **data),
                mapping.Spectrum("maximum likelihood, 12 units", "strongest 4096 of 262143", **unplaced),
            ]
        ),
        "flow": mapping.flow(
            {
                "decimation": (K, np.arctanh(np.tanh(K) ** 2), None),
                "bond machine": (K, K, 0 * K),
                "CD-1": (K, np.where(K < 1, 0.7 * K, np.nan), 0.05 + 0 * K),
                "another": (K, 0.9 * K, None),
            }
        ),
        "tuned": mapping.tuned(
            x,
            [
                ("Trace condition and KL", "nats", {"KL": (x - 1) ** 2, "trace": abs(x - 1)}, True),
                ("dF", "nats", {"constant +4": 5 - x, "constant −4": -3 - x}, False),
            ],
            axis="K of the machine",
            mark=1.0,
            title="Through zero",
            caption="Both vanish at the dashed line.",
        ),
    }


def blurred(images: NDArray[Any], times: int) -> NDArray[np.float64]:
    values = images.astype(float)
    for _ in range(2 * times):
        values = sum(np.roll(values, s, axis) for axis in (1, 2) for s in (-1, 0, 1)) / 6
    return 1.5 * values


def fake_page() -> str:
    """A page with every block on it."""
    drawn = all_figures()
    settings = {"L": L, "K": 0.408, "recipe": {"l1": 2e-4, "n_iter": [25, 60], "init": "small"}}
    numbers = [["majority", (0.967, 0.003), (1.881, 0.0011)]]
    fields = [drawn[name] for name in ("weights", "effective_fields", "centres", "locality")]
    sections = [
        Section("Claims", [tables.claim_cards(claims())]),
        Section("Scorecard", ["One judge for every map.", tables.scorecard_table(cards(), HEADLINES, title="")]),
        Section("Receptive fields", [*fields, "Units that renormalize look at blocks of b = 2 sites."]),
        Section("Fidelity", [drawn[name] for name in ("configurations", "reconstructions", "correlation")]),
        Section("Training", [drawn["trajectories"]]),
        Section("Couplings of H_RG", ["ln Z − ln Z_λ", *mapping_figures().values()]),
        Section(
            "Settings and provenance",
            [
                tables.key_value_table(settings, title="Settings"),
                tables.key_value_table({"commit": "0" * 40, "versions": {"numpy": "2.4"}}, title="Provenance"),
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
    return render(Page("Do stacked RBMs renormalize?", question, answer, drawn["spectrum"], sections, facts))
