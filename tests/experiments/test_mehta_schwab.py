"""The experiment at a size for tests: its plan, its claims with their counts, its page's extra blocks."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import blockspin as bs
from blockspin.experiments import find
from blockspin.experiments.core import Run
from blockspin.experiments.mehta_schwab import claims
from blockspin.experiments.mehta_schwab.cards import stack
from blockspin.experiments.mehta_schwab.machines import build, inputs, stack_of
from blockspin.experiments.mehta_schwab.settings import ALTERNATIVES, PRESETS, RBMS, VARIANTS, Settings
from blockspin.experiments.mehta_schwab.tasks import MORE_NULLS, NULLS, plan, recipe_of
from blockspin.experiments.run import prepare, run
from blockspin.judging import Measured, Scorecard, scorecard
from blockspin.judging.measurement import Measurement, Side, State
from blockspin.runs.settings import SettingsError
from blockspin.runs.store import Store
from blockspin.runs.task import Result

# small enough for seconds; nothing physical is asserted of it
SMALL = (
    "L=8", "n_samples=400", "n_critical=400", "chains=10", "layers=[16, 4]", "recipe.n_iter=[3, 3]",
    'variants=["sklearn-default", "none", "l1"]', "conditions.n_samples=[100, 300]", "conditions.L=8",
    "conditions.units=16", "conditions.updates=20",
)  # fmt: skip
WIDE, LOCAL = 80.0, 5.0  # sites that a field covers


def test_presets_are_valid_and_say_what_the_paper_says() -> None:
    made = {name: Settings.model_validate(values) for name, values in PRESETS.items()}
    paper = made["paper"]
    assert (paper.L, paper.K, paper.layers) == (40, 0.408, (400, 100, 25))
    assert paper.recipe.l1 == 2e-4
    assert paper.recipe.n_iter == (200, 200, 200)
    assert round(paper.n_samples * (1 - paper.held_out)) == 20_000
    with pytest.raises(ValueError, match=r"recipe\.n_iter"):
        Settings(layers=(144, 36, 9))


@pytest.mark.parametrize(
    "wrong",
    [
        "conditions.units=49", "conditions.L=9", "chains=5", "L=25", "held_out=1e-9", "recipe.l1=inf", "n_samples=1e9",
        "n_critical=1e12", "conditions.chains=10", "conditions.n_samples=[1e12]", "layers=[]", "layers=[100, 36]",
        "layers=[576, 36]", 'variants=["l3"]', 'variants=["l1", "l1"]', "recipe.n_iter=[1, -1]", "recipe.biases=2",
        "recipe.k=true", "recipe.momentum=1", "K=-inf", "K=4", "conditions.held_out=0.999",
    ],
)  # fmt: skip
def test_settings_that_cannot_end_well_are_refused(wrong: str) -> None:
    with pytest.raises(SettingsError, match=wrong.partition("=")[0].rpartition(".")[2]):
        prepare(find("mehta-schwab"), overrides=(wrong,))


def test_only_the_penalty_differs_between_the_variants() -> None:
    recipe = Settings().recipe
    none, l2, l1 = (build(name, 16, recipe_of(name, recipe, 5), 1, 7).get_params() for name in ("none", "l2", "l1"))
    for other, penalty in ((l2, "l2"), (l1, "l1")):
        assert {key for key in none if none[key] != other[key]} == {penalty, "random_state"}
    assert build("sklearn-default", 16, recipe_of("sklearn-default", recipe, 5), 1, 7).batch_size == 10  # its default


def test_autoencoders_have_settings_of_their_own() -> None:
    s = Settings(variants=tuple(VARIANTS), autoencoder={"l1": 0.3, "n_iter": 7})
    recipes = {name: recipe_of(name, s.recipe, 5, s.autoencoder) for name in VARIANTS if name not in RBMS}
    assert [sorted({"l1", "l2"} & set(one)) for one in recipes.values()] == [[], ["l2"], ["l1"]]
    built = build("autoencoder-l1", 16, recipes["autoencoder-l1"], 1, 7)
    assert (built.l1, built.l2, built.n_iter, built.n_components) == (0.3, 0.0, 7, 16)
    first, second = plan(s, 1), plan(Settings(variants=tuple(VARIANTS)), 1)
    changed = {name for name, layers in first["measured"].items() if layers[0].key != second["measured"][name][0].key}
    assert {name.partition(",")[0] for name in changed} == set(recipes)


def test_autoencoders_alone_are_an_experiment_too(tmp_path: Path) -> None:
    some = [one for one in SMALL if "variants" not in one]
    chosen = ('variants=["autoencoder", "autoencoder-l1"]', 'null_variants=["autoencoder-l1"]', "autoencoder.n_iter=2")
    run(prepare(find("mehta-schwab"), overrides=(*some, *chosen), seed=1), tmp_path)
    cards = json.loads((tmp_path / "scorecards.json").read_text())["scorecards"]
    found = [card for card in cards if card["map"] == "autoencoder-l1"]
    assert [card["layer"] for card in found] == [1, 2]
    states = {row["quantity"]: row["state"] for row in found[1]["rows"] if row["criterion"] == "fidelity"}
    assert states == {"reconstructed sites": "measured"}  # it generates nothing
    assert {f"autoencoder-l1, {null}" for null in (*NULLS, *MORE_NULLS)} < {card["map"] for card in cards}


def test_an_alternative_changes_one_choice_of_the_recipe_of_l1() -> None:
    s = Settings.model_validate(PRESETS["alternatives"])
    made = plan(s, 1)
    base = made["trained"]["l1"]["ising"][0].settings["recipe"]
    paper = Settings.model_validate(PRESETS["paper"])
    assert made["trained"]["l1"]["ising"][0].key == plan(paper, 1)["trained"]["l1"]["ising"][0].key
    changed = {
        name: {
            key for key, value in made["trained"][name]["ising"][0].settings["recipe"].items() if value != base.get(key)
        }
        for name in ALTERNATIVES
    }
    assert changed == {
        "slow": {"learning_rate"}, "small-start": {"init"}, "spins": {"units"}, "momentum": {"momentum", "early"},
        "sampled": {"reconstruction"}, "twice-samples": set(), "proximal": {"l1_method"}, "no-biases": {"biases"},
    }  # fmt: skip
    drawn = {name: made["trained"][name]["ising"][0].parents[0].settings["n"] for name in ("l1", *ALTERNATIVES)}
    assert {name for name, n in drawn.items() if n != 22_000} == {"twice-samples"}
    assert made["measured"]["spins"][0].settings["units"] == "spin"
    with pytest.raises(ValueError, match="alternatives"):
        Settings(alternatives=("fast",))


def test_alternatives_are_trained_judged_and_drawn(tmp_path: Path) -> None:
    some = [one for one in SMALL if "variants" not in one and "conditions.n_samples" not in one]
    named = ('variants=["l1"]', "conditions.n_samples=[]", 'alternatives=["momentum", "spins", "twice-samples"]')
    own = ("recipe.units=binary", "recipe.n_iter=[8, 3]", "trainings=2")
    planned = prepare(find("mehta-schwab"), overrides=(*some, *named, *own), seed=1)
    concluded = run(planned, tmp_path)
    cards = {(card["map"], card["layer"]): card for card in concluded["scorecards"]}
    assert {("l1", 1), ("momentum", 2), ("spins", 1), ("spins, untrained", 2)} < set(cards)
    assert all(
        len(row["trainings"]["values"]) == 2 for row in cards["spins", 1]["rows"] if row["criterion"] == "locality"
    )
    (claim,) = [one for one in concluded["claims"] if one["id"] == "MS-3"]
    assert claim["status"] != "not tested"
    assert "Choices that the paper leaves open" in (tmp_path / "report.html").read_text()
    # two momenta, one after the other: five epochs are those of an RBM of the first
    done = Run(planned.experiment, planned.settings, 1, Store(tmp_path))
    trained = done["trained"]["momentum"]["ising"][0]
    task = done.plan["trained"]["momentum"]["ising"][0]
    train_part, rest = (bs.to_matrix(part) for part in bs.split(done["samples"]["training"], 0.8, seed=1))
    recipe = {**task.settings["recipe"], "momentum": 0.5}
    del recipe["early"]
    rbm = build("momentum", 16, recipe, 1, 1).fit(
        bs.ToBinary().transform(train_part), validation=bs.ToBinary().transform(rest)
    )
    course = rbm.trajectory_["weight_norm"]
    np.testing.assert_array_equal(trained.arrays["trajectory_epoch"], rbm.trajectory_["epoch"])
    same = trained.arrays["trajectory_weight_norm"] == course
    assert same.tolist() == [epoch <= 5 for epoch in rbm.trajectory_["epoch"]]
    # the three epochs of the second layer are of the first momentum
    below, second = stack_of("momentum", "binary", [trained], 1), done["trained"]["momentum"]["ising"][1]
    few = build("momentum", 4, recipe | {"n_iter": 3}, 2, 1).fit(below.transform(train_part))
    np.testing.assert_array_equal(second.arrays["components"], few.components_)


def test_choices_decide_where_some_recipes_are_local_and_some_are_not() -> None:
    def status(**sites: float) -> str:
        ran = Ran([local(name.replace("_", "-"), n) for name, n in sites.items()])
        ran.settings.alternatives = ("slow", "small-start")
        return str(claims.open_choices(ran)["status"])

    assert status(l1=WIDE, slow=LOCAL) == "reproduced"
    assert status(l1=WIDE, slow=WIDE, small_start=WIDE + 1) == "not reproduced"
    assert status(l1=LOCAL, slow=LOCAL) == "not reproduced"
    assert status(l1=90.0, slow=200.0) == "partly"
    assert status(l1=LOCAL) == status(slow=LOCAL, small_start=WIDE) == "not tested"


def test_a_change_of_penalty_recomputes_one_variant_only() -> None:
    first, second = plan(Settings(), 1), plan(Settings.model_validate({"recipe": {"l1": 0.01}}), 1)
    assert first["samples"]["training"].key == second["samples"]["training"].key
    changed = {
        name
        for name, layers in first["measured"].items()
        if [task.key for task in layers] != [task.key for task in second["measured"][name]]
    }
    assert changed == {"l1", *(f"l1, {null}" for null in ("untrained", "shuffled sites", "K=0 data", "permuted data"))}
    assert plan(Settings(), 2)["samples"]["training"].key != first["samples"]["training"].key


def test_maps_have_the_nulls_that_the_settings_name() -> None:
    made = prepare(find("mehta-schwab"), overrides=SMALL, seed=1)
    planned = made.experiment.plan(made.settings, 1)
    assert list(planned["measured"])[:3] == ["majority", "decimation", "sklearn-default"]
    assert {"none, untrained", "l1, K=0 data", "l1, permuted data"} <= set(planned["measured"])
    assert "none, K=0 data" not in planned["measured"]
    assert {name: list(some) for name, some in planned["conditions"].items()} == {"none": [100, 300], "l1": [100, 300]}
    training = planned["trained"]["l1"]["noise"]
    assert [task.parents for task in training] == [
        (planned["samples"]["training"],),
        (planned["samples"]["training"], training[0]),
    ]


def test_nulls_are_trained_on_other_data() -> None:
    X = np.repeat(np.array([[1, 1, -1, -1]], np.int8), 500, axis=0)
    assert inputs("ising", X, 1) is X
    assert abs(inputs("noise", X, 1).mean(axis=0)).max() < 0.2
    assert (inputs("permuted", X, 1).sum(axis=1) == X.sum(axis=1)).all()


class Ran(dict[str, Any]):
    """A run as claims see it: cards, settings, and results by branch."""

    def __init__(self, cards: Sequence[Scorecard] = (), **branches: Any) -> None:
        super().__init__({"trained": {}, "conditions": {}} | branches)
        self.cards = {f"{card.map}, layer {card.layer}": card for card in cards}
        recipe, conditions = SimpleNamespace(l1=0.02, units="spin"), SimpleNamespace(units=16)
        self.settings = SimpleNamespace(layers=(16, 4), conditions=conditions, recipe=recipe, alternatives=())


def local(name: str, sites: float, layer: int = 1, spread: float = 0.01) -> Scorecard:
    """The card of a map whose fields cover so many sites, against an untrained null and blocks."""

    def covers(label: str, value: float, error: float) -> Measured:
        return Measured(label, layer, 2.0**layer, (Measurement("locality", "participation ratio", value, error),))

    block = 4.0**layer
    return scorecard(
        covers(name, sites, spread * sites), [covers("untrained", 90.0, 1.0)], covers("majority", block, 0.01 * block)
    )


def course(change: float = 1.0, left: float = 0.0, gap: Sequence[float] = (0, 1, 2, 3, 4, 5)) -> dict[str, Any]:
    """A stack whose first layer was trained over 20 epochs."""
    columns = {
        "epoch": [0, 1, 2, 5, 10, 20],
        "pseudo_log_likelihood": [-1.0, -0.5, -0.2, -0.1, -left, 0.0],
        "weight_change": [np.nan, 1, 1, 1, 1, change],
        "free_energy_gap": gap,
    }
    return {"ising": [Result({f"trajectory_{name}": np.array(values, float) for name, values in columns.items()})]}


def counted(entry: dict[str, Any]) -> list[tuple[int, int]]:
    """Every "n of m" of a claim's sentence."""
    return [(int(n), int(m)) for n, m in re.findall(r"(\d+) of (\d+)", entry["why"])]


