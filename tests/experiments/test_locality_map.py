"""The experiment on a tiny lattice, its rules and counts on made-up maps, its numbers against enumeration."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import xarray as xr

from blockspin.exact import enumeration
from blockspin.experiments import find
from blockspin.experiments.locality_map import claims
from blockspin.experiments.locality_map.numbers import lines, mean, mostly, uniform_divergence
from blockspin.experiments.locality_map.recipes import converted
from blockspin.experiments.locality_map.settings import Settings
from blockspin.experiments.locality_map.tasks import layers, plan
from blockspin.experiments.results import read_results
from blockspin.experiments.run import prepare, run
from blockspin.lattice import Lattice
from blockspin.models.ising import Ising
from blockspin.runs.settings import SettingsError
from blockspin.runs.task import ordered

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
    assert lines(mostly(found["a"]["local"]), "l1") == (2, 2)
    assert claims.turns(found) == {("a", "l1"): (2, 2), ("a", "K"): (1, 3)}
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
        keys.setdefault(point.seed, set()).add(task.parents[0].key)
    assert all(len(some) == 1 for some in keys.values())
    assert len(set.union(*keys.values())) == 3


def test_a_small_map_grows(tmp_path: Path) -> None:
    words = ("l1=0.001,0.05", "K=0.408,0.44", "seeds=2")
    planned = prepare(find("locality-map"), overrides=SMALL, sweep=words)
    assert len(ordered(planned.tasks)) == 8 + 6
    run(planned, tmp_path / "a")
    numbers = read_results(tmp_path / "a", "l1-K")
    assert dict(numbers.sizes) == {"l1": 2, "K": 2, "seed": 2}
    assert numbers["participation"].attrs["units"] == "sites"
    assert (numbers["block"] == 4).all()
    known = [uniform_divergence(8, K) for K in (0.408, 0.44)]
    np.testing.assert_allclose(numbers["kl_uniform"].isel(l1=0, seed=0), known)
    # measured 17 sites of 64 with the weak penalty, 5 with the strong one: half is seen in every seed
    assert (numbers["participation"].sel(l1=0.05) < 0.5 * numbers["participation"].sel(l1=0.001)).all()
    # one value more computes itself alone, and draws the other points as they were
    more = prepare(find("locality-map"), overrides=SMALL, sweep=("l1=0.001,0.05,0.2", "K=0.408,0.44", "seeds=2"))
    run(more, tmp_path / "a")
    events = [json.loads(line) for line in (tmp_path / "a" / "log.jsonl").read_text().splitlines()]
    assert sum(event["event"] == "start" for event in events) == 8 + 6 + 4
    xr.testing.assert_identical(
        read_results(tmp_path / "a", "l1-K").sel(l1=[0.001, 0.05]).drop_attrs(), numbers.drop_attrs()
    )
