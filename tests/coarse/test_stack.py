"""Stacks of machines, up and down: layers, reconstruction, and free samples against exact distributions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import expit, logsumexp
from scipy.stats import chi2
from sklearn.decomposition import PCA
from sklearn.neural_network import BernoulliRBM
from sklearn.pipeline import make_pipeline

from blockspin.coarse.fields import ToBinary
from blockspin.coarse.maps import taken
from blockspin.coarse.rbm import RBM
from blockspin.coarse.rbm.units import binary_from_spin
from blockspin.coarse.stack import Stack, as_rbm, draw, layers, machine_from, reconstruct, units_of
from blockspin.exact import enumeration
from blockspin.lattice import Lattice
from blockspin.models import Ising


def spins(n: int, N: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).choice(np.array([-1, 1], np.int8), (n, N))


def ising_machine(lattice: Lattice, K: float) -> RBM:
    """The Ising model as a machine, exactly: a hidden spin a bond, w to both ends, cosh 2w = exp 2K."""
    w = math.acosh(math.exp(2 * K)) / 2
    weights = np.zeros((len(lattice.bonds), lattice.n_sites))
    for row, bond in zip(weights, lattice.bonds, strict=True):
        np.add.at(row, bond, w)
    return RBM.from_weights(weights, units="spin")


def in_binary(machine: RBM) -> BernoulliRBM:
    """The same distribution as a machine of scikit-learn, of 0/1 units."""
    W, b, c = binary_from_spin(machine.components_, machine.intercept_visible_, machine.intercept_hidden_)
    weights = {"components": W, "intercept_visible": b, "intercept_hidden": c}
    return machine_from(weights, BernoulliRBM(len(W)))


def random_machine(M: int, N: int, units: str, seed: int, scale: float = 0.8) -> RBM:
    random = np.random.default_rng(seed)
    W, b, c = random.normal(0, scale, (M, N)), random.normal(0, 0.3, N), random.normal(0, 0.3, M)
    return RBM.from_weights(W, b, c, units=units)


def states(N: int) -> np.ndarray:
    return (2 * (np.arange(2**N)[:, None] >> np.arange(N) & 1) - 1).astype(np.int8)


def number(configurations: np.ndarray) -> np.ndarray:
    numbers: np.ndarray = (configurations > 0) @ (1 << np.arange(configurations.shape[-1]))
    return numbers


def p_value(made: np.ndarray, probability: np.ndarray) -> float:
    """Chi-square of independent states against exact probabilities; states expected fewer than 10 times are pooled."""
    counts = np.bincount(number(made), minlength=len(probability))
    mean = probability * len(made)
    common = mean >= 10
    if (~common).any():
        counts = np.append(counts[common], counts[~common].sum())
        mean = np.append(mean[common], mean[~common].sum())
    return float(chi2.sf(((counts - mean) ** 2 / mean).sum(), len(mean) - 1))


def test_layers_are_the_machines_from_the_lattice_up() -> None:
    stack = make_pipeline(ToBinary(), BernoulliRBM(4, n_iter=1), random_machine(2, 4, "binary", seed=1))
    stack[:2].fit(spins(20, 9))
    assert layers(stack) == [stack[1], stack[2]]
    assert layers(stack[2]) == [stack[2]]
    assert [units_of(machine) for machine in layers(stack)] == ["binary", "binary"]
    with pytest.raises(ValueError, match="transformer"):
        layers(PCA(3).fit(spins(20, 9)))
    with pytest.raises(ValueError, match="got RBM"):
        layers(RBM(4))  # not fitted


def test_means_are_passed_on_and_leaves_the_machine_as_it_is() -> None:
    X = spins(20, 9)
    first, second = random_machine(4, 9, "spin", seed=1), random_machine(2, 4, "spin", seed=2)
    first.output = "sample"
    stack = make_pipeline(first, second)
    means = np.tanh(X @ first.components_.T + first.intercept_hidden_)
    np.testing.assert_allclose(
        taken(stack).means(X),
        np.tanh(means @ second.components_.T + second.intercept_hidden_),
        atol=1e-6,
    )
    assert first.output == "sample"
    assert set(np.unique(first.transform(X))) == {-1, 1}


def test_weights_kept_elsewhere_make_the_same_machine() -> None:
    X = spins(30, 9)
    bits = ((X + 1) // 2).astype(np.float32)
    theirs = BernoulliRBM(4, n_iter=3, random_state=1).fit(bits)
    weights = {name: getattr(theirs, f"{name}_") for name in ("components", "intercept_hidden", "intercept_visible")}
    again = machine_from(weights, BernoulliRBM(4))
    np.testing.assert_array_equal(again.transform(bits), theirs.transform(bits))
    ours = machine_from(weights, RBM(4, units="binary"))
    np.testing.assert_allclose(ours.transform(bits), theirs.transform(bits), atol=1e-6)
    np.testing.assert_allclose(as_rbm(theirs).free_energy(bits), theirs._free_energy(bits), rtol=1e-5)
    assert as_rbm(ours) is ours
    drawn = machine_from(weights, RBM(4, units="binary", output="sample", random_state=3))
    np.testing.assert_array_equal(drawn.transform(bits), drawn.transform(bits))
    assert drawn.gibbs_chain(bits, 1).shape == bits.shape  # all that a fitted machine has


def test_reconstruction_goes_up_and_down_by_means() -> None:
    X = spins(20, 9)
    bits = (X + 1) / 2
    stack = make_pipeline(ToBinary(), BernoulliRBM(5, n_iter=2), BernoulliRBM(3, n_iter=2)).fit(X)
    (W1, b1, c1), (W2, b2, c2) = [(m.components_, m.intercept_visible_, m.intercept_hidden_) for m in layers(stack)]
    h1 = expit(bits @ W1.T + c1)
    np.testing.assert_allclose(reconstruct(stack[:2], X), 2 * expit(h1 @ W1 + b1) - 1, atol=1e-5)
    h2 = expit(h1 @ W2.T + c2)
    np.testing.assert_allclose(reconstruct(stack, X), 2 * expit(expit(h2 @ W2 + b2) @ W1 + b1) - 1, atol=1e-5)
    machine = random_machine(5, 9, "spin", seed=2)
    h = np.tanh(X @ machine.components_.T + machine.intercept_hidden_)
    back = np.tanh(h @ machine.components_ + machine.intercept_visible_)
    np.testing.assert_allclose(reconstruct(machine, X), back, atol=1e-5)
    np.testing.assert_allclose(reconstruct(in_binary(machine), bits), reconstruct(machine, X), atol=1e-4)


def test_a_machine_of_ones_own_is_read_by_its_units() -> None:
    ours = random_machine(5, 9, "spin", seed=3)

    class Own:
        components_, units_ = ours.components_, ours.units_
        intercept_visible_, intercept_hidden_ = ours.intercept_visible_, ours.intercept_hidden_

        def transform(self, X: np.ndarray) -> np.ndarray:
            return ours.transform(X)

    X = spins(20, 9)
    np.testing.assert_array_equal(reconstruct(Own(), X), reconstruct(ours, X))
    np.testing.assert_array_equal(as_rbm(Own()).free_energy(X), ours.free_energy(X))


@pytest.mark.parametrize("units", ["binary", "spin", "gaussian"])
def test_draws_have_the_means_they_are_given(units: str) -> None:
    # 40,000 draws a mean; sees a bias of 0.012 (0.023 for spins and Gaussians) at 4.5 sigma
    mean = np.array([0.0, 0.3, 0.9] if units == "binary" else [-0.9, 0.0, 0.3], np.float32)
    drawn = draw(np.tile(mean, (40_000, 1)), units, np.random.default_rng(1))
    variance = {"binary": mean * (1 - mean), "spin": 1 - mean**2, "gaussian": np.ones(3)}[units]
    assert (np.abs(drawn.mean(axis=0) - mean) <= 4.5 * np.sqrt(variance / 40_000) + 1e-6).all()
    np.testing.assert_allclose(drawn.var(axis=0), variance, atol=0.035)


@pytest.mark.parametrize("units", ["spin", "binary", "scikit-learn"])
def test_free_samples_of_the_ising_machine_follow_the_ising_model(units: str) -> None:
    # 3 x 3 torus at K = 0.25, 20,000 chains of 40 steps: the energy sees K wrong by 2 % at 4.5 sigma, chi-square (p
    # below 1e-5 is refused) any change of the distribution as large as that of K wrong by 10 %
    model = Ising(Lattice.square(3), 0.25)
    machine = ising_machine(model.lattice, model.K)
    if units == "scikit-learn":
        machine = make_pipeline(ToBinary().fit(np.ones((1, 9))), in_binary(machine))
    elif units == "binary":
        machine = make_pipeline(ToBinary().fit(np.ones((1, 9))), as_rbm(in_binary(machine)))
    made = Stack(machine).free_run(spins(20_000, 9), steps=40, draws=2, random=np.random.default_rng(2))
    assert made.shape == (20_000, 2, 9)
    assert made.dtype == np.int8
    exact = enumeration.probabilities(model)
    for kept in (0, 1):
        assert p_value(made[:, kept], exact) > 1e-5
    assert p_value(made[:, 1], enumeration.probabilities(Ising(model.lattice, 1.1 * model.K))) < 1e-5
    energy = model.energy(made[:, 1])
    error = energy.std() / math.sqrt(len(energy))
    assert abs(energy.mean() - exact @ enumeration.energies(model)) < 4.5 * error


@pytest.mark.parametrize("units", ["spin", "binary"])
def test_a_deep_stack_makes_its_top_machines_states_passed_down(units: str) -> None:
    # p(v) = sum_h p_top(h) p(v | h) by summing over all states; 20,000 chains, p below 1e-5 is refused
    lower, top = random_machine(4, 6, units, seed=3), random_machine(3, 4, units, seed=4)
    h, v = states(4).astype(float), states(6).astype(float)
    if units == "binary":
        h, v = (h + 1) / 2, (v + 1) / 2
    log_top = -top.free_energy(h)
    field = h @ lower.components_ + lower.intercept_visible_
    up = expit(field if units == "binary" else 2 * field)
    given_h = np.where(v[None] > 0.5, up[:, None], 1 - up[:, None]).prod(axis=2)
    exact = np.exp(log_top - logsumexp(log_top)) @ given_h
    steps = [lower, top] if units == "spin" else [ToBinary().fit(v), lower, top]
    start = spins(20_000, 6, seed=5)
    made = Stack(make_pipeline(*steps)).free_run(start, steps=60, draws=1, random=np.random.default_rng(6))
    assert p_value(made[:, 0], exact) > 1e-5
    alone = np.exp(-lower.free_energy(v))
    assert p_value(made[:, 0], alone / alone.sum()) < 1e-5  # the lower machine by itself is another distribution


def test_draws_come_from_the_second_half_evenly_spaced() -> None:
    # one hidden unit a site: <v'> = tanh(w)^2 v a step, so the overlap with the start is 0.9^t; 60,000 spins see 0.02
    forgetful = RBM.from_weights(math.atanh(math.sqrt(0.9)) * np.eye(6), units="spin")
    start = spins(10_000, 6)
    made = Stack(forgetful).free_run(start, steps=12, draws=3, random=np.random.default_rng(1))
    overlap = (made * start[:, None]).mean(axis=(0, 2))
    assert (np.abs(overlap - 0.9 ** np.array([8, 10, 12])) < 4.5 / math.sqrt(60_000)).all()


def test_a_frozen_machine_keeps_its_start_and_steps_must_fit() -> None:
    # a machine with one hidden unit a site and a strong weight keeps its state: all draws are the start
    frozen = RBM.from_weights(20 * np.eye(6), units="spin")
    start = spins(10, 6)
    made = Stack(frozen).free_run(start, steps=12, draws=3, random=np.random.default_rng(1))
    np.testing.assert_array_equal(made, np.repeat(start[:, None], 3, axis=1))
    for steps, draws in ((10, 3), (12, 0), (6, 4)):
        with pytest.raises(ValueError, match=f"{steps} steps.*{draws} draws"):
            Stack(frozen).free_run(start, steps=steps, draws=draws, random=np.random.default_rng(1))


def test_machines_of_real_numbers_make_no_spins() -> None:
    machine = random_machine(4, 6, "gaussian", seed=1)
    assert Stack(machine).free_run(spins(5, 6), steps=4, draws=1, random=np.random.default_rng(1)) is None
