"""The experiment on a tiny lattice, its rules and counts on made-up maps, its numbers against enumeration."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import xarray as xr

import blockspin as bs
from blockspin.exact import enumeration
from blockspin.experiments import find
from blockspin.experiments.locality_map import claims, tasks
from blockspin.experiments.locality_map.numbers import lines, mean, mostly, uniform_divergence
from blockspin.experiments.locality_map.recipes import converted
from blockspin.experiments.locality_map.settings import TOGETHER, Layer, Settings
from blockspin.experiments.locality_map.tasks import layers, plan
from blockspin.experiments.plan import forecast, unused
from blockspin.experiments.results import read_results
from blockspin.experiments.run import prepare, run
from blockspin.lattice import Lattice
from blockspin.models.ising import Ising
from blockspin.randomness import integer
from blockspin.runs.settings import SettingsError
from blockspin.runs.store import Store
from blockspin.runs.task import Result, ordered

SMALL = (
    "layer.L=8", "layer.units=16", "layer.updates=600", "layer.learning_rate=0.03", "layer.n_samples=2000",
    "pool=2000", "held_out=500", "n_critical=200", "chains=20",
)  # fmt: skip


@pytest.mark.parametrize(("L", "K"), [(4, 0.408), (4, 0.2), (3, 0.6)])
def test_the_divergence_of_independent_spins_is_that_of_enumeration(L: int, K: float) -> None:
    p = enumeration.probabilities(Ising(Lattice.square(L), K))
    known = float((p * (np.log(p) + L**2 * math.log(2))).sum()) / L**2
    # mutants that this sees: the energy's sign, a bond counted twice, entropy for divergence
    assert uniform_divergence(L, K) == pytest.approx(known, rel=1e-9)


def test_converted_recipes_shrink_and_learn_at_the_same_pace() -> None:
    # one update of 0/1 weights in spin units: dW/4 = (rate/16) (dL/dW_spin), shrinkage rate l1 / (1 - momentum) / 4
    spin = converted(2e-4, 0.1, 0.1, momentum=0.5)
    assert spin["learning_rate"] == 0.1 / 16
    assert spin["init_scale"] == 0.1 / 4
    assert spin["learning_rate"] * spin["l1"] == pytest.approx(0.1 * 2e-4 / 0.5 / 4)


def made_up(local: list[list[int]], passes: list[list[int]] | None = None, kl: float = 0.01) -> xr.Dataset:
    """A plane of l1 (down) by K (across), three seeds alike."""
    status = np.repeat(np.array(local, float)[..., None], 3, axis=2)
    spectrum = status if passes is None else np.repeat(np.array(passes, float)[..., None], 3, axis=2)
    dims = ("l1", "K", "seed")
    shape = status.shape
    values = {
        "local": status,
        "renormalizes": spectrum,
        "participation": np.where(status == 1, 5.0, 80.0) + np.arange(3) / 10,
        "kl": np.full(shape, kl),
        "kl_uniform": np.full(shape, 0.3),
    }
    coordinates = {"l1": [0.001, 0.01, 0.1][: shape[0]], "K": [0.36, 0.408][: shape[1]], "seed": [1, 2, 3]}
    return xr.Dataset({name: (dims, array) for name, array in values.items()}, coordinates)


def answer(claim: Any, **data: xr.Dataset) -> tuple[str, list[tuple[int, int]]]:
    """A claim's status, and every "n of m" of its sentence."""
    entry = claim(SimpleNamespace(data=data, settings=Settings()))
    return entry["status"], [(int(n), int(m)) for n, m in re.findall(r"(\d+) of (\d+)", entry["why"])]


def test_a_parameter_decides_where_most_of_its_lines_turn() -> None:
    found = {"a": made_up([[0, 0], [1, 0], [1, 1]])}
    assert lines(found["a"]["local"], "l1") == (2, 0, 2)
    assert claims.turns(found) == {("a", "l1"): (2, 0, 2), ("a", "K"): (1, 0, 3)}
    assert [int(one.sum()) for one in claims.points(found)] == [3, 3, 6]