def test_claims_without_data_are_not_tested() -> None:
    assert {claim(Ran())["status"] for claim in claims.CLAIMS} == {"not tested"}


@pytest.mark.parametrize(
    ("sites", "spread", "status", "passing"),
    [
        ((5.0, 20.0), 0.01, "reproduced", 2),
        ((5.0, 90.0), 0.01, "partly", 1),
        ((12.0, 12.0), 0.01, "partly", 2),  # does not grow
        ((5.0, 20.0), 0.14, "partly", 2),  # 0.14 sqrt(16) is more than half of the mean
        ((90.0, 90.0), 0.01, "not reproduced", 0),
    ],
)
def test_fields_are_local_alike_and_grow(sites: tuple[float, float], spread: float, status: str, passing: int) -> None:
    run = Ran([local("l1", sites[0], 1, spread), local("l1", sites[1], 2)])
    entry = claims.local_fields_grow(run)
    assert (entry["status"], counted(entry)) == (status, [(passing, 2)])
    assert [row["value"] for row in entry["evidence"] if row["quantity"] == "spread over mean"] == [
        pytest.approx(4 * spread),
        pytest.approx(0.02),
    ]


def off_the_shelf(share: float, y_t: float, state: State = State.MEASURED, error: float = 0.01) -> dict[str, Any]:
    def made(name: str, share: float, y_t: float, state: State = State.MEASURED, error: float = 0.01) -> Measured:
        rows = (
            Measurement("fidelity", "reconstructed sites", share, 0.001),
            Measurement("spectrum", "y_t", y_t, error, state, exact=Side("exact", 1.0, 0.0)),
            Measurement("spectrum", "y_h", 1.875 * y_t, error, exact=Side("exact", 1.875, 0.0)),
        )
        return Measured(name, 1, 2.0, rows)

    null, majority = made("untrained", 0.5, 0.2), made("majority", 0.85, 1.0)
    return claims.off_the_shelf(Ran([scorecard(made("sklearn-default", share, y_t, state, error), [null], majority)]))


