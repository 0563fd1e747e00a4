"""`sample`: the numbers against exact results with errors from the chains, the counts, the provenance, the refusals."""

from __future__ import annotations

import importlib
import json
import math
from typing import Any

import numba
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import oracles.chain
from blockspin import samples as schema
from blockspin.exact import enumeration, ising2d
from blockspin.lattice import Lattice
from blockspin.models import KC_SQUARE, Ising
from blockspin.sampling import sample
from blockspin.statistics import mean_over_chains


def z_of_energy(drawn: xr.DataArray, model: Ising, exact: float) -> float:
    return mean_over_chains(model.energy(drawn.values) / model.lattice.n_sites).z(exact)


@pytest.mark.parametrize("algorithm", ["swendsen-wang", "wolff", "multi-spin"])
@pytest.mark.parametrize("shape", [(16, 16), (12, 20)], ids=str)
@pytest.mark.parametrize("K", [0.35, KC_SQUARE, 0.5])
def test_energy_agrees_with_kaufman(shape: tuple[int, int], K: float, algorithm: str) -> None:
    model = Ising(Lattice.square(*shape), K)
    drawn = sample(model, 10_000, seed=1, algorithm=algorithm)
    # the error of e is 0.0005 to 0.001: 0.3 % in K would show at Kc (de/dK = C/K^2 = 7), 1 % elsewhere
    assert abs(z_of_energy(drawn, model, K * ising2d.energy_per_site(model.lattice, K))) < 4.5


@pytest.mark.parametrize("algorithm", ["swendsen-wang", "wolff", "heat-bath", "multi-spin"])
def test_magnetisation_at_the_critical_point_agrees_with_the_transfer_matrix(algorithm: str) -> None:
    drawn = sample(Ising(Lattice.square(8), KC_SQUARE), 20_000, seed=2, algorithm=algorithm)
    m = drawn.values.mean(axis=(2, 3))
    # errors of 0.002: half a per cent would show
    assert abs(mean_over_chains(np.abs(m)).z(0.7773310928)) < 4.5
    assert abs(mean_over_chains(m**2).z(0.6469115750)) < 4.5
    # the free flip makes the sign of every draw a fair coin, independent of the draw before
    sign = np.sign(m)
    assert abs(sign.mean()) < 5 / math.sqrt(sign.size)
    assert abs((sign[:, 1:] * sign[:, :-1]).mean()) < 5 / math.sqrt(sign.size)


@pytest.mark.parametrize(
    ("K", "h", "algorithm"),
    [(0.4, 0.1, "auto"), (0.3, -0.2, "heat-bath"), (-0.3, 0.4, "auto"), (0.3, 0.2, "multi-spin"), (0.0, 0.3, "auto")],
)
def test_a_field_agrees_with_enumeration(K: float, h: float, algorithm: str) -> None:
    model = Ising(Lattice.square(3, 4), K, h)
    drawn = sample(model, 20_000, seed=3, algorithm=algorithm)
    chance, states = enumeration.probabilities(model), enumeration.states(model.lattice)
    # errors of 0.003 in m and 0.005 in the energy a site
    assert abs(mean_over_chains(drawn.values.mean(axis=(2, 3))).z(float(chance @ states.mean(axis=1)))) < 4.5
    assert abs(z_of_energy(drawn, model, float(chance @ enumeration.energies(model)) / 12)) < 4.5


def test_energy_of_the_ring_agrees_with_the_transfer_matrix() -> None:
    model = Ising(Lattice.chain(30), 0.9)
    assert abs(z_of_energy(sample(model, 10_000, seed=4), model, oracles.chain.energy_per_site(model))) < 4.5


def test_errors_from_chains_are_honest_over_seeds() -> None:
    # 40 z-scores of spread 1, which is so known to 0.11
    model = Ising(Lattice.square(6), 0.42)
    exact = model.K * ising2d.energy_per_site(model.lattice, model.K)
    scores = [
        z_of_energy(sample(model, 2000, seed=seed, chains=40, algorithm="multi-spin"), model, exact)
        for seed in range(40)
    ]
    assert 0.6 < np.std(scores) < 1.5
    assert abs(np.mean(scores)) < 4.5 / math.sqrt(40)


@given(n=st.integers(1, 500), chains=st.integers(1, 150))
@settings(max_examples=100)
def test_the_number_of_configurations_is_n_or_a_little_more(n: int, chains: int) -> None:
    drawn = sample(Ising(Lattice.chain(3), 0.0), n, seed=1, chains=chains)
    total = drawn.sizes["chain"] * drawn.sizes["draw"]
    assert drawn.sizes["chain"] <= chains
    assert n <= total < n + drawn.sizes["draw"]
    if n % chains == 0:
        assert drawn.sizes["chain"] == chains


