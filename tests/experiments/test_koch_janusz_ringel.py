"""The experiment in small, its claims by their rules on made-up numbers, settings that are refused.

Tried on purpose: the first step taken into nu, the boundary's share of w^2 for that of abs(w): each fails a test below.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from blockspin.experiments import find
from blockspin.experiments.core import Run
from blockspin.experiments.koch_janusz_ringel import claims, page, readings, tasks
from blockspin.experiments.koch_janusz_ringel.tasks import Curve, plan
from blockspin.experiments.run import prepare
from blockspin.models.ising import KC_SQUARE
from blockspin.runs.settings import SettingsError
from blockspin.runs.task import Result
from blockspin.statistics import Estimate


@pytest.fixture(scope="module")
def small(tiny_run: Callable[[str], Run]) -> Run:
    return tiny_run("koch-janusz-ringel")


class Changed(dict[str, Any]):
    """A run with other branches."""

    def __init__(self, run: Run, **branches: Any) -> None:
        super().__init__({name: run[name] for name in run.plan} | branches)
        self.settings, self.each = run.settings, [self]


def counts(said: dict[str, Any]) -> list[tuple[int, int]]:
    """Every "n of m" of a claim's reason."""
    return [(int(n), int(m)) for n, m in re.findall(r"(\d+) of (\d+)", said["why"])]


def test_every_claim_is_there_and_every_figure(tiny_folder: Callable[[str], Path]) -> None:
    folder = tiny_folder("koch-janusz-ringel")
    said = {claim["id"]: claim["status"] for claim in json.loads((folder / "claims.json").read_text())["claims"]}
    assert list(said) == [f"KJR-{n}" for n in range(1, 8)]
    assert said["KJR-7"] == "partly"  # exact: the difference of two spins keeps less than their majority
    assert (folder / "report.html").read_text().count('class="plot"') == 5


def test_the_exact_numbers_are_those_of_the_literature(small: Run) -> None:
    found = small["filters"][KC_SQUARE]
    assert found.exact["I(V:E)"] == pytest.approx(0.54940140, abs=1e-7)
    assert found.exact["best of all rules to one bit"] == pytest.approx(0.46743420, abs=1e-7)
    assert min(found.ratios) > 0.99
    shares = small["chain"][0.1].meta["shares"]
    assert shares["decimation"] == pytest.approx(0.5050, abs=5e-5)
    assert shares["majority"] == pytest.approx(0.3023, abs=5e-5)
    for result in small["chain"].values():  # which of the two rules decides gives the sign of a tie's coin
        one, two, both = (result.meta["shares"][name] for name in ("majority", "difference", "decimation"))
        assert one + two == pytest.approx(both, rel=1e-9)


def made(K_n: dict[float, list[float]]) -> dict[float, Result]:
    """Flows of given couplings, with errors of 1e-4 from ten groups of chains."""
    random = np.random.default_rng(1)
    spread = 1e-4 * random.normal(size=(len(K_n), 10, 1)) * np.sqrt(1 / 9)
    return {
        K: Result({"K": np.array(path), "left_out": np.array(path) + spread[n]}, {"spectrum": []})
        for n, (K, path) in enumerate(K_n.items())
    }


def flowing(run: Run, slopes: tuple[float, ...]) -> Changed:
    """A run whose couplings after each step are 0.42 + slope (K - Kc), on 64 x 64."""
    distances = (-0.02, -0.01, -0.005, 0.0, 0.005, 0.01, 0.02)
    some = {KC_SQUARE + x: [KC_SQUARE + x, *(0.42 + slope * x for slope in slopes)] for x in distances}
    changed = Changed(run, flow=made(some))
    changed.settings = run.settings.model_copy(update={"flow": run.settings.flow.model_copy(update={"L": 64})})
    return changed


