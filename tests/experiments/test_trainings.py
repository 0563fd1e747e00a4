"""Trainings as a dimension of a run: what they share, how claims are decided over them, and the errors of means."""

from __future__ import annotations

import itertools
import json
import math
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny import TINY

from blockspin import judging
from blockspin.experiments import EXPERIMENTS, find
from blockspin.experiments.claims import STATUSES, Answer, at_least_one, every, exceeds, graded, together
from blockspin.experiments.run import check_folder, prepare, redraw, run
from blockspin.judging.criteria import quantity_of
from blockspin.judging.criteria.generalization import GAP
from blockspin.judging.measurement import BLURRED, LOOSE, Measured, Measurement, Side, State
from blockspin.judging.rules import Agrees, CloserThanNulls, Exceeds, LiesBelow, Null, Rule
from blockspin.report.tables import scorecard_table
from blockspin.runs import settings as settings_file
from blockspin.runs.settings import SettingsError
from blockspin.runs.task import ordered
from blockspin.statistics import Estimate, mean_over_trainings

REPEATED = [name for name in EXPERIMENTS if find(name).repeated]


def test_the_main_experiments_repeat_their_trainings() -> None:
    assert {"mehta-schwab", "mcrg", "koch-janusz-ringel", "dimers", "exact-mapping"} <= set(REPEATED)


@pytest.mark.parametrize("name", REPEATED)
def test_more_trainings_add_tasks_and_keep_those_of_the_first(name: str) -> None:
    one, three = (
        {task.key: task for task in ordered(prepare(find(name), overrides=(*TINY[name], f"trainings={n}")).tasks)}
        for n in (1, 3)
    )
    assert one.items() <= three.items()
    added = [task for key, task in three.items() if key not in one]
    assert added
    assert not [task for task in added if task.kind == "sample" and name != "koch-janusz-ringel"]
    assert {task.label[-12:] for task in added} == {"(training 2)", "(training 3)"}


def test_a_folder_goes_on_to_more_trainings(tiny_folder: Callable[[str], Path], tmp_path: Path) -> None:
    folder = tmp_path / "more"
    shutil.copytree(tiny_folder("mehta-schwab"), folder)
    before = json.loads((folder / "scorecards.json").read_text())["scorecards"]
    stamps = {path.name: path.stat().st_mtime_ns for path in (folder / "tasks").glob("*.npz")}
    concluded = run(prepare(find("mehta-schwab"), overrides=(*TINY["mehta-schwab"], "trainings=3"), seed=1), folder)
    assert concluded is not None
    assert stamps.items() <= {path.name: path.stat().st_mtime_ns for path in (folder / "tasks").glob("*.npz")}.items()
    assert {claim["status"] for claim in concluded["claims"]} <= set(STATUSES)
    rows = {(card["map"], card["layer"]): card["rows"] for card in concluded["scorecards"]}
    first = {(card["map"], card["layer"]): card["rows"] for card in before}
    for place, own in rows.items():
        trained = place[0] in ("none", "l1")
        for row, old in zip(own, first[place], strict=True):
            several = row.get("trainings")
            assert trained or several is None  # block rules and nulls are as they were
            if several is not None:
                assert len(several["values"]) in (2, 3)
                assert row["value"] == pytest.approx(np.mean(several["values"]))
                # some quantities have no error of sampling, and of some it is each training's own
                sampling = 0.0 if several["own"] else several["sampling"] or 0.0
                assert row["error"] == pytest.approx(math.hypot(sampling, several["between"]))
                assert several["own"] == (quantity_of(row["criterion"], row["quantity"]).own or row["quantity"] == GAP)
                assert old["value"] in several["values"] or len(several["values"]) == 2
    evidence = next(claim["evidence"] for claim in concluded["claims"] if claim["id"] == "MS-1")
    assert {row["training"] for row in evidence} == {1, 2, 3}
    page = redraw(folder).read_text()
    assert "training 3" in page
    assert "mean" in page


