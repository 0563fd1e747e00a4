"""The experiment on a small lattice: what the maps measure, and claims that follow the numbers and count them."""

from __future__ import annotations

import json
import math
import re
from types import SimpleNamespace
from typing import Any

import pytest

from blockspin.experiments import find
from blockspin.experiments.core import Run
from blockspin.experiments.mcrg import claims, page
from blockspin.experiments.mcrg.published import PUBLISHED, REFERENCE
from blockspin.experiments.mcrg.tasks import FEW_DRAWS, Found, Level, train
from blockspin.experiments.run import prepare, run
from blockspin.models import KC_SQUARE
from blockspin.runs.settings import SettingsError
from blockspin.runs.store import Store
from blockspin.statistics import Estimate

MAPS = ("majority", "decimation", "rbm-l1", "pca")
SMALL = (
    "L=16", "n_samples=1000", "chains=10", "steps=1", "distances=[-0.04, 0.04]", f"maps={json.dumps(MAPS)}",
    "training.n_samples=200", "training.n_iter=[1]",
)  # fmt: skip


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("run") / "small"
    planned = prepare(find("mcrg"), overrides=SMALL, seed=1)
    run(planned, folder)
    return Run(planned.experiment, planned.settings, 1, Store(folder))


def test_the_progress_of_training_only_grows(finished: Run) -> None:
    heard: list[float] = []
    recipe = {"learning_rate": 0.01, "n_iter": [4, 4], "l1": 0.02}
    samples = next(iter(finished["samples"].values()))
    result = train.plain(samples, "rbm-l1", 2, 1, recipe, progress=lambda fraction, text: heard.append(fraction))
    assert heard == sorted(heard)
    assert heard[-1] == len(result.arrays) / 2


class Changed(dict[str, Any]):
    """Branches of a run, some of them other ones, and the scorecards that follow."""

    @property
    def each(self) -> list[Any]:
        return [self]

    @property
    def cards(self) -> Any:
        return find("mcrg").cards(self)  # type: ignore[arg-type]


def changed(finished: Run, *, maps: Any = MAPS, kept: Any = None, **measured: Found) -> Changed:
    found = {name: finished["measured"][name] for name in maps} | measured
    information = finished["information"]
    if kept is not None:
        information = information.model_copy(update={"kept": kept})
    return Changed(measured=found, information=information)


def counts(entry: dict[str, Any]) -> list[tuple[int, int]]:
    """Every "n of m" of a claim's sentence."""
    return [(int(n), int(m)) for n, m in re.findall(r"(\d+) of (\d+)", entry["why"])]


def test_majority_and_decimation_are_told_apart(finished: Run) -> None:
    # L = 16, 1000 samples: y_t to 0.03, a coupling to 0.006; growth to 0.1. L = 32: 0.97, 0.364, 2.2; decimation's
    # nearest-neighbour coupling is 0.27
    majority, decimation, pca = (finished["measured"][name] for name in ("majority", "decimation", "pca"))
    step = majority.spectrum[0]
    assert abs(step.y_t.value - 0.97) < 0.03 + 4.5 * step.y_t.error
    assert (len(step.y_t_by_operators), len(step.y_h_by_operators)) == (7, 4)
    fine, coarse = (level.K[0] for level in majority.couplings)
    assert abs(fine.z(KC_SQUARE)) < 4.5
    assert coarse.value > decimation.couplings[1].K[0].value + 0.05
    grown = claims.growth(majority)
    assert list(grown) == pytest.approx([KC_SQUARE - 0.04, KC_SQUARE + 0.04])
    assert all(abs(one.z(2.2)) < 4.5 for one in grown.values())
    # the pca of 200 samples has no positions, and no numbers
    assert (pca.layers, pca.spectrum) == (0, ())
    assert pca.why
    kept = finished["information"].kept
    assert (kept["majority"], kept["decimation"]) == pytest.approx((0.8392, 0.6927), abs=1e-4)