def test_a_reconstruction_is_no_spectrum() -> None:
    found = {(share, y_t): off_the_shelf(share, y_t) for share in (0.55, 0.85) for y_t in (0.3, 1.0)}
    assert {case: (entry["status"], counted(entry)) for case, entry in found.items()} == {
        (0.55, 0.3): ("not reproduced", [(0, 1)]),
        (0.55, 1.0): ("not reproduced", [(1, 1)]),
        (0.85, 0.3): ("reproduced", [(0, 1)]),
        (0.85, 1.0): ("partly", [(1, 1)]),
    }
    assert not any("state" in row for row in found[0.85, 1.0]["evidence"])
    forced = off_the_shelf(0.85, 1.0, State.FORCED)["evidence"]
    assert [row["quantity"] for row in forced if row.get("state") == "forced"] == ["y_t"]


@pytest.mark.parametrize(
    ("none", "l2", "l1", "plenty", "status", "passing"),
    [
        (WIDE, WIDE, LOCAL, None, "reproduced", 1),
        (WIDE, WIDE, LOCAL, WIDE, "reproduced", 1),
        (WIDE, WIDE, LOCAL, LOCAL, "partly", 1),
        (LOCAL, WIDE, LOCAL, None, "not reproduced", 2),
        (WIDE, WIDE, WIDE, None, "not reproduced", 0),
    ],
)
def test_whose_fields_are_local_decides_who_makes_them_local(
    none: float, l2: float, l1: float, plenty: float | None, status: str, passing: int
) -> None:
    small = {}
    if plenty is not None:
        rows = [Measurement("locality", "participation ratio", value, 0.1) for value in (plenty, 90.0, 4.0)]
        names = ("none", "untrained", "majority")
        one, null, rule = (Measured(name, 1, 2.0, (row,)).to_dict() for name, row in zip(names, rows, strict=True))
        small = {"none": {64_000: Result({}, {"measured": one, "nulls": [null], "reference": rule})}}
    cards = [local("none", none), local("l2", l2), local("l1", l1)]
    entry = claims.penalty_makes_local(Ran(cards, conditions=small))
    assert (entry["status"], counted(entry)) == (status, [(passing, 3)])
    assert ("4000" in re.findall(r"\d+", entry["why"])) == (plenty == LOCAL)  # samples a hidden unit
    assert claims.penalty_makes_local(Ran(cards[:2]))["status"] == "not tested"