def test_a_folder_that_grows_and_is_stopped_is_not_drawn(tiny_folder: Callable[[str], Path], tmp_path: Path) -> None:
    folder, tiny = tmp_path / "stopped", TINY["mehta-schwab"]
    shutil.copytree(tiny_folder("mehta-schwab"), folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "blockspin.experiments.run.execute", lambda *given, **more: (_ for _ in ()).throw(OSError("stop"))
        )
        with pytest.raises(OSError, match="stop"):
            run(prepare(find("mehta-schwab"), overrides=(*tiny, 'alternatives=["slow"]'), seed=1), folder)
    with pytest.raises(SettingsError, match="stopped is not finished"):
        redraw(folder)
    run(prepare(find("mehta-schwab"), overrides=tiny, seed=1), folder)
    assert redraw(folder).exists()


def test_a_folder_of_before_a_setting_goes_on_with_its_default(
    tiny_folder: Callable[[str], Path], tmp_path: Path
) -> None:
    folder, made = tmp_path / "older", prepare(find("mehta-schwab"), overrides=TINY["mehta-schwab"], seed=1)
    shutil.copytree(tiny_folder("mehta-schwab"), folder)
    older = {name: value for name, value in made.document["settings"].items() if name != "autoencoder"}
    settings_file.write(folder, {**made.document, "settings": older})
    check_folder(made, folder)
    changed = prepare(find("mehta-schwab"), overrides=(*TINY["mehta-schwab"], "autoencoder.l1=0.5"), seed=1)
    with pytest.raises(SettingsError, match=r"autoencoder\.l1 \(0\.02 there, 0\.5 here\)"):
        check_folder(changed, folder)


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (("reproduced", "reproduced"), "reproduced"),
        (("reproduced", "not reproduced"), "partly"),
        (("partly", "not reproduced"), "partly"),
        (("not reproduced", "not reproduced"), "not reproduced"),
        (("not tested", "reproduced"), "reproduced"),
        (("not tested", "not tested"), "not tested"),
        (("undecided", "reproduced"), "partly"),
        (("undecided", "not reproduced"), "undecided"),
        (("undecided", "not tested"), "undecided"),
    ],
)
def test_a_claim_over_trainings(statuses: tuple[str, ...], expected: str) -> None:
    answers = [Answer(one, f"Why {n}.", [{"value": n}]) for n, one in enumerate(statuses)]  # type: ignore[arg-type]
    assert together(answers).status == expected


def test_a_claim_over_trainings_counts_all_of_them() -> None:
    statuses = ("reproduced", "not tested", "not tested")
    why = together([Answer(one, f"Why {n}.") for n, one in enumerate(statuses)]).why  # type: ignore[arg-type]
    assert re.findall(r"(\d+) of (\d+)", why) == [("1", "3"), ("2", "3")]


@pytest.mark.parametrize(
    ("full", "part", "status"),
    [
        (True, None, "reproduced"),
        (None, True, "partly"),
        (None, False, "undecided"),
        (False, None, "undecided"),
        (False, False, "not reproduced"),
    ],
)
def test_what_is_undecided_is_not_denied(full: bool | None, part: bool | None, status: str) -> None:
    assert graded(full, part) == status


def test_parts_that_are_undecided_count_where_they_decide() -> None:
    assert [every([True, one]) for one in (True, False, None)] == [True, False, None]
    assert [every([True], [one]) for one in (True, False, None)] == [False, True, None]
    assert every([False, None]) is every([None], [True]) is False
    assert [at_least_one([False, one]) for one in (True, False, None)] == [True, False, None]
    assert at_least_one([None, True]) is True
    assert (every([]), at_least_one([])) == (True, False)


def test_a_claim_that_rests_on_nothing_trained_is_answered_once() -> None:
    answer = Answer("partly", "Why.", [{"value": 1.0}])
    assert together([answer, answer, answer]) is answer


def test_a_mean_over_trainings_holds_both_errors() -> None:
    found, sampling, between = mean_over_trainings([Estimate(1.0, 0.3), Estimate(2.0, 0.4), Estimate(3.0, 0.0)])
    assert found.value == 2.0
    assert sampling == pytest.approx(math.sqrt((0.09 + 0.16) / 3))
    assert between == pytest.approx(1 / math.sqrt(3))
    assert found.error == pytest.approx(math.hypot(sampling, between))
    alone, sampling, between = mean_over_trainings([Estimate(1.0, 0.3)])
    assert (alone, sampling) == (Estimate(1.0, 0.3), 0.3)
    assert math.isnan(between)
    assert mean_over_trainings([Estimate(1.0, math.nan), Estimate(3.0, math.nan)])[0] == Estimate(2.0, 1.0)


