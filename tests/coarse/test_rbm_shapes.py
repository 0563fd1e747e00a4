"""Machines of any small shape, units and size of weights against sums over all their states; files of any of them."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_rbms import DISCRETE, all_states, free_energy_by_sum, machine, spins
from scipy.special import logsumexp

from blockspin.coarse.rbm import RBM

ANY = {
    "units": st.sampled_from(DISCRETE),
    "n_hidden": st.integers(1, 7),
    "n_visible": st.integers(1, 7),
    "scale": st.sampled_from([0.0, 0.1, 1.0, 10.0, 100.0]),
    "seed": st.integers(0, 1000),
}


@given(**ANY)
@settings(max_examples=40)
def test_sums_over_states_agree(units: str, n_hidden: int, n_visible: int, scale: float, seed: int) -> None:
    rbm = machine(units, n_hidden, n_visible, scale=scale, seed=seed)
    V = all_states(n_visible, units)
    expected = free_energy_by_sum(rbm, V)
    np.testing.assert_allclose(rbm.free_energy(V), expected, rtol=1e-12, atol=1e-9)
    log_z = logsumexp(-expected)
    assert rbm.log_partition(method="exact").value == pytest.approx(log_z, rel=1e-10, abs=1e-9)
    if len(V) > 1:
        assert rbm.log_likelihood(V).value == pytest.approx(-expected.mean() - log_z, rel=1e-9, abs=1e-9)
    # <h | v> is the ratio of sums over hidden states with h_i set and all
    H = all_states(n_hidden, units)
    W, c = rbm.components_.astype(float), rbm.intercept_hidden_.astype(float)
    weight = V @ W.T @ H.T + H @ c
    p = np.exp(weight - logsumexp(weight, axis=1, keepdims=True))
    np.testing.assert_allclose(rbm.transform(V), p @ H, atol=1e-9)


@given(**ANY, place=st.floats(0, 1))
@settings(max_examples=30)
def test_any_machine_comes_back_from_its_file_or_is_refused(
    units: str, n_hidden: int, n_visible: int, scale: float, seed: int, place: float
) -> None:
    rbm = machine(units, n_hidden, n_visible, scale=scale, seed=seed)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "m.npz"
        rbm.save(path)
        loaded = RBM.load(path)
        for name in ("components_", "intercept_visible_", "intercept_hidden_"):
            np.testing.assert_array_equal(getattr(loaded, name), getattr(rbm, name))
        whole = path.read_bytes()
        cut = int(place * len(whole))
        if cut < len(whole):
            path.write_bytes(whole[:cut])
            with pytest.raises(ValueError, match=r"m\.npz is"):
                RBM.load(path)


@pytest.mark.slow
@pytest.mark.timeout(1800)  # a program each is compiled
@given(
    units=st.sampled_from(["binary", "spin", "gaussian"]),
    algorithm=st.sampled_from(["cd", "pcd"]),
    k=st.integers(1, 3),
    centered=st.booleans(),
    l1_method=st.sampled_from(["proximal", "subgradient"]),
    strengths=st.tuples(*[st.sampled_from([0.0, 0.01])] * 2),
    batch_size=st.integers(1, 400),
    n_hidden=st.integers(1, 8),
)
@settings(max_examples=12)
def test_any_settings_train_and_go_on_with_the_same_bits(
    units: str, strengths: tuple[float, float], batch_size: int, n_hidden: int, **settings: object
) -> None:
    X = {"spin": spins(60), "binary": (spins(60) + 1) // 2, "gaussian": spins(60) * 0.7}[units]
    l1, l2 = strengths
    made = {
        "units": units, "learning_rate": 0.01, "batch_size": batch_size, "n_iter": 3, "random_state": 0,
        "l1": l1, "l2": l2, **settings,
    }  # fmt: skip
    whole = RBM(n_hidden, **made).fit(X)
    assert np.isfinite(whole.components_).all()
    assert whole.components_.shape == (n_hidden, 8)
    parts = RBM(n_hidden, **made)
    for _ in range(3):
        parts.partial_fit(X)
    np.testing.assert_array_equal(parts.components_, whole.components_)
    np.testing.assert_array_equal(parts.intercept_hidden_, whole.intercept_hidden_)