def test_a_fixed_state_needs_both_weights_and_likelihood() -> None:
    little, much = claims.STILL / 2, claims.STILL * 2
    for change, left, status, n in (
        (little, little, "reproduced", 1), (much, little, "not reproduced", 0), (little, much, "not reproduced", 0),
    ):  # fmt: skip
        entry = claims.fixed_state(Ran(trained={"none": course(change, left)}))
        assert (entry["status"], counted(entry)) == (status, [(n, 1)])
    entry = claims.fixed_state(Ran(trained={"none": course(little, little), "l1": course(much, little)}))
    assert (entry["status"], counted(entry)) == ("partly", [(1, 2)])
    diverged = claims.fixed_state(Ran(trained={"none": course(np.nan, np.nan)}))
    assert diverged["status"] == "not reproduced"
    assert {row["value"] for row in diverged["evidence"]} == {None}


def test_half_of_the_epochs_lies_between_records() -> None:
    """Of 25 epochs the records are 12 and 18: half of the gain of this line comes after 12.5."""
    epoch = np.array([0, 1, 2, 3, 5, 8, 12, 18, 25], float)
    columns = {"epoch": epoch, "pseudo_log_likelihood": epoch - 25, "weight_change": np.ones(9)}
    trained = {"none": {"ising": [Result({f"trajectory_{name}": one for name, one in columns.items()})]}}
    evidence = claims.fixed_state(Ran(trained=trained))["evidence"]
    assert evidence[0]["value"] == pytest.approx(0.5)