def test_every_map_has_its_row_of_the_critical_manifold(finished: Run) -> None:
    # L = 16, 1000 samples: majority 0.046(7), the fine lattice 0.140(5): a distance that is 0.04 larger is seen
    found = {name: card.row("manifold", "distance from the exact row") for name, card in finished.cards.items()}
    assert {row.state for row in found.values()} == {"measured"}  # that of pca is of pairs of its units
    majority = found["majority"]
    assert majority.outcome != "fail"
    assert majority.null.name == "identity"
    assert majority.value < majority.null.value - 3 * majority.error


def published(finished: Run, error: float = 0.0005, **moved: float) -> Found:
    """The majority rule with the published couplings at its first step, some of them moved."""
    majority: Found = finished["measured"]["majority"]
    K = [
        Estimate(value + moved.get(name, 0.0), error)
        for name, value in zip(claims.EVEN, PUBLISHED[REFERENCE][0], strict=True)
    ]
    return majority.model_copy(update={"couplings": (majority.couplings[0], Level(K=K, nested=[], why=""))})


@pytest.mark.parametrize(
    ("moved", "status", "agree", "decided"),
    [
        ({}, "reproduced", 2, 2),  # five are as small as the tolerance: 0 would agree
        ({"nn": 0.02}, "partly", 1, 2),
        ({"third": 0.03}, "partly", 2, 3),  # too far from the published one is decided
        ({"third": -0.2}, "not reproduced", 2, 3),
        ({"error": 0.011}, "partly", 0, 0),  # short, and nothing else decided
    ],
)
def test_couplings_are_short_and_the_published_ones(
    finished: Run, moved: dict[str, float], status: str, agree: int, decided: int
) -> None:
    entry = claims.short_range(changed(finished, majority=published(finished, **moved)))
    assert (entry["status"], counts(entry)) == (status, [(agree, decided)])
    found = {row["quantity"]: row["value"] for row in entry["evidence"] if row["quantity"].endswith("decided")}
    assert list(found.values()) == [decided, 7 - decided]


def test_two_numbers_of_an_exponent_have_their_operators_beside_them(finished: Run) -> None:
    entry = claims.relevant_eigenvalue(finished)
    first = {row["quantity"] for row in entry["evidence"] if (row["map"], row["layer"]) == ("majority", 1)}
    assert first == {f"{key}, {of[key]} operators" for key in claims.EXACT for of in (claims.MEASURED, claims.JUDGED)}
    judged = next(row for row in entry["evidence"] if row["quantity"] == f"y_t, {claims.JUDGED['y_t']} operators")
    steps = finished["measured"]["majority"].spectrum[0].y_t_by_operators
    assert judged["value"] == pytest.approx(steps[int(claims.JUDGED["y_t"].split()[0]) - 1].value)
    page = (finished.store.folder / "report.html").read_text()
    for of in (claims.MEASURED, claims.JUDGED):
        assert all(page.count(words) > 1 for words in of.values())


def test_the_answer_names_the_maps_that_renormalize(finished: Run) -> None:
    page = (finished.store.folder / "report.html").read_text()
    answer = re.sub(r"<[^>]+>", "", page[page.index('class="verdict"') : page.index("</section>")]).replace("\xa0", " ")
    good = [card.map for card in finished.cards.values() if card.verdict == "renormalizes"]
    assert f"{len(good) or 'none'} of {len(MAPS)} maps" in answer
    assert all(name in answer for name in good)


def test_couplings_leave_the_critical_one_under_every_map(finished: Run) -> None:
    n = sum(finished["measured"][name].layers > 0 for name in MAPS)
    entry = claims.leaves(finished)
    assert (entry["status"], counts(entry)) == ("reproduced", [(n, n)])
    decimation = finished["measured"]["decimation"]
    flow = tuple(
        path.model_copy(update={"nearest": [path.nearest[0], Estimate(0.1, 0.001)]}) for path in decimation.flow
    )
    entry = claims.leaves(changed(finished, decimation=decimation.model_copy(update={"flow": flow})))
    assert (entry["status"], counts(entry)) == ("partly", [(n - 1, n)])


