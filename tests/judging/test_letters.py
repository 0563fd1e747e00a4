"""The judge on letters other than spins: the spin-1 model, data of 0/1, and what is refused.

Mutants tried: exponents measured across alphabets; critical samples of spin 1 held to Ising's coupling.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

import blockspin as bs
from blockspin.cli import app
from blockspin.judging import Outcome
from blockspin.judging.measurement import State
from blockspin.judging.verdict import Verdict

L = bs.Lattice.square(16)
DEFINED = {"plurality": State.FORCED, "decimation": State.FORCED, "majority": State.UNDEFINED}


@pytest.fixture(scope="module")
def spin_1() -> dict[str, xr.DataArray]:
    """Samples off and at the critical point of D = 0."""
    at = bs.sample(bs.BlumeCapel(L, K=0.590473, D=0.0), 2000, seed=2)
    return {"samples": bs.sample(bs.BlumeCapel(L, K=0.52, D=0.0), 500, seed=1), "critical": at}


@pytest.mark.parametrize(
    "rule",
    [bs.Majority(L, 2, random_state=1), bs.rules.Plurality(L, 2, random_state=1), bs.Decimation(L, 2)],
    ids=lambda rule: type(rule).__name__.lower(),
)
def test_a_rule_on_spin_1_coarse_grains_at_most(rule: Any, spin_1: dict[str, xr.DataArray]) -> None:
    name = type(rule).__name__.lower()
    card = bs.judge(rule, **spin_1, name=name)
    assert card.verdict in (Verdict.COARSE_GRAINS, Verdict.CANNOT_TELL, Verdict.DOES_NOT)
    assert card.verdict is not Verdict.RENORMALIZES
    for quantity in ("y_t", "y_h"):
        row = card.row("spectrum", quantity)
        assert row.state is DEFINED[name]
        assert row.code == ("other letters" if row.state is State.UNDEFINED else "forced")
        assert row.outcome is Outcome.CANNOT_TELL
    for criterion in ("flow", "range"):
        first = next(row for row in card.rows if row.criterion == criterion)
        assert (first.code == "other letters") == (name == "majority")
    assert {row.code for row in card.rows if row.criterion == "information"} == {"not spins"}
    if name == "decimation":
        return
    assert card.passes("locality")
    assert card.passes("tiling")
    assert card.row("locality", "participation ratio").value == 4


def test_training_and_critical_samples_have_the_same_letters(spin_1: dict[str, xr.DataArray]) -> None:
    spins = bs.sample(bs.Ising(L, 0.4), 200, seed=1)
    for other in ("critical", "train"):
        with pytest.raises(ValueError, match=f"{other} samples must hold"):
            bs.judge(bs.Majority(L, 2), spin_1["samples"], **{other: spins})


def test_data_of_0_and_1_are_read_as_spins_and_the_first_line_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    bits = np.random.default_rng(1).integers(0, 2, (40, 5, 8, 8))
    small = bs.Lattice.square(8)
    card = bs.judge(bs.Majority(small, 2, random_state=1), bs.read_samples(bits), criteria=["locality"])
    assert card.notes[0].code == "read as spins"
    np.save("bits.npy", bits)
    outcome = CliRunner().invoke(app, ["judge", "bits.npy", "--map", "majority", "--shape", "8x8"])
    assert outcome.exit_code == 0, outcome.output
    assert outcome.stdout.splitlines()[0].startswith("bits.npy: 200 configurations of square 8 x 8, 40 chains; 0/1")
    np.save("states.npy", bits + (bits == 1) * np.random.default_rng(2).integers(0, 2, bits.shape))
    for alphabet, data, said in (
        ("0,1", "bits", "as_spins"),
        ("labels:3", "states", "labels"),
        ("", "states", "alphabet"),
    ):
        words = ["--alphabet", alphabet] if alphabet else []
        refused = CliRunner().invoke(app, ["judge", f"{data}.npy", "--map", "plurality", "--shape", "8x8", *words])
        assert refused.exit_code == 2
        assert said in refused.stderr
    np.save("spin1.npy", bits - 1 + np.random.default_rng(2).integers(0, 2, bits.shape))
    words = ["judge", "spin1.npy", "--map", "plurality", "--shape", "8x8", "--alphabet", "-1,0,1"]
    assert CliRunner().invoke(app, words).exit_code == 0