def test_most_seeds_must_agree_and_means_need_all() -> None:
    values = xr.DataArray([[1, 1, 0], [1, 0, np.nan], [1, 1, np.nan]], dims=("x", "seed"))
    assert list(mostly(values).values) == [True, False, True]
    value, error = mean(values)
    assert value[0] == pytest.approx(2 / 3)
    assert error[0] == pytest.approx(np.std([1, 1, 0], ddof=1) / math.sqrt(3))
    assert np.isnan(value[1])


NEVER = [[0, 0], [0, 0], [0, 0]]
ABOVE = [[0, 0], [1, 1], [1, 1]]
ALWAYS = [[1, 1], [1, 1], [1, 1]]


@pytest.mark.parametrize(
    ("found", "statuses"),
    [
        (made_up(ABOVE), ["reproduced", "reproduced", "not reproduced"]),
        (made_up(ALWAYS), ["not reproduced", "reproduced", "reproduced"]),
        (made_up(ABOVE, NEVER), ["reproduced", "partly", "not reproduced"]),
        (made_up(ABOVE, NEVER, kl=0.2), ["reproduced", "not reproduced", "not reproduced"]),
        (made_up(NEVER), ["not reproduced", "not tested", "not reproduced"]),
    ],
)
def test_claims_follow_their_rules(found: xr.Dataset, statuses: list[str]) -> None:
    assert [answer(claim, a=found)[0] for claim in claims.CLAIMS] == statuses


def test_what_the_judge_cannot_tell_is_not_denied() -> None:
    open_ = math.nan
    turning = made_up([[open_, open_], [1, 1], [1, 1]])
    assert lines(turning["local"], "l1") == (0, 2, 2)
    assert [answer(claim, a=turning)[0] for claim in claims.CLAIMS] == ["undecided", "reproduced", "undecided"]
    assert answer(claims.local_renormalizes, a=made_up(ABOVE, [[open_] * 2] * 3, kl=0.2))[0] == "undecided"
    assert answer(claims.local_renormalizes, a=made_up(ABOVE, NEVER, kl=open_))[0] == "undecided"


def test_sentences_count_what_there_is() -> None:
    a, b = made_up(ABOVE), made_up(NEVER)
    assert answer(claims.penalty_decides, a=a) == ("reproduced", [(1, 1), (2, 2)])
    assert answer(claims.penalty_decides, a=a, b=b) == ("partly", [(1, 2), (2, 4)])
    assert answer(claims.penalty_decides, a=a.isel(l1=0)) == ("not tested", [])
    assert answer(claims.local_renormalizes, a=a) == ("reproduced", [(4, 4), (4, 4)])
    assert answer(claims.local_renormalizes, a=made_up(ABOVE, [[0, 0], [0, 0], [0, 1]])) == ("partly", [(1, 4), (4, 4)])
    assert answer(claims.local_renormalizes, a=made_up(ABOVE, kl=0.2)) == ("partly", [(4, 4), (0, 4)])
    one = a.copy(deep=True)
    one["local"][0, 1, 2] = 1.0  # of one seed, at the paper's values
    assert answer(claims.paper_is_local, a=a) == ("not reproduced", [(0, 3)])
    assert answer(claims.paper_is_local, a=one) == ("not reproduced", [(1, 3)])
    assert answer(claims.paper_is_local, a=a.rename(K="learning_rate")) == ("not tested", [])


def test_a_map_must_vary_the_layer_within_the_pool() -> None:
    with pytest.raises(SettingsError, match="l2"):
        prepare(find("locality-map"), sweep=("l2=0.1,0.2",))
    with pytest.raises(SettingsError, match="held_out"):
        prepare(find("locality-map"), overrides=("held_out=600",))
    with pytest.raises(SettingsError, match="n_samples"):
        prepare(find("locality-map"), sweep=("n_samples=2000,20000",))
    with pytest.raises(SettingsError, match="K=a") as told:
        prepare(find("locality-map"), sweep=("K=a,b",))
    assert "pydantic" not in str(told.value)


def test_seeds_have_their_own_samples_and_points_share_them() -> None:
    settings = Settings.model_validate(find("locality-map").presets["quick"])
    planes = plan(settings, 1)["planes"]
    samples = {task.key for task in ordered(find("locality-map").tasks(settings, 1)) if task.kind == "sample"}
    assert len(samples) == 3 * (4 + 1)  # couplings and the critical one, a seed each
    assert {len(tasks) for tasks in planes.values()} == {60, 36}
    keys: dict[int, set[str]] = {}
    for (point, _), task in zip(layers(settings, "rate-scale", 1), planes["rate-scale"], strict=True):
        keys.setdefault(point.seed, set()).add(task.parents[1].key)
    assert all(len(some) == 1 for some in keys.values())
    assert len(set.union(*keys.values())) == 3


