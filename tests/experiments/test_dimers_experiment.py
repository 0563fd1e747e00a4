"""The experiment on a small lattice: what its filters read, and every claim by its rule, with its counts."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from blockspin.experiments import find
from blockspin.experiments.core import Run
from blockspin.experiments.dimers import claims as rules
from blockspin.experiments.dimers import tasks
from blockspin.experiments.dimers.patterns import pattern
from blockspin.experiments.dimers.readings import overlaps
from blockspin.experiments.dimers.tasks import Training
from blockspin.experiments.run import prepare, run
from blockspin.runs.settings import SettingsError
from blockspin.runs.store import Store
from blockspin.runs.task import Result
from blockspin.statistics import Estimate

SMALL = (
    "L=16", "block=4", "buffer=2", "environment=2", "n_samples=200", "chains=10", "temperatures=[0.5, inf]",
    "components=[2]", "seeds=1", "torus=4", "learning.n_iter=100", "machines.hidden=[2]", "machines.n_iter=1",
    "machines.n_samples=500",
)  # fmt: skip


@pytest.fixture
def made(tiny_run: Callable[[str], Run]) -> dict[str, Any]:
    """The branches of the tiny run, to be changed."""
    run = tiny_run("dimers")
    return {name: dict(run[name]) for name in ("filters", "decays", "exact")} | {"machines": run["machines"]}


def with_trainings(made: dict[str, Any], T: float | str, *reads: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """As many trainings of two filters at T as there are readings, which replace what the first one reads."""
    found = made["filters"].get((T, 2), made["filters"][math.inf, 2])
    first: Training = found.seeds[0]
    seeds = [first.model_copy(update={"reads": first.reads | one, **fields}) for one in reads]
    return made | {"filters": made["filters"] | {(T, 2): found.model_copy(update={"seeds": seeds})}}


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
    for one in finished["filters"][math.inf, 2].seeds:
        assert min(one.reads["staggered"]) > 0.8
        assert one.reads["staggered covered"] > 0.8
        assert max(one.reads["columnar"]) < 0.5
    for some in finished["exact"][math.inf].learned:
        for bound in some.bounds.values():
            assert bound.measured.value < some.kept + 4 * bound.measured.error


def test_what_a_run_lacks_is_not_tested(made: dict[str, Any]) -> None:
    for claim in (rules.mixtures, rules.half):  # four components and one are not in this run
        assert status(claim, made) == "not tested"
    warm = made | {"decays": {1.0: made["decays"][0.5], math.inf: made["decays"][math.inf]}}
    assert status(rules.ceiling, warm) == "not tested"


def test_fields_are_read_or_not(made: dict[str, Any]) -> None:
    good, bad = {"staggered": [0.95, 0.97], "staggered covered": 0.94}, {"staggered": [0.95, 0.2]}
    for reads, expected in (
        ([good, good], ("reproduced", (2, 2))),
        ([good, bad], ("partly", (1, 2))),
        ([bad], ("not reproduced", (0, 1))),
    ):
        some = with_trainings(made, math.inf, *reads)
        assert (status(rules.fields, some), *counted(rules.fields, some)) == expected


def test_plaquettes_are_counted_by_temperature(made: dict[str, Any]) -> None:
    free = with_trainings(made, math.inf, {"staggered": [0.95, 0.97]})
    for pair, expected in (([0.95, 0.92], ("reproduced", (1, 1))), ([0.95, 0.3], ("partly", (0, 1)))):
        some = with_trainings(free, 0.5, {"plaquette": pair})
        assert (status(rules.plaquettes, some), *counted(rules.plaquettes, some)) == expected


@pytest.mark.parametrize(("value", "expected", "n"), [(1.37, "reproduced", 1), (1.47, "not reproduced", 0)])
def test_ln_4_is_a_ceiling(made: dict[str, Any], value: float, expected: str, n: int) -> None:
    # above ln 4 no estimate can be
    bounds = made["filters"][0.5, 2].seeds[0].bounds
    bound = bounds["classifier"].model_copy(update={"measured": Estimate(value, 0.01)})
    some = with_trainings(made, 0.5, {}, bounds=bounds | {"classifier": bound})
    assert status(rules.ceiling, some) == expected
    assert counted(rules.ceiling, some) == [(n, 1)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1.03, "reproduced"), (1.15, "partly"), (1.5, "not reproduced"), (math.nan, "not tested")],
)
def test_the_dimension_is_one_or_not(made: dict[str, Any], value: float, expected: str) -> None:
    free = made["decays"][math.inf]
    fit = free.learned.model_copy(update={"dimension": Estimate(value, 0.01)})
    decays = made["decays"] | {math.inf: free.model_copy(update={"learned": fit})}
    assert status(rules.scaling, made | {"decays": decays}) == expected


@pytest.mark.parametrize(
    ("share", "expected", "n"), [(0.01, "reproduced", 1), (0.1, "partly", 0), (0.5, "not reproduced", 0)]
)
def test_noise_gets_weight_or_not(made: dict[str, Any], share: float, expected: str, n: int) -> None:
    some = with_trainings(made, "noise", {"staggered covered": 0.95}, noise=[share, share / 2])
    assert status(rules.noise, some) == expected
    assert counted(rules.noise, some) == [(n, 1)]


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


@pytest.mark.parametrize(("value", "expected"), [(0.99, "reproduced"), (1.04, "partly")])
def test_bounds_stay_below_what_is_kept(made: dict[str, Any], value: float, expected: str) -> None:
    def kept(one: Any) -> Any:
        bound = one.learned[0].bounds["classifier"].model_copy(update={"measured": Estimate(value, 0.01)})
        learned = [some.model_copy(update={"kept": 1.0, "bounds": {"classifier": bound}}) for some in one.learned]
        return one.model_copy(update={"learned": learned, "best": {"2 states": 1.0, "4 states": 1.05}})

    assert status(rules.exact, made | {"exact": {T: kept(one) for T, one in made["exact"].items()}}) == expected


def test_the_distances_of_a_fit_in_words() -> None:
    assert [rules.span(some) for some in ([6, 8, 10], [6], [])] == ["R = 6 to 10", "R = 6 alone", "no distance"]


def test_four_directions_apart() -> None:
    assert rules._apart([0, 45, 90, 135]) == pytest.approx(45)
    assert rules._apart([1, 179, 60, 120]) == pytest.approx(2)


def test_angles_and_names_of_exact_filters() -> None:
    told = overlaps(
        np.stack([pattern("E_y", 8) - pattern("E_x", 8), pattern("E_x", 8) + pattern("E_y", 8), -pattern("P_2", 8)])
    )
    np.testing.assert_allclose(told["angle"][:2], [135, 45], atol=1e-9)
    np.testing.assert_allclose(told["plaquette"], [0, 0, 1], atol=1e-12)
    np.testing.assert_allclose(told["column"][2], 0.5**0.5)
    assert told["staggered covered"] == pytest.approx(1)
    assert told["columnar covered"] < 0.1


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
