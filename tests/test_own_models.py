"""Models of one's own, written into a package: a clock model (labels) and a lattice gas (numbers 0, 1).

Each is sampled, enumerated, saved and read, drawn by the command, and its couplings are found or refused with a reason.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

import blockspin as bs
from blockspin import samples as schema
from blockspin.alphabet import Alphabet, labels
from blockspin.cli import app
from blockspin.exact import enumeration
from blockspin.rg.blocking import block
from blockspin.statistics import mean_over_chains

PACKAGE = "models_of_my_own"
SOURCE = '''
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

import blockspin as bs
from blockspin.alphabet import Alphabet


@dataclass(frozen=True)
class Clock(bs.PairModel):
    """H = -K sum_<ij> cos(2 pi (s_i - s_j)/4), s = 0, 1, 2, 3."""

    name: ClassVar = "clock"
    alphabet: ClassVar = Alphabet((0, 1, 2, 3), labels=True)
    lattice: bs.Lattice
    K: float

    def bond(self, a: Any, b: Any) -> Any:
        return -self.K * np.cos(np.pi / 2 * (a - b))


@dataclass(frozen=True)
class Gas(bs.PairModel):
    """H = -K sum_<ij> s_i s_j - mu sum_i s_i, s = 0, 1."""

    name: ClassVar = "gas"
    alphabet: ClassVar = (0, 1)
    lattice: bs.Lattice
    K: float
    mu: float = 0.0

    def bond(self, a: Any, b: Any) -> Any:
        return -self.K * a * b

    def site(self, a: Any) -> Any:
        return -self.mu * a
'''
SETTINGS = {"Clock": {"K": 0.7}, "Gas": {"K": 1.2, "mu": -2.0}}
ALPHABETS = {"Clock": labels(4), "Gas": Alphabet((0, 1))}


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    (tmp_path / PACKAGE).mkdir()
    (tmp_path / PACKAGE / "__init__.py").touch()
    (tmp_path / PACKAGE / "tables.py").write_text(SOURCE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    yield import_module(f"{PACKAGE}.tables")
    for name in [name for name in sys.modules if name.startswith(PACKAGE)]:
        del sys.modules[name]


@pytest.mark.parametrize("name", SETTINGS)
def test_a_model_is_enumerated_sampled_saved_and_drawn_by_the_command(name: str, models: Any) -> None:
    small = getattr(models, name)(bs.Lattice.square(3, 2), **SETTINGS[name])
    chance, states = enumeration.probabilities(small), enumeration.states(small.lattice, small.letters)
    drawn = bs.sample(small, 4000, seed=1)
    assert schema.alphabet_of(drawn) == ALPHABETS[name]
    energy = small.energy(drawn.values)
    assert abs(mean_over_chains(energy).z(float(chance @ small.energy(states)))) < 4
    for letter in small.letters.letters:
        known = chance @ (states == letter).mean(axis=1)
        assert abs(mean_over_chains((drawn.values == letter).mean(axis=(2, 3))).z(float(known))) < 4
    bs.write_samples(drawn, "s.nc")
    xr.testing.assert_identical(bs.read_samples("s.nc"), drawn)
    words = [word for key, value in SETTINGS[name].items() for word in ("--set", f"{key}={value}")]
    outcome = CliRunner().invoke(
        app,
        ["sample", f"{PACKAGE}.tables:{name}", "--shape", "3x2", "-n", "4000", "--seed", "1", *words, "--out", "c.nc"],
    )
    assert outcome.exit_code == 0, outcome.output
    xr.testing.assert_identical(bs.read_samples("c.nc"), drawn)


def test_the_gas_gives_its_couplings_back(models: Any) -> None:
    drawn = bs.sample(models.Gas(bs.Lattice.square(12), K=1.2, mu=-2.0), 4000, seed=1)
    found = bs.rg.couplings(drawn, ["nn", "magnetisation", "nnn"])
    for operator, value in (("nn", 1.2), ("magnetisation", -2.0), ("nnn", 0.0)):
        assert abs(found[operator].z(value)) < 4.5
        assert found[operator].error < 0.03
    both = bs.rg.couplings(drawn)  # without a mirror even and odd ones are one sector
    assert abs(both["nn"].z(1.2)) < 4.5
    assert "magnetisation" in both.operators


def test_the_gas_is_judged_as_spins_only(models: Any) -> None:
    lattice = bs.Lattice.square(8)
    drawn = bs.sample(models.Gas(lattice, K=1.2, mu=-2.4), 400, seed=1, chains=20)
    for rule in (bs.Majority(lattice, 2, random_state=1), bs.rules.Plurality(lattice, 2, random_state=1)):
        with pytest.raises(ValueError, match="as_spins"):
            bs.judge(rule, drawn)
    # mu = -2 K is up and down alike: the gas is the Ising model of K/4
    spins = schema.as_spins(drawn)
    card = bs.judge(bs.Majority(lattice, 2, random_state=1), spins, criteria=["locality"])
    assert card.rows
    found = bs.rg.couplings(spins, ["nn", "magnetisation"])
    assert abs(found["nn"].z(0.3)) < 4.5
    assert abs(found["magnetisation"].z(0)) < 4.5


def test_the_labels_of_a_clock_are_told_apart(models: Any) -> None:
    lattice = bs.Lattice.square(8)
    drawn = bs.sample(models.Clock(lattice, K=0.7), 200, seed=1)
    assert schema.provenance(drawn)["letters_alike"] is False
    plurality = bs.rules.Plurality(lattice, 2, random_state=1)
    for measure in (
        lambda: bs.rg.couplings(drawn),
        lambda: bs.rg.couplings(block(drawn, plurality, 1)[1]),
        lambda: bs.rg.exponents(drawn, plurality, 1),
        lambda: bs.rg.flow(drawn, plurality, 1),
    ):
        with pytest.raises(ValueError, match="differ by more"):
            measure()
    assert schema.alphabet_of(bs.read_samples(_written(drawn))) == labels(4)
    with pytest.raises(ValueError, match="labels"):
        bs.judge(plurality, drawn)


def _written(drawn: xr.DataArray) -> Path:
    bs.write_samples(drawn, "clock.nc")
    assert schema.provenance(bs.read_samples("clock.nc"))["letters_alike"] is False
    return Path("clock.nc")


def test_a_file_of_letters_takes_few_bits(models: Any) -> None:
    for name, bits in (("Clock", 2), ("Gas", 1)):
        values = np.random.default_rng(1).choice(ALPHABETS[name].values, (10, 100, 32, 32))
        bs.write_samples(schema.make(values, bs.Lattice.square(32), alphabet=ALPHABETS[name]), "s.nc")
        assert Path("s.nc").stat().st_size < bits * values.size / 8 + 20_000