BLURRED = 19.0  # sites that a field covers, with an error of a fifth: as near to 90 as to a block's 4


def blurred(name: str, layer: int = 1) -> Scorecard:
    card = local(name, BLURRED * 2.0 ** (layer - 1), layer, 0.2)
    assert card.outcome("locality") == "cannot tell"
    return card


def test_what_the_judge_cannot_tell_is_not_denied() -> None:
    def choices(*cards: Scorecard) -> str:
        ran = Ran(cards)
        ran.settings.alternatives = ("slow",)
        return str(claims.open_choices(ran)["status"])

    ours = local("l1", LOCAL), local("none", WIDE), local("l2", WIDE)
    assert claims.penalty_makes_local(Ran([ours[0], ours[1], blurred("l2")]))["status"] == "undecided"
    assert claims.penalty_makes_local(Ran([blurred("l1"), *ours[1:]]))["status"] == "undecided"
    assert claims.penalty_makes_local(Ran([blurred("l1"), local("none", LOCAL), ours[2]]))["status"] == "not reproduced"
    assert claims.local_fields_grow(Ran([blurred("l1"), blurred("l1", 2)]))["status"] == "undecided"
    assert choices(blurred("l1"), blurred("slow")) == choices(local("l1", 30.0), blurred("slow")) == "undecided"
    assert choices(local("l1", WIDE), blurred("slow")) == "partly"  # four times as wide
    shelf = off_the_shelf(0.85, 0.6, error=0.1)
    assert (shelf["status"], counted(shelf)) == ("partly", [(0, 1)])
    assert off_the_shelf(0.55, 0.6, error=0.1)["status"] == "not reproduced"
    one = Ran([spectral(LOCAL, 0.6, 0.85, error=0.1)])
    assert claims.local_is_enough(one)["status"] == "undecided"
    assert claims.local_is_enough(Ran([blurred("l1")]))["status"] == "undecided"
    good = spectral(LOCAL, 1.0, 0.85)
    assert claims.local_is_enough(Ran([good, blurred("l1", 2)]))["status"] == "undecided"
    # what lies above a layer that is not local is not, whatever the judge can tell of it
    assert claims.local_is_enough(Ran([spectral(WIDE, 1.0, 0.85), blurred("l1", 2)]))["status"] == "not tested"