def test_provenance_tells_how_the_samples_were_made() -> None:
    model = Ising(Lattice.square(8, 6), 0.4)
    drawn = schema.check(sample(model, 2000, seed=7, algorithm="swendsen-wang"))
    told = schema.provenance(drawn)
    assert Ising.from_settings(told["model"]) == model
    assert (told["seed"], told["algorithm"]) == (7, "swendsen-wang")
    slowest = max(value for value, _ in told["tau"].values())
    assert told["spacing"] == math.ceil(2 * slowest)
    assert told["equilibration"] >= 20 * slowest
    assert set(told["tau"]) == {"energy", "abs_m"}
    for value, error in told["tau"].values():
        assert 0 < error <= 0.1 * value
    for name in ("energy", "abs_m"):
        assert 0.9 < told["r_hat"][name] < 1.1
        assert 1000 < told["ess"][name] <= 2000
    json.dumps(told, allow_nan=False)


@pytest.mark.parametrize("algorithm", ["multi-spin", "swendsen-wang"])
def test_samples_depend_on_the_arguments_alone(algorithm: str) -> None:
    model, results = Ising(Lattice.square(5, 4), 0.44), []
    before = numba.get_num_threads()
    try:
        for threads in (1, before):
            numba.set_num_threads(threads)
            results.append(sample(model, 120, seed=11, chains=12, algorithm=algorithm))
    finally:
        numba.set_num_threads(before)
    xr.testing.assert_identical(*results)
    assert not np.array_equal(results[0], sample(model, 120, seed=12, chains=12, algorithm=algorithm))


@pytest.mark.parametrize(
    ("K", "h"), [(40.0, 0.0), (1e6, 0.0), (40.0, 1e-3), (-40.0, 0.0), (1e-300, 0.0), (0.2, 1e6), (0.0, -1e6)]
)
def test_extremes_are_sampled(K: float, h: float) -> None:
    drawn = sample(Ising(Lattice.square(4, 6), K, h), 60, seed=1, chains=20)
    told = json.dumps(schema.provenance(drawn), allow_nan=False)
    assert "NaN" not in told
    if abs(K) >= 1:
        assert abs(Ising(Lattice.square(4, 6), 1.0).energy(drawn.values)).min() == 48


def test_chains_frozen_apart_are_refused_unless_asked_for() -> None:
    model = Ising(Lattice.chain(8), 8.0, 1e-9)  # the heat bath would need e^32 sweeps to turn over
    with pytest.raises(RuntimeError, match=r"Ising model.*8, K = 8"):
        _short(model)
    told = schema.provenance(_short(model, spacing=1, equilibration=10))
    assert told["tau"] is None
    assert (told["spacing"], told["equilibration"]) == (1, 10)


def _short(model: Ising, **given: int) -> xr.DataArray:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(importlib.import_module("blockspin.sampling.pilot"), "LONGEST_PILOT", 512)
        return sample(model, 40, seed=1, chains=10, algorithm="heat-bath", **given)


def test_progress_rises_to_one() -> None:
    seen: list[float] = []
    texts: list[str] = []

    def progress(fraction: float, text: str) -> None:
        seen.append(fraction)
        texts.append(text)

    for K, n in ((0.3, 100), (0.0, 100), (0.3, 5)):
        seen.clear()
        sample(Ising(Lattice.square(4), K), n, seed=1, chains=10, progress=progress)
        assert seen == sorted(seen)
        assert seen[-1] == 1
    assert "pilot run" in texts[0]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"n": 0}, "n must be an integer of at least 1; got 0"),
        ({"n": 2.5}, "n must be an integer of at least 1; got 2.5"),
        ({"seed": -1}, "seed must be an integer of at least 0; got -1"),
        ({"seed": None}, "seed must be an integer of at least 0; got None"),
        ({"chains": 0}, "chains must be an integer"),
        ({"spacing": 0}, "spacing must be an integer"),
        ({"equilibration": -1}, "equilibration must be an integer"),
        ({"algorithm": "metropolis"}, "auto, multi-spin, swendsen-wang, wolff, heat-bath; got 'metropolis'"),
        ({"algorithm": "wolff", "model": Ising(Lattice.square(4), 0.4, 0.1)}, "needs h = 0; got h = 0.1"),
        ({"algorithm": "wolff", "model": Ising(Lattice.square(3), -0.4)}, "even extents; got square 3x3"),
    ],
)
def test_bad_arguments_name_the_rule(given: dict[str, Any], message: str) -> None:
    arguments = {"model": Ising(Lattice.square(4), 0.4), "n": 10, "seed": 1} | given
    with pytest.raises(ValueError, match=message):
        sample(arguments.pop("model"), arguments.pop("n"), **arguments)


def test_another_model_is_refused() -> None:
    with pytest.raises(TypeError, match="got Lattice"):
        sample(Lattice.square(4), 10, seed=1)  # type: ignore[arg-type]