def test_errors_of_a_trainings_own_are_in_the_scatter_already() -> None:
    some = [Estimate(1.0, 0.3), Estimate(2.0, 0.4), Estimate(3.0, 0.0)]
    found, sampling, between = mean_over_trainings(some, own=True)
    assert found == Estimate(2.0, pytest.approx(1 / math.sqrt(3)))
    assert (sampling, between) == (pytest.approx(0.5 / 3), found.error)
    assert mean_over_trainings(some[:1], own=True)[0] == some[0]
    # 4,000 sets of 8 trainings, seed 1, of errors that are their own: counted twice, .96 would be inside one error
    sets = np.random.default_rng(1).normal(size=(4000, 8))
    means = [mean_over_trainings([Estimate(one, 1.0) for one in some], own=True)[0] for some in sets]
    assert 0.62 < np.mean([abs(one.value) < one.error for one in means]) < 0.68  # .65 by Student's t, to .0075


@pytest.mark.parametrize("trained", [0.0, 0.5, 2.0])  # the scatter of trainings over the error of the shared samples
def test_the_error_of_a_mean_covers_both_sources(trained: float) -> None:
    # 4,000 sets of 8 trainings, seed 1: the share inside one error is known to .0075
    random = np.random.default_rng(1)
    shared, own = random.normal(size=(4000, 1)), trained * random.normal(size=(4000, 8))
    means = [mean_over_trainings([Estimate(one, 1.0) for one in some])[0] for some in shared + own]
    inside = np.mean([abs(one.value) < one.error for one in means])
    assert 0.65 < inside < 0.71


def _measured(*states: State) -> list[judging.Measured]:
    return [
        judging.Measured("map", 1, 2.0, (Measurement("spectrum", "y_t", float(n), 0.1, state, why="why"),))
        for n, state in enumerate(states)
    ]


def test_a_quantity_has_a_mean_where_most_trainings_have_it() -> None:
    yes, no = State.MEASURED, State.FORCED
    found = judging.mean(_measured(yes, yes, no)).measurements[0]
    assert (found.state, found.value) == (yes, 0.5)
    assert found.trainings is not None
    assert found.trainings.values == (0.0, 1.0)
    assert found.trainings.of == 3
    without = judging.mean(_measured(yes, no, no)).measurements[0]
    assert without.trainings is not None
    assert (without.state, without.value, without.trainings.values) == (no, 1.5, (1.0, 2.0))  # a null of others
    none = judging.mean(_measured(yes, no, State.UNDEFINED)).measurements[0]
    assert (none.state, none.value, none.trainings) == (State.UNDEFINED, 2.0, None)
    assert none.why == "in 2 of 3 trainings: why"
    assert without.why == "in 2 of 3 trainings: why"
    assert judging.mean(_measured(yes)) == _measured(yes)[0]


@pytest.mark.parametrize(("hidden", "code"), [(1, "no exponent"), (2, BLURRED)])
def test_what_errors_hide_in_most_trainings_they_hide_in_the_mean_in_any_order(hidden: int, code: str) -> None:
    codes = [BLURRED] * hidden + ["no exponent"] * (3 - hidden)
    rows = [Measurement("spectrum", "y_t", state=State.UNDEFINED, code=one, why=one) for one in codes]
    for some in itertools.permutations(rows):
        found = judging.mean([judging.Measured("map", 1, 2.0, (one,)) for one in some])
        assert found.measurements[0].code == code


def test_a_number_exceeds_nothing_or_it_is_not_sharp() -> None:
    assert exceeds(Estimate(0.2, 0.01), 3, 0.03) is True
    assert exceeds(Estimate(0.2, 0.06), 3, 0.03) is True
    assert exceeds(Estimate(0.02, 0.01), 3, 0.03) is exceeds(Estimate(-0.5, 0.01), 3, 0.03) is False
    assert exceeds(Estimate(-0.2, 0.06), 3, 0.03) is False
    assert exceeds(Estimate(0.1, 0.06), 3, 0.03) is exceeds(Estimate(-0.1, 0.06), 3, 0.03) is None
    assert exceeds(Estimate(math.nan, math.nan), 3, 0.03) is None


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_trainings_in_any_states_have_a_mean_or_none(n: int) -> None:
    for states in itertools.product(State, repeat=n):
        found = judging.mean(_measured(*states)).measurements[0]
        most = max(State.MEASURED, State.FORCED, key=states.count)
        if n > 1 and 2 * states.count(most) > n:
            assert found.trainings is not None
            assert (found.state, len(found.trainings.values)) == (most, states.count(most))
        else:
            assert found.trainings is None
            assert found.state is not State.MEASURED or n == 1
    # as many measured as forced
    tie = judging.mean(_measured(State.MEASURED, State.FORCED)).measurements[0]
    assert (tie.state, tie.value, tie.why) == (State.FORCED, 1.0, "in 1 of 2 trainings: why")