def with_error(measured: dict[str, Any], criterion: str, error: float) -> dict[str, Any]:
    """What was measured of a map, the numbers of a criterion with another error."""
    rows = [one | ({"error": error} if one["criterion"] == criterion else {}) for one in measured["measurements"]]
    return measured | {"measurements": rows}


def test_a_learned_map_as_good_as_majority_finds_the_eigenvalues(finished: Run) -> None:
    assert claims.relevant_eigenvalue(changed(finished, maps=MAPS[:2]))["status"] == "not tested"
    majority, learned = (finished["measured"][name] for name in ("majority", "rbm-l1"))
    # a large error agrees with anything; partly, since the judge passes one of them even so
    for error, status, n in ((0.001, "reproduced", 2), (0.1, "partly", 0)):
        rule = majority.model_copy(update={"measured": with_error(majority.measured, "spectrum", error)})
        same = learned.model_copy(update={"measured": rule.measured, "layers": 1})
        entry = claims.relevant_eigenvalue(changed(finished, majority=rule, **{"rbm-l1": same}))
        assert (entry["status"], counts(entry)[0], counts(entry)[1][1]) == (status, (n, 2), 4)
    none = learned.model_copy(update={"layers": 0})
    entry = claims.relevant_eigenvalue(changed(finished, **{"rbm-l1": none}))
    assert (entry["status"], counts(entry)) == ("not reproduced", [(0, 2), (0, 4)])


@pytest.mark.parametrize(
    ("kept", "status", "pairs"),
    [
        ({"majority": 0.84, "decimation": 0.69}, "partly", [(1, 1)]),
        ({"majority": 0.69, "decimation": 0.84}, "not tested", [(0, 1)]),
        ({"majority": 0.84, "decimation": 1.0}, "not reproduced", [(0, 1)]),
        ({"majority": 0.84}, "not tested", []),
    ],
)
def test_more_information_and_less_range(finished: Run, kept: dict[str, float], status: str, pairs: Any) -> None:
    entry = claims.full_capture(changed(finished, kept=kept))
    assert (entry["status"], counts(entry)) == (status, pairs)


def test_pairs_of_rules_with_large_errors_have_no_order(finished: Run) -> None:
    some = {name: finished["measured"][name] for name in ("majority", "decimation")}
    wide = {
        name: one.model_copy(update={"measured": with_error(one.measured, "range", 0.3)}) for name, one in some.items()
    }
    entry = claims.full_capture(changed(finished, kept={"majority": 0.84, "decimation": 0.69}, **wide))
    assert (entry["status"], counts(entry)) == ("undecided", [(0, 1)])
    entry = claims.full_capture(changed(finished, kept={"majority": 1.0, "decimation": 0.69}, **wide))
    assert entry["status"] == "undecided"


def test_a_growth_with_a_large_error_is_undecided(finished: Run) -> None:
    majority = finished["measured"]["majority"]
    flow = tuple(path.model_copy(update={"nearest": [path.nearest[0], Estimate(0.4, 1.0)]}) for path in majority.flow)
    entry = claims.leaves(changed(finished, maps=(), majority=majority.model_copy(update={"flow": flow})))
    assert entry["status"] == "undecided"


def test_a_card_of_trainings_has_means_of_their_nulls(finished: Run) -> None:
    """And what a training notes is noted once, whichever it is."""
    first = finished["measured"]["rbm-l1"]
    (null,) = first.nulls
    key = ("locality", "radius of gyration")
    rows = [
        one | ({"value": one["value"] + 3} if (one["criterion"], one["quantity"]) == key else {})
        for one in null["measurements"]
    ]
    more = {"nulls": [null | {"measurements": rows}], "fields": "regression"}
    runs = [changed(finished), *(changed(finished, **{"rbm-l1": first.model_copy(update=more)}) for _ in range(2))]
    card = find("mcrg").cards(SimpleNamespace(each=runs))["rbm-l1"]  # type: ignore[arg-type]
    alone = runs[0].cards["rbm-l1"]
    assert card.row(*key).null.value == pytest.approx(alone.row(*key).null.value + 2)
    assert [note.text for note in card.notes].count(FEW_DRAWS) == 1
    assert FEW_DRAWS not in [note.text for note in alone.notes]


