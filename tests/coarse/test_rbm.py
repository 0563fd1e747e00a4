"""The estimator: scikit-learn's contract, units, the trajectory, files, randomness, errors."""

from __future__ import annotations

import io
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_rbms import all_states, machine, spins
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from blockspin import progress
from blockspin.coarse.rbm import RBM, ConvolutionalRBM
from blockspin.coarse.rbm import units as states
from blockspin.coarse.rbm.trajectory import COLUMNS, checkpoints
from blockspin.lattice import Lattice


@parametrize_with_checks(
    [
        RBM(n_components=4, units="gaussian", n_iter=2),
        RBM(
            n_components=4,
            units="gaussian",
            n_iter=2,
            algorithm="pcd",
            init="data-mean",
            l1=0.01,
        ),
    ]
)
def test_scikit_learn_contract(estimator: RBM, check: object) -> None:
    check(estimator)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("values", "units"),
    [
        ([-1, 1], "spin"),
        ([-0.3, 0.8], "spin"),
        ([-1, 0.5], "spin"),
        ([0, 1], "binary"),
        ([0.2, 0.8], "binary"),
        ([0, 0], "binary"),
        ([-1, -1], "spin"),
    ],
)
def test_auto_reads_the_units_off_the_data(values: list[float], units: str) -> None:
    X = np.tile(np.array(values), (300, 4))
    assert RBM(5, n_iter=0, random_state=0).fit(X).units_ == units


@pytest.mark.parametrize("values", [[1, 1], [-1, 0], [-1, 1.5], [-3, 0], [0, 255], [0, 1, 2, 1]])
def test_auto_refuses_data_that_leave_a_doubt(values: list[float]) -> None:
    X = np.resize(np.array(values), (300, 8))
    with pytest.raises(ValueError, match="units"):
        RBM(5, n_iter=0, random_state=0).fit(X)


@pytest.mark.parametrize(
    "machine", [RBM(5), ConvolutionalRBM(Lattice.chain(8), 2, 2, 2)], ids=lambda m: type(m).__name__
)
def test_a_0_among_spins_is_refused_unless_means_are_meant(machine: Any) -> None:
    X = np.random.default_rng(1).integers(-1, 2, (300, 8))
    quick = {"n_iter": 1, "random_state": 0}
    for units in ("auto", "spin"):
        with pytest.raises(ValueError, match="units='means'"):
            clone(machine).set_params(units=units, **quick).fit(X)
    trained = clone(machine).set_params(units="means", **quick).fit(X)
    assert trained.units_ == "spin"
    assert trained.transform(X).shape[0] == 300
    for means in (X * 0.5, np.where(X == 0, 0.3, X)):
        clone(machine).set_params(units="spin", **quick).fit(means)