def test_what_a_mean_is_compared_with_is_a_mean_over_other_samples() -> None:
    shared, own = Side("identity", 1.0), (Side("m alone", 0.6, 0.01), Side("m alone", 0.8, 0.01))
    some = [
        judging.Measured("map", 1, 2.0, (Measurement("fidelity", "|m|", 0.9, 0.1, below=one, above=shared),))
        for one in own
    ]
    found = judging.mean(some).measurements[0]
    assert found.above == shared
    assert found.below is not None
    assert (found.below.name, found.below.value) == ("m alone", pytest.approx(0.7))
    assert found.below.error == pytest.approx(math.hypot(0.01, 0.1))
    # its errors are widened too: 2 errors of 2 numbers are 14 of their scatter
    assert found.below.half_width(2.0) == pytest.approx(math.hypot(2 * 0.01, 13.97 * 0.1), rel=1e-3)
    assert Measured.from_dict(json.loads(json.dumps(judging.mean(some).to_dict()))) == judging.mean(some)


def test_a_mean_is_of_too_few_draws_where_one_training_is() -> None:
    some = [
        judging.Measured("map", 1, 2.0, (Measurement("locality", "sites of the blob", 1.0, 0.1, code=code),))
        for code in ("", LOOSE)
    ]
    assert judging.mean(some).measurements[0].code == LOOSE


def test_a_page_draws_trainings_without_scorecards(tmp_path: Path) -> None:
    name = "exact-mapping"
    concluded = run(prepare(find(name), overrides=(*TINY[name], "trainings=2"), seed=1), tmp_path / "two")
    assert concluded is not None
    evidence = {claim["id"]: claim["evidence"] for claim in concluded["claims"]}
    assert {row["training"] for row in evidence["EM-1"]} == {1, 2}
    assert not any("training" in row for row in evidence["EM-5"])  # a recursion, that nothing is trained for
    assert (tmp_path / "two" / "report.html").is_file()


def test_a_table_shows_trainings_without_a_number() -> None:
    some = [
        judging.Measured("map", 1, 2.0, (Measurement("locality", "radius of gyration", value, 0.1),))
        for value in (1.0, math.nan)
    ]
    card = judging.scorecard(judging.mean(some), [], None).to_dict()
    assert card["rows"][0]["trainings"]["values"] == [1.0, None]
    assert "sampling 0.1" in str(scorecard_table([card], headlines={}))


def test_a_mean_is_of_one_map() -> None:
    some = _measured(State.MEASURED, State.MEASURED)
    for other in ({"name": "another"}, {"layer": 2}, {"b": 4.0}, {"kind": "untrained"}):
        with pytest.raises(ValueError, match="layer, b and kind"):
            judging.mean([some[0], replace(some[1], **other)])
    with pytest.raises(ValueError, match=r"got \[\]"):
        judging.mean([])


def test_a_quantity_of_some_trainings_counts_wherever_it_is() -> None:
    def measured(*values: tuple[str, float]) -> Measured:
        rows = [Measurement("symmetry", quantity, value, 0.1) for quantity, value in values]
        return Measured("map", 1, 2.0, (*rows, Measurement("fidelity", "|m|", 0.5, 0.1)))

    without, both = measured(("spin flip", 1.0)), measured(("spin flip", 0.9), ("translation", 0.5))
    also = measured(("spin flip", 0.8), ("translation", 0.7))
    found = judging.mean([without, both, also])
    assert [one.quantity for one in found.measurements] == ["spin flip", "translation", "|m|"]
    row = found.find("symmetry", "translation")
    assert row is not None
    assert row.trainings is not None
    assert (row.value, row.trainings.values, row.trainings.of) == (pytest.approx(0.6), (0.5, 0.7), 3)
    for order in ([both, without, without], [without, without, both]):
        row = judging.mean(order).find("symmetry", "translation")
        assert row is not None
        assert (row.state, row.trainings, math.isnan(row.value)) == (State.UNDEFINED, None, True)


