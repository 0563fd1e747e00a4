"""Canonical correlations against Gaussian vectors whose correlations are known.

Tried on purpose: directions that do not vary kept: fails.
"""

from __future__ import annotations

import numpy as np

from blockspin.coarse.rsmi.canonical import canonical


def test_known_correlations_and_directions() -> None:
    rng = np.random.default_rng(1)
    m, rho = 40_000, np.array([0.8, 0.5])
    z = rng.normal(size=(m, 2))
    x = np.concatenate([z, rng.normal(size=(m, 3))], axis=1)
    y = np.concatenate([rho * z + np.sqrt(1 - rho**2) * rng.normal(size=(m, 2)), rng.normal(size=(m, 4))], axis=1)
    mix = rng.normal(size=(5, 5))  # any linear change of either side leaves the correlations
    found = canonical(x @ mix + 3, np.concatenate([y, y[:, :1]], axis=1), 4)
    # errors (1 - rho^2) / sqrt(m): .0018 and .0038; chance alone makes the rest about sqrt(11 / m) = .017
    assert abs(found.rho[0] - 0.8) < 5 * 0.0018
    assert abs(found.rho[1] - 0.5) < 5 * 0.0038
    assert (found.rho[2:] < 0.05).all()
    read = (x @ mix) @ found.x.T
    np.testing.assert_allclose(read.std(axis=0), 1, atol=1e-3)
    for k in range(2):
        assert abs(np.corrcoef(read[:, k], z[:, k])[0, 1]) > 0.99
        side = np.concatenate([y, y[:, :1]], axis=1) @ found.y[k]
        assert abs(np.corrcoef(side, read[:, k])[0, 1] - rho[k]) < 0.02


def test_sides_that_do_not_vary_are_left_out() -> None:
    rng = np.random.default_rng(2)
    x = rng.choice([-1, 1], size=(1000, 1)).astype(np.int8)
    block = np.concatenate([x, -np.ones_like(x), x], axis=1)
    found = canonical(block, x, 2)
    assert abs(found.rho[0] - 1) < 1e-5
    assert found.rho[1] == 0
    assert not found.x[1].any()
    assert found.x[0, 1] == 0
