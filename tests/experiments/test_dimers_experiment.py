"""The experiment on a small lattice: what its filters read, and every claim by its rule, with its counts."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from blockspin.experiments import find
from blockspin.experiments.core import Run
from blockspin.experiments.dimers import claims as rules
from blockspin.experiments.dimers import page, tasks
from blockspin.experiments.dimers.patterns import overlaps, pattern
from blockspin.experiments.dimers.tasks import Bound, Filters, plan
from blockspin.experiments.run import prepare, run
from blockspin.runs.settings import SettingsError
from blockspin.runs.store import Store
from blockspin.runs.task import Result
from blockspin.statistics import Estimate

SMALL = (
    "L=16", "block=4", "buffer=2", "environment=2", "n_samples=200", "chains=10", "temperatures=[0.5, inf]",
    "components=[2]", "torus=4", "learning.n_iter=100", "machines.hidden=[2]", "machines.n_iter=1",
    "machines.n_samples=500",
)  # fmt: skip


@pytest.fixture
def made(tiny_run: Callable[[str], Run]) -> dict[str, Any]:
    """The branches of the tiny run, to be changed."""
    run = tiny_run("dimers")
    return {name: dict(run[name]) for name in ("filters", "decays", "exact")} | {"machines": run["machines"]}


def with_filters(made: dict[str, Any], T: float | str, n: int = 2, /, **fields: Any) -> dict[str, Any]:
    """Other filters at T: `reads` and `bounds` replace what is named, other fields the whole."""
    found: Filters = made["filters"].get((T, n), made["filters"][math.inf, 2])
    for name in {"reads", "bounds"} & fields.keys():
        fields[name] = getattr(found, name) | fields[name]
    return made | {"filters": made["filters"] | {(T, n): found.model_copy(update=fields)}}


def bounds(*pairs: tuple[float, float], why: str = "") -> dict[str, Bound]:
    """The classifier's bound and, of a second pair, InfoNCE's; the first is refused where `why` says so."""
    said = dict(zip(("classifier", "infonce"), (why, ""), strict=True))
    found = zip(said, [*pairs, pairs[0]], strict=False)
    return {name: Bound(measured=Estimate(*pair), training=Estimate(*pair), why=said[name]) for name, pair in found}


def with_rbms(made: dict[str, Any], *rows: dict[str, Any]) -> dict[str, Any]:
    first = made["machines"].meta["machines"][0]
    return made | {"machines": Result(meta={"machines": [first | row for row in rows]})}


def status(claim: Any, made: dict[str, Any]) -> str:
    return str(claim(made)["status"])


def counted(claim: Any, made: dict[str, Any]) -> list[tuple[int, int]]:
    return [(int(n), int(m)) for n, m in re.findall(r"(\d+) of (\d+)", claim(made)["why"])]


@pytest.mark.slow  # a quarter of a minute
def test_a_small_run_finds_the_fields(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # 200 samples of 16 x 16: fields read to 0.93 in trials; a random pair of filters to about 0.1
    planned = prepare(find("dimers"), overrides=SMALL, seed=1)
    monkeypatch.setattr(tasks, "STARTS", ("canonical",))  # one training in place of four
    run(planned, tmp_path / "small")
    finished = Run(planned.experiment, planned.settings, 1, Store(tmp_path / "small"))
    reads = finished["filters"][math.inf, 2].reads
    assert min(reads["staggered"]) > 0.8
    assert reads["staggered covered"] > 0.8
    assert max(reads["columnar"]) < 0.5
    for some in finished["exact"][math.inf].learned:
        for bound in some.bounds.values():
            assert bound.measured.value < some.kept + 4 * bound.measured.error


def test_what_a_run_lacks_is_not_tested(made: dict[str, Any]) -> None:
    for claim in (rules.mixtures, rules.half):  # four components and one are not in this run
        assert status(claim, made) == "not tested"
    warm = made | {"decays": {1.0: made["decays"][0.5], math.inf: made["decays"][math.inf]}}
    assert status(rules.ceiling, warm) == "not tested"


def test_fields_are_read_or_not(made: dict[str, Any]) -> None:
    for pair, covered, expected in (
        ([0.95, 0.97], 0.94, "reproduced"),
        ([0.95, 0.2], 0.94, "not reproduced"),
        ([0.95, 0.97], 0.1, "not reproduced"),
    ):
        some = with_filters(made, math.inf, reads={"staggered": pair, "staggered covered": covered})
        assert status(rules.fields, some) == expected


@pytest.mark.parametrize(
    ("angles", "least", "covered", "expected"),
    [
        ([0, 45, 90, 135], 0.95, 0.99, "reproduced"),
        ([0, 10, 90, 135], 0.95, 0.99, "partly"),
        ([0, 45, 90, 135], 0.5, 0.99, "partly"),
        ([0, 10, 20, 30], 0.95, 0.3, "not reproduced"),
    ],
)
def test_four_components_are_four_directions(
    made: dict[str, Any], angles: list[float], least: float, covered: float, expected: str
) -> None:
    reads = {"staggered": [0.95, 0.96, 0.97, least], "staggered covered": covered, "angle": angles}
    assert status(rules.mixtures, with_filters(made, math.inf, 4, reads=reads)) == expected


def test_plaquettes_are_counted_by_temperature(made: dict[str, Any]) -> None:
    free = with_filters(made, math.inf, reads={"staggered": [0.95, 0.97]})
    for pair, expected in (([0.95, 0.92], ("reproduced", (1, 1))), ([0.95, 0.3], ("partly", (0, 1)))):
        some = with_filters(free, 0.5, reads={"plaquette": pair})
        assert (status(rules.plaquettes, some), *counted(rules.plaquettes, some)) == expected


@pytest.mark.parametrize(
    ("value", "error", "why", "expected"),
    [
        (1.37, 0.01, "", "reproduced"),
        (1.47, 0.01, "", "not reproduced"),  # above ln 4 no estimate can be
        (1.2, 0.01, "", "not reproduced"),
        (1.2, 0.1, "", "undecided"),
        (0.7, 0.1, "", "not reproduced"),
        (1.37, 0.01, "refused", "not tested"),
    ],
)
def test_ln_4_is_a_ceiling(made: dict[str, Any], value: float, error: float, why: str, expected: str) -> None:
    some = with_filters(made, 0.5, bounds=bounds((value, error), why=why))
    assert status(rules.ceiling, some) == expected


@pytest.mark.parametrize(
    ("two", "one", "expected"),
    [
        ((0.34, 0.004), (0.17, 0.004), "reproduced"),
        ((0.2, 0.004), (0.1, 0.004), "partly"),
        ((0.34, 0.004), (0.3, 0.004), "partly"),
        ((0.2, 0.004), (0.19, 0.004), "not reproduced"),
        ((0.34, 0.05), (0.17, 0.004), "undecided"),
        ((0.34, 0.004), (0.17, 0.05), "partly"),
        ((0.0, 0.004), (0.0, 0.004), "undecided"),
    ],
)
def test_one_component_keeps_half_or_not(
    made: dict[str, Any], two: tuple[float, float], one: tuple[float, float], expected: str
) -> None:
    some = with_filters(with_filters(made, math.inf, bounds=bounds(two)), math.inf, 1, bounds=bounds(one))
    assert status(rules.half, some) == expected


def test_a_refused_bound_is_no_information(made: dict[str, Any]) -> None:
    one = with_filters(made, math.inf, 1, bounds=bounds((0.17, 0.004)))
    both = bounds((0.9, 0.004), (0.34, 0.004), why="refused")
    assert status(rules.half, with_filters(one, math.inf, bounds=both)) == "reproduced"
    none = {name: bound.model_copy(update={"why": "refused"}) for name, bound in both.items()}
    said = rules.half(with_filters(one, math.inf, bounds=none))
    assert said["status"] == "undecided"
    assert {entry["value"] for entry in said["evidence"][:2]} == {None}


@pytest.mark.parametrize(
    ("value", "error", "expected"),
    [
        (1.03, 0.01, "reproduced"),
        (1.02, 0.05, "reproduced"),
        (1.15, 0.01, "partly"),
        (1.5, 0.01, "not reproduced"),
        (1.9, 0.3, "undecided"),
        (2.5, 0.3, "not reproduced"),
        (math.nan, math.nan, "undecided"),
    ],
)
def test_the_dimension_is_one_or_not(made: dict[str, Any], value: float, error: float, expected: str) -> None:
    free = made["decays"][math.inf]
    fit = free.learned.model_copy(update={"dimension": Estimate(value, error)})
    decays = made["decays"] | {math.inf: free.model_copy(update={"learned": fit})}
    assert status(rules.scaling, made | {"decays": decays}) == expected


@pytest.mark.parametrize(
    ("share", "covered", "expected"),
    [
        (0.01, 0.95, "reproduced"),
        (0.01, 0.5, "partly"),
        (0.1, 0.95, "partly"),
        (0.5, 0.95, "not reproduced"),
    ],
)
def test_noise_gets_weight_or_not(made: dict[str, Any], share: float, covered: float, expected: str) -> None:
    some = with_filters(made, "noise", reads={"staggered covered": covered}, noise=[share, share / 2])
    assert status(rules.noise, some) == expected


def test_units_on_noise_are_counted_by_size(made: dict[str, Any]) -> None:
    few, many = {"hidden": 2, "noise": [0.95, 0.1]}, {"hidden": 4, "noise": [0.95, 0.99, 0.99, 0.1]}
    for rows, expected in (
        ([few | {"noise": [0.95, 0.99]}], ("reproduced", (2, 2), (2, 2))),
        ([few, many], ("partly", (1, 2), (3, 4))),
        ([few], ("not reproduced", (1, 2), (1, 2))),
    ):
        some = with_rbms(made, *rows)
        assert (status(rules.first_units, some), *counted(rules.first_units, some)) == expected


def test_columns_beat_fields_in_so_many_rbms(made: dict[str, Any]) -> None:
    good, bad = {"columnar": 0.5, "staggered": 0.1}, {"columnar": 0.2, "staggered": 0.1}
    for rows, expected in (
        ([good, good], ("reproduced", (2, 2))),
        ([good, bad, bad], ("partly", (1, 3))),
        ([bad], ("not reproduced", (0, 1))),
    ):
        some = with_rbms(made, *rows)
        assert (status(rules.textures, some), *counted(rules.textures, some)) == expected


@pytest.mark.parametrize(
    ("value", "why", "expected"),
    [(0.99, "", "reproduced"), (1.04, "", "partly"), (1.04, "refused", "partly")],  # refused, and a bound all the same
)
def test_bounds_stay_below_what_is_kept(made: dict[str, Any], value: float, why: str, expected: str) -> None:
    def kept(one: Any) -> Any:
        some = bounds((value, 0.01), why=why)
        learned = [found.model_copy(update={"kept": 1.0, "bounds": some}) for found in one.learned]
        return one.model_copy(update={"learned": learned, "best": {"2 states": 1.0, "4 states": 1.05}})

    assert status(rules.exact, made | {"exact": {T: kept(one) for T, one in made["exact"].items()}}) == expected


def test_the_distances_of_a_fit_in_words() -> None:
    assert [rules.span(some) for some in ([6, 8, 10], [6], [])] == ["R = 6 to 10", "R = 6 alone", "no distance"]


def test_four_directions_apart() -> None:
    assert rules._apart([0, 45, 90, 135]) == pytest.approx(45)
    assert rules._apart([1, 179, 60, 120]) == pytest.approx(2)


def test_every_training_of_filters_has_a_seed_of_its_own() -> None:
    settings = prepare(find("dimers"), overrides=(*SMALL[:-4], "components=[1, 2]", "trainings=2")).settings
    of_trainings = [plan(settings, 1, n) for n in (1, 2)]
    seeds = [
        one.settings["seed"] for tree in of_trainings for part in ("filters", "exact") for one in tree[part].values()
    ]
    assert len(set(seeds)) == len(seeds)


def test_tables_show_every_training(tiny_run: Callable[[str], Run]) -> None:
    one = tiny_run("dimers")
    drawn = (page.overlaps, page.bounds, page.rbms, page.torus)
    assert not any("training" in re.sub("training rows", "", table(one).body) for table in drawn)
    two = Run(one.experiment, one.settings, one.seed, one.store)
    two.each = [one, one]
    for table in (*drawn, page.filters_with_noise):
        assert "training 2" in table(two).body
    assert len(page.pairs(two, math.inf)) == 2


def test_what_is_kept_is_a_mean_over_trainings(made: dict[str, Any]) -> None:
    each = [with_filters(made, 0.5, bounds=bounds(one, other)) for one, other in (
        ((1.3, 0.01), (1.0, 0.01)), ((1.4, 0.01), (1.2, 0.01)))]  # fmt: skip
    run: Any = SimpleNamespace(each=each)
    assert str(page.kept(run, 0.5)) == "1.35(5)"
    assert str(page.kept(run, 0.5, "infonce")) == "1.10(10)"


def test_dimensions_are_means_over_trainings(tiny_run: Callable[[str], Run], made: dict[str, Any]) -> None:
    def with_dimension(d: float) -> dict[str, Any]:
        free = made["decays"][math.inf]
        fit = free.learned.model_copy(update={"dimension": Estimate(d, 0.01)})
        return made | {"decays": made["decays"] | {math.inf: free.model_copy(update={"learned": fit})}}

    run = tiny_run("dimers")
    run.each = [with_dimension(d) for d in (1.0, 1.2)]  # type: ignore[misc]
    assert "1.10(10)" in page.dimensions(run).body


def test_angles_and_names_of_exact_filters() -> None:
    read = overlaps(
        np.stack([pattern("E_y", 8) - pattern("E_x", 8), pattern("E_x", 8) + pattern("E_y", 8), -pattern("P_2", 8)])
    )
    np.testing.assert_allclose(read["angle"][:2], [135, 45], atol=1e-9)
    np.testing.assert_allclose(read["plaquette"], [0, 0, 1], atol=1e-12)
    np.testing.assert_allclose(read["column"][2], 0.5**0.5)
    assert read["staggered covered"] == pytest.approx(1)
    assert read["columnar covered"] < 0.1


@pytest.mark.parametrize(
    "wrong",
    [
        "wrong",
        "L=20",
        "buffer=20",
        "temperatures=[0.5, 1.0]",
        "components=[1]",
        "torus=5",
        "temperatures=[nan, inf]",
        "temperatures=[0.5, 0.5, inf]",
        "machines.hidden=[]",
        "learning.annealing=[0.1, 0.75, 0.001]",
        "learning.annealing=[0.75, 0.1, -1]",
        "n_samples=1e12",
        "machines.n_iter=1e20",
        "noise=inf",
        "components=[2, 2]",
    ],
)
def test_settings_that_do_not_fit(wrong: str) -> None:
    with pytest.raises(SettingsError, match=wrong.partition("=")[0].rpartition(".")[2]):
        prepare(find("dimers"), overrides=(wrong,))