def test_what_is_said_of_one_training_is_not_said_of_the_mean() -> None:
    def measured(*whys: str) -> Measurement:
        rows = [Measurement("information", "I(H:E), nats", float(n), 0.1, why=why) for n, why in enumerate(whys)]
        return judging.mean([Measured("map", 1, 2.0, (row,)) for row in rows]).measurements[0]

    assert measured("cut: 0.9", "cut: 0.9").why == "cut: 0.9"
    assert measured("cut: 0.9", "", "cut: 0.7").why == "training 1: cut: 0.9; training 3: cut: 0.7"


RULES: dict[str, tuple[Rule, dict[str, Any], list[Null], float]] = {  # where its room is 0, and how often it decides
    "closer": (CloserThanNulls(), {}, [Null(Side("null", 20.0))], 0.0455),
    "below": (LiesBelow(), {"above": Side("identity", 1.0)}, [], 0.0455),
    "exceeds": (Exceeds(), {"below": Side("random signs", 1.0)}, [], 0.0228),
    "agrees": (Agrees(), {}, [], 0.0228),
}


@pytest.mark.parametrize(("spread", "sampling"), [(1.0, 0.0), (1.0, 0.1), (0.0, 1.0)])
@pytest.mark.parametrize("name", RULES)
def test_rules_on_means_of_three_err_as_seldom_as_on_one_number(name: str, spread: float, sampling: float) -> None:
    # 2,000 maps whose true value lies where the rule could as well pass as fail, seed 1: the share that it decides is
    # known to .0047, so a share of 6.5 % (3.8 % of one side) would be seen; without Student's t it is 18 % (9 %)
    rule, sides, nulls, share = RULES[name]
    random = np.random.default_rng(1)
    true = {"closer": 10.0, "agrees": 0.0}.get(name, 1.0)
    reference = Side("majority", 5.0) if name == "exceeds" else Side("majority", 0.0)
    means = [
        judging.mean(
            [Measured("map", 1, 2.0, (Measurement("spectrum", "y_t", one, sampling, **sides),)) for one in some]
        )
        for some in true + spread * random.normal(size=(2000, 3)) + sampling * random.normal(size=(2000, 1))
    ]
    codes = [rule.decide(one.measurements[0], nulls, reference).code for one in means]
    decided = {"exceeds": ["exceeds"], "agrees": ["does not agree"]}.get(
        name, ["closer", "not closer", "below", "not below"]
    )
    found = np.mean([code in decided for code in codes])
    assert found == pytest.approx(share, abs=4.2 * math.sqrt(share * (1 - share) / 2000))


def test_a_gap_does_not_agree_because_its_errors_are_counted_twice() -> None:
    rows = [Measurement("generalization", GAP, value, 2.0, target=Side("no gap", 0.0)) for value in (3.0, 4.0, 5.0)]
    each = [Measured("map", 1, 2.0, (row,)) for row in rows]
    outcomes = [judging.scorecard(judging.mean(each, own=own), [], None).rows[0].outcome for own in ((GAP,), ())]
    assert outcomes == [judging.Outcome.FAIL, judging.Outcome.PASS]  # own samples: 4.0(6), shared ones: 4(2)


def test_a_card_of_means_is_read_as_it_was_written() -> None:
    def measured(*values: float, kind: str = "") -> Measured:
        exact = Side("exact", 1.0)
        rows = [Measurement("spectrum", "y_t", value, 0.001, exact=exact) for value in values]
        return judging.mean([Measured(kind or "map", 1, 2.0, (row,), kind) for row in rows])

    majority = Measured("majority", 1, 2.0, (Measurement("spectrum", "y_t", 0.97, 0.001),))
    card = judging.scorecard(measured(0.5, 0.6, 0.7), [measured(-1.0, -1.1, -1.2, kind="untrained")], majority)
    assert judging.Scorecard.from_dict(json.loads(json.dumps(card.to_dict()))) == card
    row = card.rows[0]
    assert row.null is not None
    assert row.null.trainings is not None
    assert "trainings" not in card.to_dict()["rows"][0]["reference"]
    # 0.40(6) from exact, 13 times the reference's .03: by 2 errors of three trainings it may be 10 times
    assert not row.rough
    assert replace(row, trainings=None, error=0.03).rough