@pytest.mark.parametrize(
    ("units", "X", "message"),
    [
        (
            "binary",
            spins(),
            r"binary units take values within \[0, 1\]; X has values from -1 to 1, which fit units='spin'",
        ),
        ("spin", spins() * 2.0, r"spin units take .* which fit units='gaussian'"),
    ],
)
def test_explicit_units_are_strict(units: str, X: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RBM(2, units=units).fit(X)


def test_values_are_checked_after_fit_too() -> None:
    rbm = RBM(5, n_iter=1, random_state=0).fit((spins() + 1) // 2)
    for method in (rbm.transform, rbm.free_energy, rbm.partial_fit, rbm.reconstruct, rbm.score_samples):
        with pytest.raises(ValueError, match="binary units take values"):
            method(spins())


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"units": "ising"}, "units must be one of auto, binary, spin, gaussian, means; got 'ising'"),
        ({"algorithm": "CD"}, "algorithm must be one of cd, pcd; got 'CD'"),
        ({"l1_method": "soft"}, "l1_method must be one of proximal, subgradient"),
        ({"init": 3}, "init must be one of small"),
        ({"init": [1]}, "init must be one of small"),
        ({"output": "probability"}, "output must be one of mean, sample"),
        ({"n_components": 0}, "n_components must be an integer of at least 1; got 0"),
        ({"n_components": 2.5}, "n_components must be an integer"),
        ({"k": 0}, "k must be an integer of at least 1"),
        ({"n_iter": -1}, "n_iter must be an integer of at least 0"),
        ({"batch_size": True}, "batch_size must be"),
        ({"learning_rate": -0.1}, "learning_rate must be a number of at least 0; got -0.1"),
        ({"learning_rate": "fast"}, "learning_rate must be a number"),
        ({"learning_rate": float("nan")}, "learning_rate must be a number"),
        ({"l1": -1}, "l1 must be a number of at least 0"),
        ({"l2": float("inf")}, "l2 must be a number of at least 0"),
        ({"momentum": 1.0}, r"momentum must be a number in \[0, 1\); got 1.0"),
        ({"algorithm": "pcd", "reconstruction": "mean"}, "reconstruction='mean' goes with algorithm='cd'"),
    ],
)
def test_a_wrong_parameter_is_named(parameters: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RBM(**parameters).fit(spins())


def test_wrong_data_are_named() -> None:
    with pytest.raises(ValueError, match="NaN"):
        RBM().fit(np.array([[0.0, np.nan], [1.0, 0.0]]))
    with pytest.raises(ValueError, match="minimum of 2"):
        RBM().fit(np.ones((1, 4)))
    rbm = RBM(5, n_iter=1).fit(spins())
    with pytest.raises(ValueError, match="7 features"):
        rbm.transform(spins(sites=7))
    with pytest.raises(ValueError, match="H"):
        rbm.visible_mean(np.zeros((5, 4)))
    with pytest.raises(ValueError, match="steps"):
        rbm.gibbs_chain(spins(), 0)
    with pytest.raises(ValueError, match="features"):
        RBM().fit(spins(), validation=spins(sites=3))
    with pytest.raises(ValueError, match="fit starts anew"):
        rbm.set_params(n_components=6).partial_fit(spins())


def test_no_epochs_leave_the_machine_as_initialised() -> None:
    rbm = RBM(4, n_iter=0, random_state=0).fit(spins())
    assert rbm.n_epochs_ == 0
    assert list(rbm.trajectory_["epoch"]) == [0]
    assert 0.005 < rbm.components_.std() < 0.02


def test_divergence_is_an_error() -> None:
    X = 100 * np.random.default_rng(0).normal(size=(200, 5))
    with pytest.raises(ValueError, match=r"diverged by epoch .* Lower learning_rate"):
        RBM(4, units="gaussian", learning_rate=1.0, n_iter=50, batch_size=5, random_state=0).fit(X)


def test_equal_seeds_give_equal_bits_and_others_do_not() -> None:
    X = spins()
    first, again, other = (RBM(5, random_state=seed).fit(X) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.components_, again.components_)
    assert (first.components_ != other.components_).all()


@pytest.mark.parametrize("algorithm", ["cd", "pcd"])
def test_partial_fits_are_a_fit(algorithm: str) -> None:
    X = spins()
    whole = RBM(5, n_iter=4, algorithm=algorithm, random_state=1).fit(X)
    parts = RBM(5, algorithm=algorithm, random_state=1)
    for _ in range(4):
        assert parts.partial_fit(X) is parts
    np.testing.assert_array_equal(whole.components_, parts.components_)
    np.testing.assert_array_equal(whole.intercept_hidden_, parts.intercept_hidden_)
    assert parts.n_epochs_ == 4


def test_precision_follows_the_data_and_training_does_not() -> None:
    X = spins()
    fits = {kind: RBM(5, random_state=1).fit(X.astype(kind)) for kind in (np.int8, np.int64, np.float32, np.float64)}
    for rbm in fits.values():
        np.testing.assert_array_equal(rbm.components_, fits[np.int8].components_)
        assert rbm.components_.dtype == np.float32
    rbm = fits[np.int8]
    assert rbm.transform(X).dtype == np.float32
    assert rbm.transform(X.astype(np.float32)).dtype == np.float32
    assert rbm.transform(X.astype(np.float64)).dtype == np.float64
    np.testing.assert_allclose(rbm.transform(X), rbm.transform(X.astype(float)), atol=1e-6)


def test_more_rows_a_batch_than_there_are() -> None:
    X = spins(20)
    big, all_of_them = (RBM(5, batch_size=size, random_state=1).fit(X) for size in (1000, 20))
    np.testing.assert_array_equal(big.components_, all_of_them.components_)


def test_a_sampled_output_has_the_means_and_is_a_function_of_the_rows() -> None:
    # 20,000 rows, the same state each: 5 sigma sees a mean off by 0.035; equal noise in both halves would
    # correlate them fully
    rbm = machine("spin").set_params(output="sample")
    X = np.repeat(all_states(6, "spin")[[11]], 20_000, axis=0)
    H = rbm.transform(X)
    assert H.dtype == np.int8
    assert set(np.unique(H)) == {-1, 1}
    mean = machine("spin").transform(X[:1])[0]
    assert np.abs((H.mean(axis=0) - mean) / np.sqrt((1 - mean**2) / len(X))).max() < 5
    np.testing.assert_array_equal(rbm.transform(X), H)
    shorter = rbm.transform(X[:10_000])
    overlap = ((shorter - mean) * (H[:10_000] - mean)).mean(axis=0) / (1 - mean**2)
    assert np.abs(overlap).max() < 5 / np.sqrt(10_000)


def test_layers_stack_on_means_and_on_samples() -> None:
    for output in ("mean", "sample"):
        stack = make_pipeline(
            RBM(8, units="spin", output=output, random_state=0), RBM(5, units="spin", random_state=1)
        ).fit(spins())
        assert stack.transform(spins()).shape == (300, 5)
        assert list(stack.get_feature_names_out()) == [f"rbm{i}" for i in range(5)]


def test_chains_move_on_and_take_seeds() -> None:
    rbm, X = machine("binary"), np.ones((50, 6), np.int8)
    assert (rbm.gibbs_chain(X, 3) != rbm.gibbs_chain(X, 3)).any()
    np.testing.assert_array_equal(rbm.gibbs_chain(X, 3, random_state=4), rbm.gibbs_chain(X, 3, random_state=4))


def test_reconstruct_goes_up_and_down_by_means() -> None:
    rbm, X = machine("binary"), all_states(6, "binary")
    np.testing.assert_allclose(rbm.reconstruct(X), rbm.visible_mean(rbm.transform(X)))
    gaussian = machine("gaussian")
    expected = rbm.transform(X) @ gaussian.components_ + gaussian.intercept_visible_
    np.testing.assert_allclose(gaussian.visible_mean(rbm.transform(X)), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("n_epochs", "expected"), [(1, [0, 1]), (4, [0, 1, 2, 3, 4]), (60, [0, 1, 2, 3, 5, 8, 12, 18, 27, 41, 60])]
)
def test_checkpoints_are_log_spaced(n_epochs: int, expected: list[int]) -> None:
    assert checkpoints(n_epochs) == expected


def test_the_trajectory_says_what_happened() -> None:
    X, V = spins(), spins(seed=1)[:200]
    rbm = RBM(5, n_iter=6, random_state=0).fit(X, validation=V)
    assert tuple(rbm.trajectory_) == COLUMNS
    last = {name: column[-1] for name, column in rbm.trajectory_.items()}
    assert list(rbm.trajectory_["epoch"]) == [0, 1, 2, 3, 5, 6]
    # ln Z cancels: the gap is the mean log-likelihood lost on the rows held out
    states_ = all_states(8, "spin")
    log_z = np.logaddexp.reduce(-rbm.free_energy(states_))
    lost = (-rbm.free_energy(X) - log_z).mean() - (-rbm.free_energy(V) - log_z).mean()
    assert last["free_energy_gap"] == pytest.approx(lost, abs=1e-5)
    assert last["weight_norm"] == pytest.approx(np.linalg.norm(rbm.components_))
    assert last["pseudo_log_likelihood"] == pytest.approx(rbm.score_samples(X).mean() / 8, abs=1e-6)
    assert last["pseudo_log_likelihood_validation"] == pytest.approx(rbm.score_samples(V).mean() / 8, abs=1e-6)
    assert last["reconstruction_error"] == pytest.approx(((X - rbm.reconstruct(X)) ** 2).mean(), abs=1e-6)
    before = RBM(5, n_iter=3, random_state=0).fit(X)
    after = RBM(5, n_iter=5, random_state=0).fit(X)
    change = np.linalg.norm(after.components_ - before.components_) / np.linalg.norm(after.components_) / 2
    assert rbm.trajectory_["weight_change"][4] == pytest.approx(change, rel=1e-5)
    assert np.isnan(before.trajectory_["free_energy_gap"]).all()


@pytest.mark.parametrize("algorithm", ["cd", "pcd"])
def test_a_saved_machine_is_the_same_and_trains_on(algorithm: str, tmp_path: Path) -> None:
    import pandas as pd

    X = pd.DataFrame(spins(), columns=[f"site{i}" for i in range(8)])
    rbm = RBM(5, n_iter=3, algorithm=algorithm, random_state=np.random.RandomState(3), verbose=lambda *_: None).fit(X)
    rbm.save(tmp_path / "weights.npz")
    loaded = RBM.load(tmp_path / "weights.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["weights.npz"]
    np.testing.assert_array_equal(loaded.transform(X), rbm.transform(X))
    np.testing.assert_array_equal(
        loaded.set_params(output="sample").transform(X), rbm.set_params(output="sample").transform(X)
    )
    for name, column in rbm.trajectory_.items():
        np.testing.assert_array_equal(loaded.trajectory_[name], column)
    assert loaded.partial_fit(X).n_epochs_ == 4
    np.testing.assert_array_equal(loaded.components_, rbm.partial_fit(X).components_)
    kept, given = loaded.get_params(), rbm.get_params()
    assert {name for name in kept if kept[name] != given[name]} == {"random_state", "verbose"}


def test_other_files_are_refused(tmp_path: Path) -> None:
    rbm = machine("spin")
    with pytest.raises(ValueError, match="path"):
        rbm.save(tmp_path / "weights.pkl")
    (tmp_path / "text.npz").write_text("not a machine")
    np.savez(tmp_path / "arrays.npz", spins=spins())
    np.savez(tmp_path / "header.npz", header=np.array("{}"))
    np.savez(tmp_path / "objects.npz", header=np.array([{}], object))
    with (tmp_path / "pickle.npz").open("wb") as file:
        pickle.dump(rbm, file)
    for name in ("text", "arrays", "header", "objects", "pickle"):
        with pytest.raises(ValueError, match=rf"{name}\.npz|allow_pickle"):
            RBM.load(tmp_path / f"{name}.npz")
    with pytest.raises(FileNotFoundError):
        RBM.load(tmp_path / "nowhere.npz")


def test_from_weights_checks_what_it_is_given() -> None:
    with pytest.raises(ValueError, match=r"units.*'auto'"):
        RBM.from_weights(np.ones((2, 3)), units="auto")
    with pytest.raises(ValueError, match=r"got \(2,\) and \(2,\)"):
        RBM.from_weights(np.ones((2, 3)), np.ones(2), units="spin")
    with pytest.raises(ValueError, match="n_components, n_features"):
        RBM.from_weights(np.ones(3), units="spin")
    grown = RBM.from_weights(np.ones((5, 8)), units="spin", algorithm="pcd", random_state=0).partial_fit(spins())
    assert np.isfinite(grown.components_).all()


def test_progress_is_silent_or_lines_or_ones_own(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "EVERY", 0.0)
    RBM(5, n_iter=3).fit(spins())
    assert capsys.readouterr() == ("", "")
    RBM(5, n_iter=3, verbose=1).fit(spins())
    out, err = capsys.readouterr()
    assert out == ""
    assert "100%" in err.splitlines()[-1]
    assert "epoch 3" in err.splitlines()[-1]
    seen: list[tuple[float, str]] = []
    rbm = RBM(5, n_iter=4, verbose=lambda fraction, text: seen.append((fraction, text)))
    clone(rbm).fit(spins())
    assert [fraction for fraction, _ in seen] == [0.25, 0.5, 0.75, 1.0]


def test_progress_on_a_terminal_is_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setenv("TERM", "xterm")  # a dumb one gets lines
    monkeypatch.setattr(sys, "stderr", terminal)
    RBM(5, n_iter=3, verbose=1).fit(spins())
    assert "epoch" in terminal.getvalue()


def test_data_means_start_the_visible_biases() -> None:
    X = (np.random.default_rng(0).random((300, 8)) < [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 1.0]).astype(np.int8)
    rbm = RBM(5, init="data-mean", n_iter=0).fit(X)
    mean = X.mean(axis=0)
    np.testing.assert_allclose(states.visible_mean(rbm.intercept_visible_, "binary")[:7], mean[:7], rtol=1e-5)
    assert np.isfinite(rbm.intercept_visible_).all()
    twin = RBM(5, init="data-mean", n_iter=0).fit(2 * X - 1)
    np.testing.assert_allclose(states.visible_mean(twin.intercept_visible_, "spin")[:7], (2 * mean - 1)[:7], rtol=1e-5)
