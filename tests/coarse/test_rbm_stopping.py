"""Absolute likelihoods along the trajectory, and stopping where the held-out rows' is best."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from test_rbm import spins

from blockspin.coarse.rbm import RBM
from blockspin.coarse.rbm.stopping import Stopping

FEW = {"units": "spin", "biases": False, "init_scale": 0.1, "learning_rate": 0.05, "random_state": 0}


def test_the_trajectory_holds_absolute_likelihoods() -> None:
    X, V = spins(), spins(seed=1)[:200]
    rbm = RBM(5, n_iter=3, track_likelihood=True, random_state=0).fit(X, validation=V)
    for name, rows in (("log_likelihood", X), ("log_likelihood_validation", V)):
        assert rbm.trajectory_[name][-1] == pytest.approx(rbm.log_likelihood(rows).value / 8, abs=1e-5)
    assert rbm.trajectory_["log_likelihood"][0] == pytest.approx(-np.log(2), abs=1e-3)
    assert not rbm.trajectory_["log_likelihood_error"].any()
    gap = rbm.trajectory_["log_likelihood"] - rbm.trajectory_["log_likelihood_validation"]
    np.testing.assert_allclose(8 * gap, rbm.trajectory_["free_energy_gap"], atol=1e-4)
    assert np.isnan(RBM(5, n_iter=3, random_state=0).fit(X).trajectory_["log_likelihood"]).all()


def test_tracked_densities_are_those_of_the_rows() -> None:
    X = np.random.default_rng(0).normal(1, 3, (200, 4))
    rbm = RBM(
        3, units="gaussian", variance="learned", n_iter=2, learning_rate=0.01, track_likelihood=True, random_state=0
    ).fit(X)
    assert rbm.trajectory_["log_likelihood"][-1] == pytest.approx(rbm.log_likelihood(X).value / 4, abs=1e-5)
    # independent normals of the data's deviations about 0: close to what so short a training gives
    about = (
        -0.5 * np.log(2 * np.pi)
        - np.log(X.std(axis=0)).mean()
        - 0.5 * (1 + (X.mean(axis=0) / X.std(axis=0)) ** 2).mean()
    )
    assert rbm.trajectory_["log_likelihood"][0] == pytest.approx(about, abs=0.02)


def test_an_overfitting_machine_stops_where_held_out_rows_are_likeliest(tmp_path: Path) -> None:
    # 40 rows for 12 x 8 weights: the held-out likelihood turns after some epochs, the reconstruction error never
    X, V = spins(40, seed=3), spins(2000, seed=4)
    rbm = RBM(12, n_iter=2000, batch_size=20, early_stopping=True, patience=3, **FEW).fit(X, validation=V)
    held_out = rbm.trajectory_["log_likelihood_validation"]
    best = int(np.argmax(held_out))
    assert rbm.best_epoch_ == rbm.n_epochs_ == rbm.trajectory_["epoch"][best]
    assert len(held_out) == best + 4
    assert rbm.trajectory_["epoch"][-1] < 2000
    assert rbm.log_likelihood(V).value / 8 == pytest.approx(held_out[best], abs=1e-5)
    for name in ("log_likelihood", "reconstruction_error"):  # both say: go on
        change = np.diff(rbm.trajectory_[name][best:]).mean()
        assert change > 0 if name == "log_likelihood" else change < 0
    again = RBM(12, n_iter=rbm.best_epoch_, batch_size=20, **FEW).fit(X)
    np.testing.assert_array_equal(again.components_, rbm.components_)
    rbm.save(tmp_path / "best.npz")
    assert RBM.load(tmp_path / "best.npz").best_epoch_ == rbm.best_epoch_
    np.testing.assert_array_equal(rbm.partial_fit(X).components_, again.partial_fit(X).components_)


@pytest.mark.parametrize("back", [1, 2, 5])
def test_an_interrupted_wait_goes_on_where_it_was(back: int, tmp_path: Path) -> None:
    # interrupted at the end of the wait, within it, and before the best epoch; a wait that started anew would go on
    # for longer, as would one that forgot the best
    X, V = spins(40, seed=3), spins(500, seed=4)
    settings = FEW | {"n_iter": 2000, "batch_size": 20, "early_stopping": True, "patience": 3}
    whole = RBM(12, **settings).fit(X, validation=V)
    at = int(whole.trajectory_["epoch"][-back])

    def interrupt(fraction: float, text: str) -> None:
        if round(2000 * fraction) == at:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        RBM(12, verbose=interrupt, **settings).fit(X, validation=V, checkpoint=tmp_path / "c.npz")
    half = RBM.load(tmp_path / "c.npz")
    assert half.n_epochs_ == at
    half.resume(X, validation=V)
    assert half.best_epoch_ == whole.best_epoch_ == half.n_epochs_
    np.testing.assert_array_equal(half.components_, whole.components_)
    for name, column in whole.trajectory_.items():
        np.testing.assert_array_equal(half.trajectory_[name], column)
    for part, again in zip(half._velocity, whole._velocity, strict=True):
        np.testing.assert_array_equal(part, again)


def test_stopping_waits_for_as_long_as_it_was_told() -> None:
    stopping = Stopping(2)
    asked = [stopping.see(epoch, value, epoch) for epoch, value in enumerate([-1.0, -0.5, np.nan, -0.4, -0.6, -0.7])]
    assert asked == [False, False, False, False, False, True]
    assert (stopping.epoch, stopping.best, int(stopping.state)) == (3, -0.4, 3)


def test_stopping_needs_held_out_rows() -> None:
    with pytest.raises(ValueError, match="early_stopping needs held-out rows"):
        RBM(5, early_stopping=True).fit(spins())
    with pytest.raises(ValueError, match="patience must be an integer of at least 1; got 0"):
        RBM(5, early_stopping=True, patience=0).fit(spins(), validation=spins())
