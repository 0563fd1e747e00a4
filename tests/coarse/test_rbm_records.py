"""Records of training are measured on the device; each is what the fitted RBM says on the host, within rounding."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from blockspin.coarse.rbm import RBM
from blockspin.coarse.rbm.gibbs import Parameters
from blockspin.coarse.rbm.pseudolikelihood import group_of
from blockspin.coarse.rbm.trajectory import Recorder

N, M = 12, 7
KINDS = ("spin", "binary", "gaussian", "means", "large weights")


def rows(kind: str, n: int, seed: int) -> np.ndarray:
    generator = np.random.default_rng(seed)
    if kind == "gaussian":
        return generator.standard_normal((n, N)).astype(np.float32)
    if kind == "means":
        return generator.uniform(-1, 1, (n, N)).astype(np.float32)
    return generator.choice(np.array([0 if kind == "binary" else -1, 1], np.int8), (n, N))


def machine(kind: str, seed: int) -> RBM:
    generator = np.random.default_rng(seed)
    size = 30.0 if kind == "large weights" else 0.7
    parts = (size * generator.standard_normal(shape) for shape in ((M, N), (N,), (M,)))
    return RBM.from_weights(*parts, units={"means": "spin", "large weights": "spin"}.get(kind, kind))


def parameters(rbm: RBM) -> Parameters:
    return Parameters(*map(jnp.asarray, (rbm.components_, rbm.intercept_visible_, rbm.intercept_hidden_)))


def host(rbm: RBM, train: np.ndarray, validation: np.ndarray) -> dict[str, float]:
    gaussian = rbm.units_ == "gaussian"
    inside, outside = (np.nan if gaussian else rbm.pseudo_log_likelihood(X).mean() / N for X in (train, validation))
    return {
        "weight_norm": float(np.linalg.norm(rbm.components_.astype(float))),
        "pseudo_log_likelihood": inside,
        "pseudo_log_likelihood_validation": outside,
        "free_energy_gap": rbm.free_energy(validation).mean() - rbm.free_energy(train).mean(),
        "reconstruction_error": float(((train - rbm.reconstruct(train)) ** 2).mean()),
    }


@pytest.mark.parametrize("kind", KINDS)
def test_a_record_is_what_the_fitted_rbm_says(kind: str) -> None:
    train, validation, rbm = rows(kind, 90, 1), rows(kind, 40, 2), machine(kind, 3)
    recorder = Recorder(train, validation, rbm.units_, M, 4)
    recorder.record(0, parameters(rbm))
    other = machine(kind, 4)
    recorder.record(2, parameters(other))
    table = recorder.table()
    for n, one in enumerate((rbm, other)):
        for name, value in host(one, train, validation).items():
            np.testing.assert_allclose(table[name][n], value, rtol=2e-5, atol=2e-5, err_msg=name)
    moved = np.linalg.norm(other.components_ - rbm.components_) / np.linalg.norm(other.components_) / 2
    assert np.isnan(table["weight_change"][0])
    np.testing.assert_allclose(table["weight_change"][1], moved, rtol=1e-5)


def test_one_rbm_that_diverges_is_named() -> None:
    rbm, X = machine("spin", 1), rows("spin", 30, 1)
    broken: Any = parameters(rbm)._replace(hidden=jnp.full(M, jnp.nan))
    with pytest.raises(ValueError, match="epoch 5"):
        Recorder(X, None, "spin", M, 9).record(5, broken)


def test_groups_of_factors_fit_a_float() -> None:
    assert [group_of(w, "binary") for w in (0.0, 4.9, 5.1, 39, 79, 81, np.nan)] == [16, 16, 8, 2, 1, 0, 0]
    assert [group_of(w, "spin") for w in (1.2, 1.3, 21)] == [16, 8, 0]
