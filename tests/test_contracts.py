"""What every row of a table must keep: models, maps, criteria, experiments. A row without an example here fails."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from sklearn.base import clone
from typer.testing import CliRunner

from blockspin.cli import app
from blockspin.coarse import MAPS, rule
from blockspin.coarse.blocks import Majority
from blockspin.exact import enumeration
from blockspin.experiments import EXPERIMENTS, find
from blockspin.judging import CRITERIA, Evidence, Measured, Outcome, Subject
from blockspin.judging.measurement import State
from blockspin.judging.verdict import decide
from blockspin.lattice import Lattice
from blockspin.models import MODELS, PairModel, known
from blockspin.own_data.read import read_samples
from blockspin.samples import to_matrix
from blockspin.sampling import sample

DOCS = Path(__file__).parents[1] / "docs"
# a model's lattices, small enough to visit every state, and its couplings
EXAMPLES: dict[str, tuple[tuple[Lattice, ...], dict[str, Any]]] = {
    "ising": ((Lattice.square(2, 4), Lattice.chain(8)), {"K": 0.4, "h": 0.1}),
    "potts": ((Lattice.square(2, 4), Lattice.chain(8)), {"K": 0.6, "q": 3, "h": -0.2}),
    "blume-capel": ((Lattice.triangular(3), Lattice.cubic(2)), {"K": (0.3, 0.1), "D": 0.2}),
    "dimers": ((Lattice.square(2),), {"T": 1.5, "noise": 0.3}),
}
CASES = [(name, lattice) for name in MODELS for lattice in EXAMPLES[name][0]]
# lattices that a rule takes, and block sides
BLOCKS: dict[str, tuple[Any, tuple[int, ...]]] = {
    **dict.fromkeys(
        ("majority", "decimation", "plurality", "threshold", "weighted-majority", "kernel"), (Lattice.square, (2, 3))
    ),
    "triangular-majority": (Lattice.triangular, (3,)),
}


@pytest.mark.parametrize(("name", "lattice"), CASES, ids=str)
def test_a_model_has_an_energy_settings_and_a_sampler(name: str, lattice: Lattice, tmp_path: Path) -> None:
    model: Any = MODELS[name](lattice, **EXAMPLES[name][1])
    states = enumeration.states(model.lattice, model.letters)
    energy = model.energy(states)
    assert energy.shape == (len(states),)
    np.testing.assert_array_equal(energy, model.energy(states.reshape(-1, *model.lattice.shape)))
    stored = json.loads(json.dumps(model.settings(), allow_nan=False))
    assert MODELS[name].from_settings(stored) == model
    assert stored["model"] == name
    assert known(stored) == model
    if isinstance(model, PairModel):
        np.testing.assert_allclose(energy[::97], [loop(model, one) for one in states[::97]], atol=1e-9)
        for image in model.group:
            np.testing.assert_allclose(model.energy(model.letters.values[image[model.letters.numbers(states)]]), energy)
    # forbidden states have H = infinity, and no chance
    allowed = energy < np.inf
    chance = enumeration.probabilities(model)
    assert chance[allowed].sum() == pytest.approx(1, rel=1e-12)
    # 4000 draws know <H> to 1/60 of its spread: sees an error of 8 % of it at 5 sigma
    drawn = sample(model, 4000, seed=1)
    exact = chance[allowed] @ energy[allowed]
    observed = model.energy(drawn.values).mean(axis=1)
    assert abs(observed.mean() - exact) < 5 * observed.std(ddof=1) / np.sqrt(len(observed))
    # the command draws the same
    settings = [f"{key}={str(value).strip('()')}" for key, value in EXAMPLES[name][1].items()]
    words = ["--shape", "x".join(map(str, lattice.shape)), "--lattice", lattice.kind, "-n", "4000", "--seed", "1"]
    words += [word for one in settings for word in ("--set", one)]
    outcome = CliRunner().invoke(app, ["sample", name, *words, "--out", str(tmp_path / "s.nc")])
    assert outcome.exit_code == 0, outcome.output
    xr.testing.assert_identical(read_samples(tmp_path / "s.nc"), drawn)


def loop(model: PairModel, configuration: np.ndarray) -> float:
    """The energy as its definition says, bond by bond."""
    lattice, K = model.lattice, model.K if isinstance(model.K, tuple) else (model.K,)
    total = sum(float(model.site(int(a))) for a in configuration)
    sites = [tuple(map(int, place)) for place in lattice.coordinates]
    value = dict(zip(sites, map(int, configuration), strict=True))
    for n, one in enumerate(K, start=1):
        coupled = replace(model, K=one)
        for place in sites:
            for step in lattice.shell(n):
                other = tuple((x + d) % L for x, d, L in zip(place, step, lattice.shape, strict=True))
                total += float(coupled.bond(value[place], value[other]))
    return total


@pytest.mark.parametrize("name", MAPS)
def test_a_map_blocks_spins_to_spins_and_can_be_judged(name: str) -> None:
    kind, sides = BLOCKS[name]
    for b in sides:
        lattice = kind(4 * b)
        samples = sample(MODELS["ising"](lattice, 0.3), 100, seed=2, chains=10)
        X = to_matrix(samples)
        built = clone(rule(name)(lattice, b)).fit(X)
        blocks = built.transform(X)
        assert blocks.shape == (len(X), lattice.coarse(b).n_sites)
        assert set(np.unique(blocks)) == {-1, 1}
        subject = Subject(built, Evidence(samples), name=name)
        assert subject.fields.shape == (blocks.shape[1], lattice.n_sites)
        assert all(row.defined for row in CRITERIA["locality"].measure("locality", subject))
    with pytest.raises(ValueError, match="must divide every extent"):
        rule(name)(kind(8), 5).fit(X)


def test_every_criterion_is_documented_and_leads_with_a_quantity_of_its_own() -> None:
    rules = (DOCS / "judge.md").read_text()
    for name, criterion in CRITERIA.items():
        assert f"| {name} |" in rules, f"docs/judge.md has no row for {name}"
        quantities = [quantity.name for quantity in criterion.quantities]
        assert set(criterion.headline) <= set(quantities)
        assert len(set(quantities)) == len(quantities)
        assert criterion.question


@pytest.mark.parametrize("name", CRITERIA)
def test_a_criterion_gives_numbers_or_reasons(name: str) -> None:
    lattice = Lattice.square(8)
    samples = sample(MODELS["ising"](lattice, 0.4), 400, seed=3, chains=20)
    rule = Majority(lattice, 2, random_state=1).fit(to_matrix(samples))
    for evidence in (Evidence(samples), Evidence(samples, critical=samples)):
        rows = CRITERIA[name].measure(name, Subject(rule, evidence, name="majority"))
        assert rows or name == "generalization"  # of which a block rule, that learns nothing, has none
        for row in rows:
            assert row.criterion == name
            assert np.isfinite(row.value) == (row.state in (State.MEASURED, State.FORCED))
            assert row.defined or (row.code and row.why)
            made = decide(row, [], None)
            assert made.outcome is Outcome.CANNOT_TELL  # beside no reference
            assert row.defined or (made.code, made.why) == (row.code, row.why)
        measured = Measured("majority", 1, 2.0, tuple(rows))
        stored = json.loads(json.dumps(measured.to_dict(), allow_nan=False))
        assert Measured.from_dict(stored).to_dict() == measured.to_dict()


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_experiment_has_presets_that_make_tasks(name: str) -> None:
    experiment = find(name)
    assert experiment.name == name
    assert experiment.summary
    for values in experiment.presets.values():
        settings = experiment.Settings.model_validate(values)
        assert experiment.tasks(settings, 1)