def test_the_flow_is_read_off_as_it_was_made(small: Run) -> None:
    # y_t = 1 after the first step, Kc where the lines cross
    run = flowing(small, (2.4, 4.8, 9.6))
    flow = readings.read_flow(run)  # type: ignore[arg-type]
    assert flow.last == 3
    assert abs(flow.nu.z(1)) < 4
    assert abs(flow.Kc.z(KC_SQUARE)) < 4
    assert flow.slope[0].value == pytest.approx(2.4, abs=0.05)
    assert claims.exponent(run)["status"] == "reproduced"
    assert claims.exponent(flowing(small, (2.4, 3.2, 4.2)))["status"] == "not reproduced"
    said = claims.flow(run)
    assert (said["status"], counts(said)) == ("reproduced", [(2, 2)])
    noisy = flowing(small, (2.4, 4.8, 9.6))
    noisy["flow"][max(noisy["flow"])].arrays["left_out"][:, 2] += np.linspace(-1, 1, 10)  # growth within its errors
    said = claims.flow(noisy)
    assert counts(said) == [(1, 2)]
    assert {row["error"] is None for row in said["evidence"] if "change of K" in row["quantity"]} == {False}
    run["flow"][min(run["flow"])].arrays["K"][2] = 1.0  # up, and down again
    said = claims.flow(run)
    assert (said["status"], counts(said)) == ("not reproduced", [(1, 2)])


def test_the_answer_has_means_over_trainings_and_the_least_of_all(small: Run) -> None:
    (K, found), *_ = small["filters"].items()
    other = flowing(small, (2.4, 4.8, 9.0))
    other["filters"] = {K: found.model_copy(update={"kept": [0.9 * one for one in found.kept]})}
    first = flowing(small, (2.4, 4.8, 9.6))
    first.each = [first, other]
    flows = [readings.read_flow(one) for one in first.each]  # type: ignore[arg-type]
    nu = page.mean(first, "nu")  # type: ignore[arg-type]
    assert nu.value == pytest.approx((flows[0].nu.value + flows[1].nu.value) / 2)
    assert nu.error > abs(flows[0].nu.value - flows[1].nu.value) / 2 > flows[0].nu.error
    assert page.least(first) == pytest.approx(0.9 * min(found.ratios))  # type: ignore[arg-type]
    assert f"{0.9 * min(found.kept):.8f}" in page.kept(first).body  # type: ignore[arg-type]
    assert "training 2" in page.steps(first).body  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "error", "status"),
    [
        (1.1, 0.04, "reproduced"),
        (1.2, 0.04, "not reproduced"),
        (1.4, 0.2, "undecided"),  # 2 errors from 1: neither
        (1.0, 0.06, "undecided"),
        (2.0, 0.2, "not reproduced"),
        (math.nan, math.nan, "undecided"),
    ],
)
def test_an_exponent_known_too_badly_is_not_judged(
    small: Run, monkeypatch: pytest.MonkeyPatch, value: float, error: float, status: str
) -> None:
    flow = replace(readings.read_flow(small), nu=Estimate(value, error))
    monkeypatch.setattr(readings, "read_flow", lambda _: flow)
    said = claims.exponent(small)
    assert said["status"] == status
    assert said["evidence"]


def test_a_flow_that_is_not_defined_has_no_numbers(small: Run) -> None:
    run = flowing(small, (2.4, 4.8, 9.6))
    run["flow"][KC_SQUARE].arrays["K"][2] = math.nan
    flow = readings.read_flow(run)  # type: ignore[arg-type]
    assert not any(math.isfinite(one.value) for one in (flow.nu, *flow.slope, *flow.y_t, *flow.crossing))
    assert claims.flow(run)["status"] == "partly"  # it leaves Kc on both sides
    for K in (min(run["flow"]), max(run["flow"])):
        run["flow"][K].arrays["left_out"][:, 2] += np.linspace(-1, 1, 10)
    assert claims.flow(run)["status"] == "undecided"  # as far as these errors tell
    assert claims.exponent(run)["status"] == "undecided"