def some_layers(**axes: tuple[float, ...]) -> list[Layer]:
    """Layers of one program on a small lattice, at every combination."""
    small = {"L": 4, "units": 4, "n_samples": 120, "batch_size": 20, "updates": 60}
    return [Layer(**small, **dict(zip(axes, values, strict=True))) for values in product(*axes.values())]


def pools(*couplings: float) -> dict[float, Any]:
    """Samples by coupling, 20 of 160 to hold out."""
    return {K: bs.sample(Ising(Lattice.square(4), K), 160, seed=round(100 * K), chains=16) for K in couplings}


def rows(pool: Any, seed: int) -> np.ndarray:
    return bs.to_matrix(bs.split(pool, 1 - 20 / 160, seed=seed)[0])[np.linspace(0, 139, 120).round().astype(int)]


def alone(layer: Layer, X: np.ndarray, seed: int) -> bs.RBM:
    """The layer as the page describes it: spins without biases, as many epochs as give its updates."""
    recipe = layer.model_dump(include={"learning_rate", "l1", "init_scale", "momentum", "batch_size", "k"})
    state = integer(seed, "train")
    return bs.RBM(layer.units, units="spin", biases=False, n_iter=10, random_state=state, **recipe).fit(X)


def test_every_layer_of_a_training_has_its_own_numbers() -> None:
    # 60 updates, of which rounding turns no draw over; the nearest two of the layers differ by 1e-2. Mutants seen:
    # members reversed, rows of one coupling for all, one seed's state for another
    some = some_layers(K=(0.3, 0.44), l1=(0.0, 0.02), learning_rate=(0.02, 0.1))
    own = pools(0.3, 0.44)
    trained = tasks.train.plain(own, some, 20, 7, progress=lambda *_: None)
    for layer in some:
        machine = trained.machine(layer, 7)
        known = alone(layer, rows(own[layer.K], 7), 7)
        np.testing.assert_allclose(machine.components_, known.components_, atol=1e-5)
        assert (machine.seed_, machine.n_iter, machine.l1) == (known.seed_, known.n_iter, layer.l1)
    W = trained.weights.reshape(len(some), -1)
    apart = np.abs(W[:, None] - W).max(axis=2) + np.eye(len(some))
    assert apart.min() > 1e-3


@pytest.mark.slow
def test_over_seeds_layers_together_are_as_layers_alone() -> None:
    # seeds 1 to 40 together with two others each, 41 to 80 alone on the same samples, so that no draw is common. The
    # mean norm of the weights agrees within 4 errors of the difference: 2 %
    some, own = some_layers(K=(0.44,), l1=(0.0, 0.01, 0.03)), pools(0.44)
    X = rows(own[0.44], 1)

    def norm(W: np.ndarray) -> float:
        return float(np.sqrt((W**2).sum()))

    together, single = [], []
    for seed in range(1, 41):
        machines = [bs.RBM(4, **tasks._recipe(layer, seed)) for layer in some]
        together.append(norm(bs.RBM.fit_many(machines, X)[1].components_))
        single.append(norm(alone(some[1], X, seed + 40).components_))
    error = math.sqrt((np.var(together, ddof=1) + np.var(single, ddof=1)) / 40)
    print("error", error / np.mean(single))
    assert abs(np.mean(together) - np.mean(single)) < 4 * error


def test_whom_a_layer_is_trained_with_is_in_the_key_of_its_numbers() -> None:
    def planned(l1: tuple[float, ...]) -> dict[float, Any]:
        words = {"planes": {"l1": {"seeds": 1, "grid": {"l1": l1}}}}
        settings = Settings.model_validate(words)
        found = zip(layers(settings, "l1", 1), plan(settings, 1)["planes"]["l1"], strict=True)
        return {layer.l1: task for (_, layer), task in found}

    few, more = planned((0.001, 0.01)), planned((0.001, 0.01, 0.1))
    for l1, task in few.items():
        assert task.key != more[l1].key
        assert task.parents[0].key != more[l1].parents[0].key
        assert task.parents[1:] == more[l1].parents[1:]  # the samples
    assert few == planned((0.01, 0.001)) == planned((0.001, 0.01))  # the order of the points is not


