"""The examples of CONTRIBUTING.md: each is written into a folder of its own, gets its row, and is run."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import blockspin as bs
from blockspin import coarse, experiments, judging, models
from blockspin.cli import app
from blockspin.exact import enumeration
from blockspin.experiments.run import prepare, run
from blockspin.models import KC_SQUARE

TEXT = (Path(__file__).parents[1] / "CONTRIBUTING.md").read_text()
FILES = dict(re.findall(r"^```\w+ file=(\S+)\n(.*?)^```$", TEXT, flags=re.DOTALL | re.MULTILINE))
LATTICE = bs.Lattice.square(8)


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """The module of an example, from a folder with all of them."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return import_module


def test_every_seam_has_an_example() -> None:
    assert {name.removesuffix(".py") for name in FILES if name.endswith(".py")} == {
        "lattice_gas",
        "diagonal",
        "alignment",
        "thermometer",
        "thermometer_page",
    }


def test_a_model(written: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    LatticeGas = written("lattice_gas").LatticeGas
    model = LatticeGas(bs.Lattice.square(3, 4), 1.2, -2.0)
    # the lattice gas is the Ising model with K / 4 and h = mu / 2 + z K / 4
    ising = bs.Ising(model.lattice, 0.3, -1.0 + 1.2)
    states = enumeration.states(model.lattice)
    gap = model.energy((states + 1) // 2) - ising.energy(states)
    assert np.ptp(gap) < 1e-12
    monkeypatch.setitem(models.MODELS, "lattice-gas", LatticeGas)
    line = "sample lattice-gas --shape 3x4 --set K=1.2 --set mu=-2 -n 4000 --out gas.nc"
    assert CliRunner().invoke(app, line.split()).exit_code == 0
    samples = bs.read_samples("gas.nc")
    energy = model.energy(samples.values).mean(axis=1)
    exact = enumeration.probabilities(model) @ enumeration.energies(model)
    # seed 1, error 0.03 of 7: a wrong bond (K instead of K / 2 a site) is off by 3
    assert abs(energy.mean() - exact) < 4 * energy.std(ddof=1) / np.sqrt(len(energy))
    again = "sample lattice_gas:LatticeGas --shape 3x4 --set K=1.2 --set mu=-2 -n 100 --out own.nc"
    assert CliRunner().invoke(app, again.split()).exit_code == 0


def test_a_map(written: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    Diagonal = written("diagonal").Diagonal
    X = np.random.default_rng(1).choice([-1, 1], (50, 64))
    pairs = X[:, LATTICE.blocks(2)[:, [0, 3]]].sum(axis=2)
    blocked = Diagonal(LATTICE, random_state=1).fit(X).transform(X)
    assert (blocked == np.sign(pairs))[pairs != 0].all()
    assert set(np.unique(blocked[pairs == 0])) == {-1, 1}
    monkeypatch.setitem(coarse.MAPS, "diagonal", "diagonal:Diagonal")
    bs.write_samples(bs.sample(bs.Ising(LATTICE, KC_SQUARE), 500, seed=1), "s.nc")
    shown = CliRunner().invoke(app, ["judge", "s.nc", "--map", "diagonal", "--critical", "s.nc"])
    assert shown.exit_code == 0, shown.output
    assert "\ndiagonal, layer 1" in shown.stdout


def test_a_criterion(written: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    alignment = written("alignment")
    monkeypatch.setitem(judging.CRITERIA, "alignment", alignment.ALIGNMENT)
    samples = bs.sample(bs.Ising(LATTICE, KC_SQUARE), 500, seed=1)
    card = bs.judge(bs.Decimation(LATTICE), samples, criteria=["alignment"])
    (row,) = card.rows
    kept = samples.values[..., ::2, ::2]
    agree = np.mean([(kept * np.roll(kept, 1, axis)).mean() for axis in (2, 3)])
    assert row.value == pytest.approx(agree)
    assert row.reference is not None


def test_an_experiment(written: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    experiment = written("thermometer").EXPERIMENT
    monkeypatch.setitem(experiments.EXPERIMENTS, "thermometer", "thermometer:EXPERIMENT")
    run(prepare(experiment, overrides=("L=8", "n=200", "K=[0.2, 0.3]"), seed=1), tmp_path / "run")
    (claim,) = json.loads((tmp_path / "run" / "claims.json").read_text())["claims"]
    assert (claim["id"], claim["status"]) == ("TH-1", "reproduced")
    assert (tmp_path / "run" / "report.html").read_text().count('class="plot"') == 1