def test_the_boundary_is_counted_block_by_block(small: Run) -> None:
    rim = np.array([[[1.0, 1, 1, 1], [1, 0, 0, 1], [1, 0, 0, 1], [1, 1, 1, 1]]])
    noise = np.random.default_rng(0).normal(0, 1e-3, (5, 4, 4))
    found = small["blocks"][4]
    reading, plain = (found.model_copy(update={"filters": one + noise}) for one in (rim + 0.5, np.ones((1, 4, 4))))
    assert readings.boundary_share(reading.filters).value == pytest.approx(0.9, abs=0.003)
    assert readings.boundary_share(plain.filters).value == pytest.approx(0.75, abs=0.003)
    for blocks, status, count in (
        ({4: reading}, "reproduced", (1, 1)),
        ({4: reading, 3: plain}, "partly", (1, 2)),
        ({4: plain}, "not reproduced", (0, 1)),
    ):
        said = claims.large(Changed(small, blocks=blocks))
        assert (said["status"], counts(said)[0]) == (status, count)


def test_a_boundary_of_few_seeds_is_compared_by_students_t(small: Run) -> None:
    # two seeds whose mean lies 4 standard errors above the share of the sites: 3 of a Gaussian are 236 of theirs
    inside = np.array([[0.4], [0.6]]) * np.ones((1, 16))
    edge = tasks.boundary(4).ravel()
    filters = np.where(edge, 1.0, inside).reshape(2, 4, 4)
    share = readings.boundary_share(filters)
    assert (share.value - 0.75) / share.error > 4
    found = small["blocks"][4].model_copy(update={"filters": filters})
    assert claims.large(Changed(small, blocks={4: found}))["status"] == "undecided"
    alike = found.model_copy(update={"filters": np.stack([filters[0]] * 2)})  # their error is not known
    assert claims.large(Changed(small, blocks={4: alike}))["status"] == "undecided"


@pytest.mark.parametrize(
    ("weights", "noise", "kept", "status", "even"),
    [
        ([0.25] * 4, 0.01, 1.0, "reproduced", 4),
        ([0.3, 0.3, 0.25, 0.15], 0.001, 1.0, "partly", 1),
        ([0.25] * 4, 0.01, 0.9, "not reproduced", 4),
        ([0.27, 0.25, 0.25, 0.25], 0.01, 1.0, "reproduced", 4),  # 4 errors of four seeds are 2.2 of a Gaussian
        ([0.25] * 4, 0.2, 1.0, "partly", 0),  # within the errors of 1/4, and of 0
    ],
)
def test_equal_weights_are_counted(
    small: Run, weights: list[float], noise: float, kept: float, status: str, even: int
) -> None:
    (K, found), *_ = small["filters"].items()
    filters = np.array(weights) + noise * np.random.default_rng(1).normal(size=(4, 4))
    shares = [kept * found.exact["best of the odd rules"]] * 4
    some = found.model_copy(update={"filters": filters, "kept": shares})
    said = claims.small(Changed(small, filters={K: some}))
    assert (said["status"], counts(said)) == (status, [(even, 4)])


def information(values: list[float], half: float = 2.0, error: float = 0.004) -> Curve:
    """Information by buffer 1, 2, 4, ..."""
    rows = [
        {"buffer": 2**n, **dict.fromkeys(("classifier", "infonce"), (value, error)), "why": ""}
        for n, value in enumerate(values)
    ]
    return Curve.model_validate({"K": 0.0, "half": half, "rows": rows, "exact": {}})


def test_a_power_of_the_buffer_is_found_as_one(small: Run) -> None:
    curve = information([0.5 * 2 ** (-0.09 * n) for n in range(4)])
    assert abs(readings.decay(curve, math.log).value - 0.09) < 1e-9
    assert claims.power(Changed(small, curve={1 / KC_SQUARE: curve}))["status"] == "reproduced"
    wide = information([0.5, 0.45, 0.4, 0.48], error=0.1)
    assert readings.decay(wide, math.log).error > claims.U / claims.SIGMAS
    assert claims.power(Changed(small, curve={1 / KC_SQUARE: wide}))["status"] == "undecided"
    few = information([0.5, 0.4])
    assert claims.power(Changed(small, curve={1 / KC_SQUARE: few}))["status"] == "undecided"