def trainings(finished: Run, **learned: list[tuple[float, float]]) -> Changed:
    """A run of several trainings: (y_t, y_h) of the first step of each learned map in each, else the majority rule."""
    majority = finished["measured"]["majority"]

    def made(y_t: float, y_h: float) -> Found:
        step = majority.spectrum[0]
        new = {"y_t": Estimate(y_t, 0.1), "y_h": Estimate(y_h, 0.1)}
        some = {"y_t_by_operators": [*step.y_t_by_operators[:-1], new["y_t"]]}
        found: Found = majority.model_copy(update={"spectrum": (step.model_copy(update=new | some),)})
        return found

    each = [dict(zip(learned, some, strict=True)) for some in zip(*learned.values(), strict=True)]
    runs = [changed(finished, maps=("majority",), **{name: made(*pair) for name, pair in one.items()}) for one in each]
    settings = SimpleNamespace(maps=("majority", *learned), steps=1)
    run: Changed = type("Several", (Changed,), {"each": runs, "settings": settings})(runs[0])
    return run


def test_the_figure_has_the_exponents_of_most_trainings(finished: Run) -> None:
    """As the cards have: one refused of three leaves the mean of two, two leave none."""
    run = trainings(finished, **{"rbm-l1": [(0.9, math.nan), (1.1, math.nan), (math.nan, 1.8)]})
    rows = {key: some[1] for key, some in page.exponents(run).items()}  # type: ignore[arg-type]
    assert rows["y_t"].value == pytest.approx(1.0)
    assert list(rows["y_t"].ticks) == [0.9, 1.1]
    assert rows["y_h"].number == "not defined"


def test_the_closest_map_is_so_by_means_over_trainings(finished: Run) -> None:
    first, other = [(0.98, 1.8), (0.8, 1.8), (0.8, 1.8)], [(0.9, 1.8)] * 3
    run = trainings(finished, **{"rbm-l1": first, "rbm-convolutional": other})
    (row,) = page.closest(run)  # type: ignore[arg-type]
    assert (row.label, row.number) == ("rbm-convolutional", "0.90(10)")
    assert [one.label for one in page.closest(trainings(finished, **{"rbm-l1": first}))] == ["rbm-l1"]  # type: ignore[arg-type]
    assert page.closest(trainings(finished, **{"rbm-l1": [(math.nan, 1.8)] * 3})) == []  # type: ignore[arg-type]
    body = page.by_operators(run, "y_t").body  # type: ignore[arg-type]
    assert re.search(r"rbm-l1, step 1.*0\.86\(12\).*rbm-convolutional, step 1.*0\.90\(10\)", body, re.DOTALL)


@pytest.mark.parametrize(
    "wrong",
    [
        "wrong",
        "distances=[0.02, 0.04]",
        'maps=["decimation"]',
        'maps=["majority", "mayority"]',
        "steps=4",
        "L=30",
        "L=8",
        "L=25",
        "distances=[-0.5, 0.1]",
        "distances=[-0.1, 0.1, 0.1]",
        'maps=["majority", "majority"]',
        "n_samples=1e12",
        "training.n_samples=1e12",
        "training.learning_rate=inf",
        "training.K=4",
        "chains=3",
    ],
)
def test_settings_that_do_not_fit(wrong: str) -> None:
    with pytest.raises(SettingsError, match=wrong.partition("=")[0].rpartition(".")[2]):
        prepare(find("mcrg"), overrides=(wrong,))
