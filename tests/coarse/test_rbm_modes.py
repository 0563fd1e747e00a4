"""Every mode of training: gradients against sums over states, resuming, files of earlier versions, damaged ones."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from made_rbms import DISCRETE, N_ROWS, all_states, machine, parts_of, probabilities, rule, spins, state_of
from sklearn.utils.estimator_checks import parametrize_with_checks

from blockspin.coarse.rbm import RBM, files, summation
from blockspin.coarse.rbm import units as states
from blockspin.coarse.rbm.gibbs import Parameters
from blockspin.coarse.rbm.phases import centered, gradient


@pytest.mark.slow  # the same checks as of the plain machine, at a compilation each
@parametrize_with_checks([RBM(n_components=4, units="gaussian", n_iter=2, algorithm="pcd", centered=True, l1=0.01)])
def test_scikit_learn_contract(estimator: RBM, check: object) -> None:
    check(estimator)  # type: ignore[operator]


def likelihood(parts: list[np.ndarray], X: np.ndarray, units: str) -> float:
    """The mean ln p of rows, in double precision, by summing over states."""
    return float(-states.free_energy(X, *parts, units).mean() - summation.log_partition(*parts, units))


def slopes(parts: list[np.ndarray], X: np.ndarray, units: str) -> list[np.ndarray]:
    """d likelihood / d parameters by central differences."""
    found = []
    for part in parts:
        slope = np.zeros_like(part)
        for place in np.ndindex(part.shape):
            values = []
            for step in (1e-5, -1e-5):
                moved = [other.copy() for other in parts]
                moved[[other is part for other in parts].index(True)][place] += step
                values.append(likelihood(moved, X, units))
            slope[place] = (values[0] - values[1]) / 2e-5
        found.append(slope)
    return found


@pytest.mark.parametrize("units", states.UNITS)
def test_the_gradient_of_long_chains_is_the_slope_of_the_likelihood(units: str) -> None:
    # 40,000 chains of 50 steps: 5 errors of averages whose deviation is at most 2
    rbm = machine(units, 3, 4, seed=1)
    rng = np.random.default_rng(2)
    X = rng.normal(size=(8, 4)) if units == "gaussian" else rng.choice((states.RANGE[units][0], 1), (8, 4))
    data = jnp.asarray(np.repeat(X, N_ROWS // 8, axis=0), jnp.float32)
    found, _ = gradient(state_of(rbm), data, jax.random.key(0), rule(units, k=50))
    for part, expected in zip(found, slopes(list(parts_of(rbm)), X, units), strict=True):
        np.testing.assert_allclose(part, expected, atol=0.05)


def averages(rbm: RBM, V: np.ndarray, p: np.ndarray | float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """<h v>, <v> and <h> over rows of chance p, with hidden means."""
    W, _, c = parts_of(rbm)
    h = np.tanh(V @ W.T + c) if rbm.units_ == "spin" else 1 / (1 + np.exp(-V @ W.T - c))
    p = np.broadcast_to(p, len(V))
    return (h * p[:, None]).T @ V, p @ V, p @ h


@pytest.mark.parametrize("units", DISCRETE)
def test_the_centred_gradient_is_that_of_centred_variables(units: str) -> None:
    # averages about the offsets, taken by themselves; the plain gradient must not be what comes out
    rbm, V = machine(units, 3, 4, seed=1), all_states(4, units)
    X = np.random.default_rng(2).choice((states.RANGE[units][0], 1), (50, 4))
    hv, v, h = averages(rbm, X, 1 / len(X))
    hv_model, v_model, h_model = averages(rbm, V, probabilities(rbm, V))
    m, n = (v + v_model) / 2, (h + h_model) / 2
    weights = hv - np.outer(h, m) - np.outer(n, v) - (hv_model - np.outer(h_model, m) - np.outer(n, v_model))
    expected = (weights, v - v_model - n @ weights, h - h_model - weights @ m)
    plain = Parameters(hv - hv_model, v - v_model, h - h_model)
    for part, value in zip(centered(plain, v, h), expected, strict=True):
        np.testing.assert_allclose(part, value, atol=2e-6)
    rows, key = jnp.asarray(X, jnp.float32), jax.random.key(0)
    found, _ = gradient(state_of(rbm), rows, key, rule(units, centered=True))
    drawn, _ = gradient(state_of(rbm), rows, key, rule(units))
    for part, value in zip(found, centered(drawn, jnp.asarray(v), jnp.asarray(h)), strict=True):
        np.testing.assert_allclose(part, value, atol=2e-6)


def test_centred_training_does_not_care_which_state_is_called_zero() -> None:
    # v -> 1 - v with W -> -W, b -> -b, c -> c + sum_j W_j: the same machine, and the same step
    rbm, V = machine("binary", 3, 4, seed=1), all_states(4, "binary")
    W, b, c = parts_of(rbm)
    turned = RBM.from_weights(-W, -b, c + W.sum(axis=1), units="binary")
    X = (np.random.default_rng(0).random((30, 4)) < 0.3).astype(np.float32)
    moves, slope = {}, {}
    for centred in (True, False):
        for one, rows in ((rbm, X), (turned, 1 - X)):
            data, model = averages(one, rows, 1 / len(rows)), averages(one, V, probabilities(one, V))
            plain = Parameters(*(first - second for first, second in zip(data, model, strict=True)))
            slope[one] = centered(plain, data[1], data[2]) if centred else plain
        here, there = slope[rbm], slope[turned]
        back = (-there.weights, -there.visible, there.hidden + there.weights.sum(axis=1))
        moves[centred] = max(float(jnp.abs(a - b).max()) for a, b in zip(here, back, strict=True))
    assert moves[True] < 1e-6
    assert moves[False] > 1e-2


MODES = [
    {"algorithm": "cd"},
    pytest.param({"algorithm": "pcd", "centered": True}, marks=pytest.mark.slow),
]


@pytest.mark.parametrize("mode", MODES, ids=["cd", "pcd"])
def test_an_interrupted_fit_resumes_with_the_same_bits(mode: dict[str, object], tmp_path: Path) -> None:
    X, V = spins(), spins(seed=1)[:100]
    whole = RBM(5, n_iter=6, random_state=1, **mode).fit(X, validation=V)

    def interrupt(fraction: float, text: str) -> None:
        if fraction > 0.6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        RBM(5, n_iter=6, random_state=1, verbose=interrupt, **mode).fit(X, validation=V, checkpoint=tmp_path / "c.npz")
    half = RBM.load(tmp_path / "c.npz")
    assert half.n_epochs_ == 3
    half.resume(X, validation=V)
    np.testing.assert_array_equal(half.components_, whole.components_)
    np.testing.assert_array_equal(half.intercept_visible_, whole.intercept_visible_)
    for name, column in whole.trajectory_.items():
        np.testing.assert_array_equal(half.trajectory_[name], column)
    for part, again in zip(half._velocity, whole._velocity, strict=True):
        np.testing.assert_array_equal(part, again)
    with pytest.raises(ValueError, match="resume: 6"):
        half.resume(X)


THEN = {  # what version 2.0 wrote beside the settings of today
    "group": 0.0, "optimizer": "momentum", "schedule": "constant", "final_rate": 0.01, "n_replicas": 10,
    "variance": 1.0, "early_stopping": False, "patience": 3, "validation_fraction": 0.0,
}  # fmt: skip


def earlier(path: Path, arrays: dict[str, np.ndarray], **settings: object) -> None:
    """Turn a file into one of an earlier version: settings that are gone, and arrays that went with them."""
    with np.load(path) as archive:
        stored = {name: archive[name] for name in archive.files if name != "digest"} | arrays
    header = json.loads(str(stored.pop("header")))
    header["parameters"] |= THEN | settings
    text = json.dumps(header)
    np.savez(path, header=np.array(text), digest=np.array(files._digest(text, stored)), **stored)


def test_a_file_of_an_earlier_version_trains_on_with_the_same_bits(tmp_path: Path) -> None:
    X = spins()
    half = RBM(5, n_iter=2, algorithm="pcd", random_state=1).fit(X)
    half.save(tmp_path / "w.npz")
    earlier(tmp_path / "w.npz", {})
    with warnings.catch_warnings(action="error"):
        loaded = RBM.load(tmp_path / "w.npz")
    whole = RBM(5, n_iter=4, algorithm="pcd", random_state=1).fit(X)
    np.testing.assert_array_equal(loaded.set_params(n_iter=4).resume(X).components_, whole.components_)


@pytest.mark.parametrize(
    ("settings", "arrays"),
    [
        ({"optimizer": "adam"}, {f"velocity_{index}": np.zeros(3, np.float32) for index in range(7)}),
        ({"algorithm": "pt", "n_replicas": 3}, {"chains": np.ones((3, 100, 8), np.float32)}),
        ({"early_stopping": True}, {"waiting_best": np.array(-1.0), "waiting_state_0": np.ones((5, 8))}),
        ({"schedule": "linear"}, {}),
        ({"group": 0.1}, {}),
        ({"algorithm": "exact"}, {}),
        ({"validation_fraction": 0.2}, {}),
    ],
    ids=["adam", "pt", "early stopping", "schedule", "group", "exact", "held out"],
)
def test_weights_found_in_a_way_that_is_gone_are_opened_with_a_warning(
    settings: dict[str, object], arrays: dict[str, np.ndarray], tmp_path: Path
) -> None:
    X = spins()
    made = RBM(5, n_iter=2, random_state=1).fit(X)
    made.save(tmp_path / "w.npz")
    earlier(tmp_path / "w.npz", arrays, **settings)
    with pytest.warns(UserWarning, match=rf"w\.npz.*{next(iter(settings))}=") as told:
        loaded = RBM.load(tmp_path / "w.npz")
    assert Path(told[0].filename).name == "test_rbm_modes.py"
    np.testing.assert_array_equal(loaded.transform(X), made.transform(X))
    np.testing.assert_array_equal(loaded.trajectory_["weight_norm"], made.trajectory_["weight_norm"])
    assert loaded.set_params(n_iter=3).resume(X).n_epochs_ == 3
    loaded.save(tmp_path / "w.npz")
    with warnings.catch_warnings(action="error"):
        RBM.load(tmp_path / "w.npz")


def test_weights_of_another_variance_are_refused(tmp_path: Path) -> None:
    machine("gaussian").save(tmp_path / "w.npz")
    earlier(tmp_path / "w.npz", {"log_variance": np.ones(6, np.float32)}, variance="learned")
    with pytest.raises(ValueError, match=r"w\.npz .*variance"):
        RBM.load(tmp_path / "w.npz")


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.npz"
    machine("spin").save(path)
    whole = path.read_bytes()
    for size in (len(whole) // 2, len(whole) - 1, 100):
        path.write_bytes(whole[:size])
        with pytest.raises(ValueError, match=r"weights\.npz"):
            RBM.load(path)
    for place in range(200, len(whole) - 200, 37):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        try:
            loaded = RBM.load(path)
        except ValueError:
            continue
        np.testing.assert_array_equal(loaded.components_, machine("spin").components_)  # a byte that means nothing
    path.write_bytes(whole)
    with np.load(path) as archive:
        stored = {name: archive[name] for name in archive.files}
    stored["components_"][0, 0] += 1
    np.savez(path, **stored)
    with pytest.raises(ValueError, match=r"changed since RBM\.save wrote it"):
        RBM.load(path)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"algorithm": "pt"}, "algorithm must be one of cd, pcd"),
        ({"centered": True, "biases": False}, "centered=True moves the biases"),
        ({"algorithm": "pcd", "reconstruction": "mean"}, "reconstruction='mean' goes with algorithm='cd'"),
    ],
)
def test_a_wrong_mode_is_named(parameters: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RBM(**parameters).fit(spins())