def test_phases_are_counted(small: Run) -> None:
    cold, critical, hot = ([math.log(2)] * 3, [0.5, 0.4, 0.3], [0.2, 0.1, 0.0])
    for some, status, count in (
        ((cold, critical, hot), "reproduced", 3),
        ((critical, critical, hot), "partly", 2),
        ((critical, cold, cold), "not reproduced", 0),
    ):
        temperatures = (2.0, 1 / KC_SQUARE, 3.0)
        curve = {T: information(values) for T, values in zip(temperatures, some, strict=True)}
        said = claims.curve(Changed(small, curve=curve))
        assert (said["status"], counts(said)) == (status, [(count, 3)])


def without(curve: Curve, n: int) -> Curve:
    """The curve with its bound at one buffer refused."""
    rows = [*curve.rows]
    rows[n] = rows[n].model_copy(update={"why": "refused"})
    return curve.model_copy(update={"rows": rows})


def test_what_is_refused_or_not_sharp_shows_no_phase(small: Run) -> None:
    cold, critical, hot = map(information, ([math.log(2)] * 3, [0.5, 0.4, 0.3], [0.2, 0.1, 0.0]))
    for some in (
        (without(cold, 1), critical, hot),
        (cold, without(critical, 0), hot),
        (cold, without(critical, -1), hot),
        (cold, critical, without(hot, -1)),
        (cold, critical, information([0.2, 0.1, 0.0], error=0.1)),
    ):
        curve = dict(zip((2.0, 1 / KC_SQUARE, 3.0), some, strict=True))
        said = claims.curve(Changed(small, curve=curve))
        assert (said["status"], counts(said)) == ("partly", [(2, 3)])
    dull = information([0.2, 0.2, 0.0], error=0.1)
    for hottest in (dull, critical):
        curve = dict(zip((2.0, 1 / KC_SQUARE, 3.0), (critical, dull, hottest), strict=True))
        assert claims.curve(Changed(small, curve=curve))["status"] == "undecided"


def test_a_refused_information_ends_the_points() -> None:
    curve = information([0.5, 0.4, 0.3])
    assert len(readings.points(curve)) == 3
    assert len(readings.points(without(curve, 1))) == 1


def test_every_temperature_trains_from_a_seed_of_its_own() -> None:
    settings = prepare(find("koch-janusz-ringel"), overrides=("trainings=2",)).settings
    found = [
        one.settings["seed"]
        for training in (1, 2)
        for name in ("filters", "curve")
        for one in plan(settings, 1, training)[name].values()
    ]
    assert len(set(found)) == len(found)


@pytest.mark.parametrize(
    "wrong",
    [
        "wrong",
        "filters.K=[0.408]",
        "curve.T=[2.0, 3.0]",
        "curve.buffers=[1, 2]",
        "blocks.buffer=9",
        "flow.distances=[0.1, 0.2, 0.3, 0.4]",
        "flow.steps=5",
        "flow.L=50",
        "blocks.sides=[]",
        "blocks.sides=[4, 4]",
        "chain.K=[]",
        "chain.K=[1e-9]",
        "chain.buffer=1e9",
        "flow.L=1e12",
        "curve.n_samples=1e12",
        "chain.points=1e9",
        "curve.T=[0.1, 2.269185314213022]",
        "flow.distances=[-0.5, -0.1, 0.1, 0.2]",
    ],
)
def test_settings_that_do_not_fit(wrong: str) -> None:
    with pytest.raises(SettingsError, match=wrong.partition("=")[0].rpartition(".")[2]):
        prepare(find("koch-janusz-ringel"), overrides=(wrong,))
