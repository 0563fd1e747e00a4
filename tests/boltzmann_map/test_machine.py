"""The float64 machine against sums over all pairs, against `RBM`, against the paper's signs; what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp

from blockspin.boltzmann_map.machine import Machine, linear, log_2cosh, spins
from blockspin.coarse.rbm import RBM


def random_machine(N: int, M: int, seed: int, scale: float = 1.0) -> Machine:
    random = np.random.default_rng(seed)
    parts = (scale * random.standard_normal(shape) for shape in ((M, N), (N,), (M,)))
    return Machine(*parts, offset=float(random.standard_normal()))


machines = st.builds(
    random_machine, st.integers(1, 6), st.integers(1, 6), st.integers(0, 10**6), st.sampled_from([0.01, 1.0, 3.0])
)


@given(machine=machines)
@settings(max_examples=60)
def test_marginals_are_sums_over_pairs(machine: Machine) -> None:
    v, h = spins(machine.n_visible), spins(machine.n_hidden)
    E = np.array(
        [[machine.offset - a @ machine.weights @ s - machine.visible @ s - machine.hidden @ a for a in h] for s in v]
    )
    np.testing.assert_allclose(machine.energy(v, h), E, atol=1e-12)
    np.testing.assert_allclose(machine.visible_hamiltonian(), -logsumexp(-E, axis=1), rtol=1e-13, atol=1e-12)
    np.testing.assert_allclose(machine.hidden_hamiltonian(), -logsumexp(-E, axis=0), rtol=1e-13, atol=1e-12)
    assert machine.log_partition() == pytest.approx(logsumexp(-E), rel=1e-13, abs=1e-12)
    assert machine.shifted(1.5).log_partition() == pytest.approx(machine.log_partition() - 1.5, abs=1e-12)


def test_the_papers_signs() -> None:
    random = np.random.default_rng(3)
    w, b, c = random.standard_normal((4, 3)), random.standard_normal(3), random.standard_normal(4)
    machine = Machine(-w.T, -c, -b)
    v, h = spins(4), spins(3)
    np.testing.assert_allclose(machine.energy(v, h), h @ b + v @ w @ h.T + (v @ c)[:, None], atol=1e-13)


@pytest.mark.parametrize("units", ["spin", "binary"])
def test_an_rbm_keeps_its_free_energies_and_its_partition_function(units: str) -> None:
    random = np.random.default_rng(5)
    W, b, c = random.standard_normal((3, 5)), random.standard_normal(5), random.standard_normal(3)
    rbm = RBM.from_weights(W, b, c, units=units)
    machine = Machine.from_rbm(rbm)
    v = spins(5)
    rows = v if units == "spin" else (v + 1) / 2
    np.testing.assert_allclose(machine.visible_hamiltonian(), rbm.free_energy(rows), atol=1e-5)  # `RBM` is float32
    assert machine.log_partition() == pytest.approx(logsumexp(-rbm.free_energy(rows)), abs=1e-5)
    h = spins(3)
    W32, b32, c32 = (
        np.asarray(part, float) for part in (rbm.components_, rbm.intercept_visible_, rbm.intercept_hidden_)
    )
    h_rows = h if units == "spin" else (h + 1) / 2
    E = -(rows @ W32.T @ h_rows.T) - (rows @ b32)[:, None] - (h_rows @ c32)[None, :]
    np.testing.assert_allclose(machine.energy(v, h), E, atol=1e-12)


def test_arranging_turns_and_moves_units() -> None:
    machine = random_machine(4, 3, 1)
    moved = machine.arranged([2, 0, 1], [1, -1, 1])
    np.testing.assert_array_equal(moved.weights[0], -machine.weights[1])
    assert moved.hidden[2] == machine.hidden[0]
    np.testing.assert_allclose(moved.visible_hamiltonian(), machine.visible_hamiltonian(), atol=1e-13)


def test_helpers() -> None:
    np.testing.assert_allclose(linear([0.5, -2.0, 1.0], 0.3), 0.3 + spins(3) @ [0.5, -2.0, 1.0], atol=1e-15)
    assert log_2cosh(800.0) == 800.0
    assert log_2cosh(-0.3) == pytest.approx(np.log(2 * np.cosh(0.3)), rel=1e-15)
    np.testing.assert_array_equal(spins(3, [0, 5]), [[-1, -1, -1], [1, -1, 1]])


def test_refusals() -> None:
    with pytest.raises(ValueError, match=r"weights.*got 1"):
        Machine.unbiased([[1.0, np.nan], [0.0, 0.0]])
    with pytest.raises(ValueError, match=r"hidden.*got 1"):
        Machine(np.ones((1, 2)), np.zeros(2), np.array([np.inf]))
    with pytest.raises(ValueError, match="offset"):
        Machine.unbiased(np.ones((1, 2)), offset=np.nan)
    with pytest.raises(ValueError, match=r"\(2,\).*\(1,\).*\(1,\).*\(2,\)"):
        Machine(np.ones((1, 2)), np.zeros(1), np.zeros(2))
    with pytest.raises(ValueError, match=r"shape \(hidden, visible\); got \(1, 0\)"):
        Machine.unbiased([])
    with pytest.raises(ValueError, match=r"20.*21.*2\^21 \(about 10\^6\)"):
        Machine.unbiased(np.ones((21, 2))).hidden_hamiltonian()
    with pytest.raises(ValueError, match=r"units.*'gaussian'"):
        Machine.from_rbm(RBM.from_weights(np.ones((1, 2)), units="gaussian"))