@pytest.mark.parametrize("preset", ["quick", "full"])
def test_layers_that_share_a_program_and_a_seed_are_trained_together(preset: str) -> None:
    settings = Settings.model_validate(find("locality-map").presets[preset])
    planes = plan(settings, 1)["planes"]
    trainings = {task.parents[0] for some in planes.values() for task in some}
    wanted = set()
    for name, some in planes.items():
        for (point, layer), task in zip(layers(settings, name, 1), some, strict=True):
            training = task.parents[0].settings
            wanted.add((point.seed, layer))
            assert training["seed"] == point.seed == task.settings["seed"]
            assert layer.model_dump(mode="json") in training["layers"]
    assert sum(len(task.settings["layers"]) for task in trainings) == len(wanted)  # each once
    for task in trainings:
        assert len({(one["n_samples"], one["updates"]) for one in task.settings["layers"]}) == 1
        assert len(task.settings["layers"]) < 2 * TOGETHER
    # 32 and 116 layers of a seed read 8,000 samples: four and fourteen trainings; the other numbers of samples one each
    assert len(trainings) == {"quick": 3 * (4 + 3), "full": 3 * (14 + 6)}[preset]


def test_a_small_map_grows(tmp_path: Path) -> None:
    words = ("l1=0.001,0.05", "K=0.408,0.44", "seeds=2")
    planned = prepare(find("locality-map"), overrides=SMALL, sweep=words)
    assert len(ordered(planned.tasks)) == 8 + 2 + 6
    run(planned, tmp_path / "a")
    numbers = read_results(tmp_path / "a", "l1-K")
    assert dict(numbers.sizes) == {"l1": 2, "K": 2, "seed": 2}
    assert numbers["participation"].attrs["units"] == "sites"
    assert (numbers["block"] == 4).all()
    known = [uniform_divergence(8, K) for K in (0.408, 0.44)]
    np.testing.assert_allclose(numbers["kl_uniform"].isel(l1=0, seed=0), known)
    # measured 17 sites of 64 with the weak penalty, 5 with the strong one: half is seen in every seed
    assert (numbers["participation"].sel(l1=0.05) < 0.5 * numbers["participation"].sel(l1=0.001)).all()
    # one value more trains all anew, since layers are trained together; the folder says so, and samples stay
    more = prepare(find("locality-map"), overrides=SMALL, sweep=("l1=0.001,0.05,0.2", "K=0.408,0.44", "seeds=2"))
    assert [line.partition(": ")[2] for line in unused(more, tmp_path / "a")] == [
        "2 stored results of train serve other settings; 2 are computed anew",
        "8 stored results of layer serve other settings; 12 are computed anew",
    ]
    run(more, tmp_path / "a")
    events = [json.loads(line) for line in (tmp_path / "a" / "log.jsonl").read_text().splitlines()]
    assert sum(event["event"] == "start" for event in events) == 8 + 2 + 6 + 12 + 2
    grown = read_results(tmp_path / "a", "l1-K").sel(l1=[0.001, 0.05])
    for name in ("kl_uniform", "y_t_majority"):
        xr.testing.assert_identical(grown[name].drop_attrs(), numbers[name].drop_attrs())


def test_a_folder_of_an_older_version_says_first_what_is_computed_anew(tmp_path: Path) -> None:
    planned = prepare(find("locality-map"), overrides=SMALL, sweep=("l1=0.001,0.05", "seeds=2"))
    store = Store(tmp_path)
    assert list(unused(planned, tmp_path)) == []
    for task in planned.tasks:
        store.save(replace(task, version=2), Result())  # as it was before layers were trained together
    assert [line.partition(": ")[2] for line in unused(planned, tmp_path)] == [
        "4 stored results of layer are of another version; 4 are computed anew"
    ]
    assert next(line for line in forecast(planned, tmp_path) if "another version" in line)
    next((tmp_path / "tasks").glob("*.npz")).write_bytes(b"")  # a damaged file tells nothing
    assert "3 stored results of layer" in next(unused(planned, tmp_path))