def test_overfitting_is_a_gap_that_grows() -> None:
    def card(name: str, gap: float) -> Scorecard:
        return scorecard(
            Measured(name, 1, 2.0, (Measurement("generalization", "free-energy gap", gap, 1.0),)), [], None
        )

    grown, shrunk = course(gap=(0, 1, 2, 3, 4, 5)), course(gap=(0, 5, 4, 3, 2, 1))
    within = course(gap=(0, 3, 3, 4, 4, 4.9))  # of 2 errors
    for gaps, courses, status, n in (
        ((5.0, 4.0), (grown, grown), "reproduced", 2),
        ((5.0, 1.0), (grown, grown), "partly", 1),
        ((5.0, 4.0), (grown, shrunk), "partly", 1),
        ((5.0, 4.9), (grown, within), "partly", 1),
        ((1.0, 4.0), (grown, shrunk), "undecided", 0),  # 1(1) is neither
        ((-3.0, 4.0), (grown, shrunk), "not reproduced", 0),
    ):
        run = Ran([card("none", gaps[0]), card("l1", gaps[1])], trained=dict(zip(("none", "l1"), courses, strict=True)))
        entry = claims.overfits(run)
        assert (entry["status"], counted(entry)) == (status, [(n, 2)])
        rises = [(row["value"], row["error"]) for row in entry["evidence"] if row["quantity"] == "rise since then"]
        risen = [one["ising"][0].arrays["trajectory_free_energy_gap"] for one in courses]
        assert rises == [(one[-1] - one[1], 1.0) for one in risen]


def spectral(
    sites: float, y: float, share: float, layer: int = 1, error: float = 0.01, spacing: float = 1.0
) -> Scorecard:
    """The card of a layer of l1: sites of a field, exponents (y of y_t), reconstructions, spacing of centres."""

    def made(name: str, sites: float, y: float, share: float, spacing: float, error: float = 0.01) -> Measured:
        rows = (
            Measurement("locality", "participation ratio", sites, 0.1),
            Measurement("tiling", "spacing of centres / b", spacing, 0.01),
            Measurement("tiling", "residual of the embedding / b", 1 - spacing, 0.01),
            Measurement("spectrum", "y_t", y, error),
            Measurement("spectrum", "y_h", 1.875 * y, error),
            Measurement("fidelity", "reconstructed sites", share, 0.001),
        )
        return Measured(name, layer, 2.0, rows)

    null, majority = made("untrained", 90.0, 0.2, 0.5, 0.2), made("majority", 4, 1, 0.85, 1.0)
    return scorecard(made("l1", sites, y, share, spacing, error), [null], majority)


def test_local_layers_must_pass_the_other_tests_too() -> None:
    for cards, status, counts in (  # of tiling, spectrum, fidelity, and the spectrum of other layers
        ([spectral(LOCAL, 1.0, 0.85)], "reproduced", [(1, 1), (1, 1), (1, 1)]),
        ([spectral(LOCAL, 0.3, 0.85)], "not reproduced", [(1, 1), (0, 1), (1, 1)]),
        ([spectral(LOCAL, 1.0, 0.85, spacing=0.2)], "not reproduced", [(0, 1), (1, 1), (1, 1)]),
        ([spectral(LOCAL, 1.0, 0.85), spectral(LOCAL, 1.0, 0.55, 2)], "not reproduced", [(2, 2), (2, 2), (1, 2)]),
        ([spectral(LOCAL, 1.0, 0.85), spectral(WIDE, 0.3, 0.55, 2)], "reproduced", [(1, 1), (1, 1), (1, 1), (0, 1)]),
        ([spectral(WIDE, 1.0, 0.85), spectral(LOCAL, 1.0, 0.85, 2)], "not tested", []),
    ):
        run = Ran(cards)
        assert len(stack(run.cards, "l1")) == len(cards)
        entry = claims.local_is_enough(run)
        assert (entry["status"], counted(entry)) == (status, counts)


def test_the_papers_penalty_is_told_in_the_recipes_units() -> None:
    """W of spins is a quarter of that of 0/1 units, and momentum 1/2 doubles a penalty inside of it: 8 times 2e-4."""
    assert claims._published_penalty(SimpleNamespace(units="spin")) == pytest.approx(1.6e-3)
    assert claims._published_penalty(SimpleNamespace(units="binary")) == 2e-4
