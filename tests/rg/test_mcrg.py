"""Monte Carlo RG: exact recursions, sums over all states, the critical Ising model, honest errors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

from blockspin.coarse.blocks import Decimation, Majority
from blockspin.lattice import Lattice
from blockspin.models import KC_SQUARE, Ising
from blockspin.models.ising import KC_CUBIC, KC_TRIANGULAR
from blockspin.rg.mcrg import Spectrum, linearised, mcrg
from blockspin.rg.operators import evaluate, named
from blockspin.samples import to_matrix
from blockspin.sampling.sample import sample
from blockspin.statistics import Estimate

# L = 64, majority with random ties, 200,000 configurations: y_t by the first 1, 2, 3 even operators and y_h by m
Y_T_MAJORITY = (Estimate(0.9112, 0.0020), Estimate(0.9666, 0.0018), Estimate(0.9674, 0.0016))
Y_H_MAJORITY = Estimate(1.88114, 0.00005)


def all_states(lattice: Lattice) -> np.ndarray:
    bits = np.arange(2**lattice.n_sites)[:, None] >> np.arange(lattice.n_sites)
    return (2 * (bits & 1) - 1).astype(np.int8)


@dataclass
class Exact:
    """A model's states with their probabilities, and the joint states of fine and coarse spins."""

    lattice: Lattice
    coarse_lattice: Lattice
    states: np.ndarray
    probability: np.ndarray
    coarse: np.ndarray  # all coarse states
    kernel: np.ndarray  # P(coarse state | state)

    def moments(self, names: list[str]) -> tuple[np.ndarray, np.ndarray]:
        fine = evaluate(named(self.lattice, names), self.states.reshape(-1, *self.lattice.shape))
        coarse = evaluate(named(self.coarse_lattice, names), self.coarse.reshape(-1, *self.coarse_lattice.shape))
        of_coarse = self.probability @ self.kernel
        joint = (self.kernel * self.probability[:, None]).T
        A = coarse.T @ joint @ fine - np.outer(of_coarse @ coarse, self.probability @ fine)
        B = (coarse.T * of_coarse) @ coarse - np.outer(of_coarse @ coarse, of_coarse @ coarse)
        return A, B

    def exponent(self, names: list[str], b: float) -> float:
        return math.log(np.abs(np.linalg.eigvals(linearised(*self.moments(names)))).max()) / math.log(b)


@cache
def exact(lattice: Lattice, b: int, K: float, rule: str) -> Exact:
    """Everything by summing over all states; the kernel of the majority rule halves at each tie."""
    states = all_states(lattice)
    weight = np.exp(-Ising(lattice, K).energy(states))
    coarse = all_states(lattice.coarse(b))
    blocks = states[:, lattice.blocks(b)]
    field = blocks[:, :, 0] if rule == "decimation" else np.sign(blocks.sum(axis=2))
    kernel = np.prod((1 + field[:, None, :] * coarse[None, :, :]) / 2, axis=2)
    return Exact(lattice, lattice.coarse(b), states, weight / weight.sum(), coarse, kernel)


def blocked(spins: np.ndarray, lattice: Lattice, rule: Majority | Decimation) -> np.ndarray:
    """Spins (chain, draw, *sites) after one block step."""
    flat = spins.reshape(-1, lattice.n_sites)
    return rule.fit(flat[:1]).transform(flat).reshape(*spins.shape[:2], *lattice.coarse(rule.b).shape)


def step(spins: np.ndarray, lattice: Lattice, rule: Majority | Decimation, **names: list[str]) -> Spectrum:
    coarse = blocked(spins, lattice, rule)
    return mcrg([spins, coarse], rule.b, lattice=lattice, **names)[0]


def ring(n: int, L: int, K: float, seed: int) -> np.ndarray:
    """Independent states of the Ising ring, exact: bonds s_i s_(i+1) are independent given that their product is 1."""
    random = np.random.default_rng(seed)
    kept: list[np.ndarray] = []
    while sum(map(len, kept)) < n:
        bonds = np.where(random.random((2 * n + 50, L)) < math.exp(K) / (2 * math.cosh(K)), 1, -1).astype(np.int8)
        kept.append(bonds[bonds.prod(axis=1) == 1])
    bonds = np.concatenate(kept)[:n]
    return (bonds.cumprod(axis=1) * random.choice([-1, 1], (n, 1))).astype(np.int8)


@pytest.mark.parametrize("K", [0.2, 0.8])
@pytest.mark.parametrize(("L", "b"), [(12, 2), (15, 3)])
def test_decimation_of_the_ring_is_exact_in_every_moment(L: int, b: int, K: float) -> None:
    # tanh K' = tanh^b K; for b = 2 dK'/dK = tanh 2K and dh'/dh = 1 + tanh 2K at h = 0. No other coupling appears:
    # the first column of T holds the derivative and zeros, whatever other operators are there
    system = exact(Lattice.chain(L), b, K, "decimation")
    t = math.tanh(K)
    slope = b * t ** (b - 1) * (1 - t**2) / (1 - t ** (2 * b))
    if b == 2:
        assert slope == pytest.approx(math.tanh(2 * K))
    even = ["nn", "nnn"]
    for k in (1, 2):
        T = linearised(*system.moments(even[:k]))
        np.testing.assert_allclose(T[:, 0], [slope, 0][:k], atol=1e-10)
    T = linearised(*system.moments(["magnetisation", "triple"]))
    by_susceptibility = 1 + 2 * sum(t**r for r in range(1, b)) / (1 + t**b) if b == 3 else 1 + math.tanh(2 * K)
    np.testing.assert_allclose(T[:, 0], [by_susceptibility, 0], atol=1e-10)


@pytest.mark.parametrize("K", [0.3, KC_SQUARE])
def test_T_is_the_derivative_of_the_coarse_couplings(K: float) -> None:
    # On 2x2 blocks of a 4x4 torus nn, nnn and plaquette are all the even couplings there are: K' follows from ln P'
    # exactly, and B^-1 A must be its derivative. So the definition is tested with ties, in two dimensions.
    lattice = Lattice.square(4)
    system = exact(lattice, 2, K, "majority")
    names = ["nn", "nnn", "plaquette"]
    fine = evaluate(named(lattice, names), system.states.reshape(-1, 4, 4))
    coarse = evaluate(named(lattice.coarse(2), names), system.coarse.reshape(-1, 2, 2))
    basis = np.column_stack([np.ones(len(coarse)), coarse])

    def couplings(change: np.ndarray) -> np.ndarray:
        log_p = np.log((system.probability * np.exp(fine @ change)) @ system.kernel)
        solution, residual = np.linalg.lstsq(basis, log_p)[:2]
        assert float(residual[0]) < 1e-20, "no other coupling"
        return solution[1:]

    size = 1e-5
    derivative = np.column_stack([(couplings(size * e) - couplings(-size * e)) / (2 * size) for e in np.eye(3)])
    np.testing.assert_allclose(linearised(*system.moments(names)), derivative, rtol=1e-6, atol=1e-8)


# 300,000 independent states. Smallest error seen at 4.5 sigma: 0.01 to 0.03 in y_t, 0.002 to 0.005 in y_h
@pytest.mark.parametrize(
    ("lattice", "b", "K", "rule", "even", "odd"),
    [
        (Lattice.square(4), 2, KC_SQUARE, "majority", ["nn", "nnn", "plaquette"], ["magnetisation", "corner"]),
        (Lattice.square(4), 2, 0.3, "decimation", ["nn"], ["magnetisation"]),
        (Lattice.chain(12), 3, 0.6, "majority", ["nn", "nnn"], ["magnetisation"]),
        (Lattice.chain(12), 2, 0.6, "majority", ["nn", "nnn", "third"], ["magnetisation", "triple"]),
        (Lattice.triangular(4), 2, KC_TRIANGULAR, "decimation", ["nn"], ["magnetisation", "triangle"]),
    ],
    ids=str,
)
def test_sampled_exponents_agree_with_the_sum_over_all_states(
    lattice: Lattice, b: int, K: float, rule: str, even: list[str], odd: list[str]
) -> None:
    system = exact(lattice, b, K, rule)
    chosen = np.random.default_rng(1).choice(len(system.states), 300_000, p=system.probability)
    spins = system.states[chosen].reshape(100, 3000, *lattice.shape)
    # states recur on so few sites, so ties need new coins every time
    block_rule = (
        Decimation(lattice, b) if rule == "decimation" else Majority(lattice, b, "random", np.random.RandomState(1))
    )
    found = step(spins, lattice, block_rule, even=even, odd=odd)
    assert (found.even, found.odd) == (tuple(even), tuple(odd))
    for k in range(1, len(even) + 1):
        assert abs(found.y_t_by_operators[k - 1].z(system.exponent(even[:k], b))) < 4.5
    for k in range(1, len(odd) + 1):
        assert abs(found.y_h_by_operators[k - 1].z(system.exponent(odd[:k], b))) < 4.5
    assert found.y_t == found.y_t_by_operators[-1]
    assert found.y_h == found.y_h_by_operators[-1]
    np.testing.assert_allclose(found.T_t, linearised(*system.moments(even)), atol=0.1)
    assert found.y_t.error < 0.03
    assert found.y_h.error < 0.005


@pytest.mark.parametrize("K", [0.5, 0.9])
def test_decimation_of_a_long_ring(K: float) -> None:
    # 1 operator, K = 0.5 (0.9), at 4.5 sigma: sees an error of 0.05 (0.02) in y_t and 0.014 (0.004) in y_h
    lattice = Lattice.chain(64)
    spins = ring(40_000, 64, K, seed=2).reshape(40, 1000, 64)
    found = step(spins, lattice, Decimation(lattice, 2))
    assert found.y_t_by_operators[0].error < 0.015
    assert found.y_h_by_operators[0].error < 0.004
    for estimate in found.y_t_by_operators:
        assert abs(estimate.z(math.log2(math.tanh(2 * K)))) < 4.5
    for estimate in found.y_h_by_operators:
        assert abs(estimate.z(math.log2(1 + math.tanh(2 * K)))) < 4.5


def test_repeated_decimation_follows_the_recursion() -> None:
    lattice, K = Lattice.chain(64), 1.0
    levels = [ring(20_000, 64, K, seed=3).reshape(40, 500, 64)]
    for L in (64, 32, 16):
        levels.append(blocked(levels[-1], Lattice.chain(L), Decimation(Lattice.chain(L), 2)))
    found = mcrg(levels, 2, lattice=lattice, even=["nn"], odd=["magnetisation"])
    assert len(found) == 3
    for level in found:
        assert abs(level.y_t.z(math.log2(math.tanh(2 * K)))) < 4.5
        assert abs(level.y_h.z(math.log2(1 + math.tanh(2 * K)))) < 4.5
        K = math.atanh(math.tanh(K) ** 2)
    (single,) = mcrg(levels[1:3], 2, lattice=Lattice.chain(32), even=["nn"], odd=["magnetisation"])
    assert (single.y_t, single.y_h) == (found[1].y_t, found[1].y_h)


def test_the_critical_ising_model_by_majority_and_decimation() -> None:
    # L = 32, 10,000 configurations; sees an error of 0.035 in y_t and 0.002 in y_h at 4.5 sigma of both errors
    lattice = Lattice.square(32)
    spins = sample(Ising(lattice, KC_SQUARE), 10_000, seed=5).values
    majority = step(spins, lattice, Majority(lattice, 2, random_state=1))
    for estimate, reference in zip(majority.y_t_by_operators, Y_T_MAJORITY, strict=False):
        assert abs(estimate.z(reference)) < 4.5
    assert abs(majority.y_h_by_operators[0].z(Y_H_MAJORITY)) < 4.5
    assert majority.y_t.error < 0.01
    assert majority.y_h.error < 0.0006
    # decimation has no fixed point: y_h lies at 2, far from 15/8, and y_t moves with every operator
    decimation = step(spins, lattice, Decimation(lattice, 2))
    assert decimation.y_h_by_operators[0].value - 1.99 > 4.5 * decimation.y_h_by_operators[0].error
    assert abs(decimation.y_t_by_operators[0].z(Estimate(0.955, 0.005))) < 4.5
    assert abs(decimation.y_t.z(Estimate(1.145, 0.004))) < 4.5
    assert abs(decimation.y_h.z(Estimate(1.947, 0.003))) < 4.5


@pytest.mark.slow
def test_the_critical_ising_model_at_the_published_size() -> None:
    # L = 64, 50,000 configurations; sees an error of 0.02 in y_t (mostly the reference's) and 0.0007 in y_h
    lattice = Lattice.square(64)
    spins = sample(Ising(lattice, KC_SQUARE), 50_000, seed=6).values
    found = step(spins, lattice, Majority(lattice, 2, random_state=1))
    for estimate, reference in zip(found.y_t_by_operators, Y_T_MAJORITY, strict=False):
        assert abs(estimate.z(reference)) < 4.5
    assert abs(found.y_h_by_operators[0].z(Y_H_MAJORITY)) < 4.5
    assert found.y_t.error < 0.006
    assert found.y_h.error < 0.0003


def test_uncorrelated_spins_of_the_cubic_lattice() -> None:
    # K = 0, where blocks are independent: dK'/dK = 4 <s s'>^2 (4 bonds between blocks) and dh'/dh = 8 <s s'>, with
    # <s s'> = (8 choose 4)/2^8 of a majority of 8 with fair ties. 200,000 configurations of 4^3 see an error of 7 % in
    # the first and 0.9 % in the second at 4.5 sigma. Seen to fail: ties always up (42 sigma), nnn in place of nn (27)
    overlap = math.comb(8, 4) / 2**8
    lattice = Lattice.cubic(4)
    spins = 2 * np.random.default_rng(6).integers(0, 2, (100, 2000, 4, 4, 4), np.int8) - 1
    found = step(spins, lattice, Majority(lattice, 2, random_state=1), even=["nn"], odd=["magnetisation"])
    assert abs(found.y_t.z(math.log2(4 * overlap**2))) < 4.5
    assert abs(found.y_h.z(math.log2(8 * overlap))) < 4.5
    assert found.y_t.error < 0.025
    assert found.y_h.error < 0.0035


@pytest.mark.slow
def test_the_critical_ising_model_in_three_dimensions() -> None:
    # L = 16, errors of 0.003 and 0.0006. Two steps of the plain majority rule do not reach the fixed point (they
    # converge slowly: Ron, Brandt and Swendsen 2017), so only the approach to 1.5874 and 2.4818 is asked. Over five
    # seeds of 10,000 the steps have y_t = 1.439(1) and 1.555(5), which is 5 of the errors here above what is asked
    samples = sample(Ising(Lattice.cubic(16), KC_CUBIC), 100_000, seed=1)
    levels = [samples.values]
    for L in (16, 8):
        levels.append(blocked(levels[-1], Lattice.cubic(L), Majority(Lattice.cubic(L), 2, random_state=1)))
    first, second = mcrg(levels, 2, lattice=Lattice.cubic(16))
    assert abs(second.y_t.value - 1.5874) < abs(first.y_t.value - 1.5874) / 3
    assert second.y_t.error < 0.004
    assert abs(second.y_h.value - 2.4818) < 0.025
    assert abs(first.y_h.value - 2.4818) < 0.03


def test_jackknife_errors_are_the_spread_over_repetitions() -> None:
    # 200 rings of 2000 states: the spread of z is known to 5 %, so errors wrong by a quarter are seen at 4.5 sigma
    lattice, K = Lattice.chain(16), 0.5
    spins = ring(400_000, 16, K, seed=4).reshape(200, 20, 100, 16)
    y_t, y_h = math.log2(math.tanh(2 * K)), math.log2(1 + math.tanh(2 * K))
    found = [step(some, lattice, Decimation(lattice, 2), even=["nn", "nnn"]) for some in spins]
    z = np.array([(one.y_t.z(y_t), one.y_h.z(y_h)) for one in found])
    np.testing.assert_array_less(np.abs(z.mean(axis=0)), 4.5 / math.sqrt(200))
    np.testing.assert_array_less(np.abs(z.std(axis=0) - 1), 4.5 / math.sqrt(2 * 200))


def test_repeated_draws_do_not_shrink_the_error() -> None:
    lattice = Lattice.chain(16)
    spins = ring(2000, 16, 0.5, seed=5).reshape(20, 100, 16)
    once = step(spins, lattice, Decimation(lattice, 2))
    ten_times = step(np.repeat(spins, 10, axis=1), lattice, Decimation(lattice, 2))
    for one, many in ((once.y_t, ten_times.y_t), (once.y_h, ten_times.y_h)):
        assert (many.value, many.error) == pytest.approx((one.value, one.error))


def test_many_chains_are_grouped() -> None:
    # 2000 chains of 1 draw make 50 groups, 1999 of them nearly: the error changes within its own, 1/sqrt(2 49) = 10 %
    lattice = Lattice.chain(16)
    spins = ring(2000, 16, 0.5, seed=6)
    few = step(spins.reshape(50, 40, 16), lattice, Decimation(lattice, 2))
    many = step(spins.reshape(2000, 1, 16), lattice, Decimation(lattice, 2))
    assert (many.y_t.value, many.y_t.error) == pytest.approx((few.y_t.value, few.y_t.error))
    odd = step(spins[1:].reshape(1999, 1, 16), lattice, Decimation(lattice, 2))
    assert odd.y_t.error == pytest.approx(few.y_t.error, rel=0.1)


def undefined(found: Spectrum) -> tuple[str, str]:
    assert math.isnan(found.y_t.value) == math.isnan(found.y_t.error) == bool(found.why_t)
    assert math.isnan(found.y_h.value) == math.isnan(found.y_h.error) == bool(found.why_h)
    return found.why_t, found.why_h


def test_what_the_data_cannot_support_is_not_given() -> None:
    fine = Lattice.chain(16)
    spins = ring(4000, 16, 0.7, seed=7).reshape(40, 100, 16)
    blocks = spins[:, :, ::2]

    def of(values: np.ndarray, **names: list[str]) -> tuple[str, str]:
        return undefined(mcrg([spins, values], 2, lattice=fine, **names)[0])

    assert of(blocks) == ("", "")
    dead = (
        "operator 'nn' is constant on the coarse lattice",
        "operator 'magnetisation' is constant on the coarse lattice",
    )
    assert of(np.ones_like(blocks)) == dead
    # the same blocks with every second one turned over: nn counts backwards
    staggered = blocks * np.where(np.arange(8) % 2, -1, 1).astype(np.int8)
    why, _ = of(staggered, even=["nn"])
    assert why.startswith("the leading eigenvalue is negative: -0.8")
    noise = np.random.default_rng(1).choice(np.array([-1, 1], np.int8), blocks.shape)
    for why in of(noise, even=["nn"], odd=["magnetisation"]):
        assert "is within 4 standard errors of 0" in why


def test_dependent_operators_are_named_and_smaller_sets_keep_their_number() -> None:
    # on a ring of 4 the third neighbour is the nearest
    lattice = Lattice.chain(8)
    spins = ring(4000, 8, 0.7, seed=8).reshape(40, 100, 8)
    found = step(spins, lattice, Decimation(lattice, 2))
    assert undefined(found) == ("operators nn, nnn, third are dependent on the coarse lattice", "")
    assert [math.isnan(estimate.value) for estimate in found.y_t_by_operators] == [False, False, True]
    assert np.isnan(found.T_t).all()


def test_a_complex_leading_eigenvalue_is_no_exponent() -> None:
    # coarse rings chosen so that their nn follows the fine nnn, and their nnn the fine nn with the sign turned
    lattice = Lattice.chain(16)
    operators = named(lattice, ["nn", "nnn"])
    spins = ring(4000, 16, 0.0, seed=9)
    pool = ring(4000, 16, 0.0, seed=10)
    category = (evaluate(operators, pool) > 0) @ [2, 1]
    wanted = np.column_stack([evaluate(operators, spins)[:, 1] > 0, evaluate(operators, spins)[:, 0] <= 0]) @ [2, 1]
    random = np.random.default_rng(1)
    coarse = np.array([pool[random.choice(np.flatnonzero(category == one))] for one in wanted])
    shape = (40, 100, 16)
    levels = [spins.reshape(shape), coarse.reshape(shape)]
    (found,) = mcrg(levels, 2, lattice=lattice, even=["nn", "nnn"], odd=["magnetisation"])
    assert undefined(found)[0].startswith("the leading eigenvalue is complex: ")


def test_what_does_not_fit_is_named() -> None:
    fine = Lattice.square(8)
    spins = np.ones((3, 2, 8, 8), np.int8)
    blocks = np.ones((3, 2, 4, 4), np.int8)

    def call(a: np.ndarray = spins, c: np.ndarray = blocks, b: float = 2, **names: list[str]) -> Spectrum:
        return mcrg([a, c], b, lattice=fine, **names)[0]

    with pytest.raises(ValueError, match=r"spins of a square 8x8 lattice have shape \(chain, draw, 8, 8\); got"):
        call(a=blocks)
    with pytest.raises(ValueError, match=r"same chains and draws; got \(3, 2\) and \(2, 2\)"):
        call(c=blocks[:2])
    with pytest.raises(ValueError, match="must be above 1; got 1"):
        call(b=1)
    with pytest.raises(ValueError, match=r"even .*'corner'"):
        call(even=["nn", "corner"])
    with pytest.raises(ValueError, match="odd"):
        call(odd=[])
    with pytest.raises(ValueError, match="'triple'"):
        call(odd=["triple"])
    random = np.random.default_rng(1).choice(np.array([-1, 1], np.int8), (1, 50, 8, 8))
    with pytest.raises(ValueError, match="at least 2 chains; got 1"):
        call(random, random[:, :, ::2, ::2])
    with pytest.raises(ValueError, match=r"-1.*\+1"):
        call(c=0 * blocks)
    with pytest.raises(ValueError, match="a chain lattice has 1 extent"):
        mcrg([spins, blocks], 2, lattice=Lattice.chain(16))
    with pytest.raises(ValueError, match=r"at least 2 levels, .*; got 1"):
        mcrg([spins], 2, lattice=fine)


def test_samples_serve_as_they_are() -> None:
    lattice = Lattice.square(8)
    samples = sample(Ising(lattice, 0.3), 200, seed=1)
    coarse = Majority(lattice, 2, random_state=1).fit_transform(to_matrix(samples)).reshape(*samples.shape[:2], 4, 4)
    found = mcrg([samples, coarse], 2, lattice=lattice)[0]
    assert found.even == ("nn", "nnn", "third", "plaquette")
    assert found.odd == ("magnetisation", "corner")
    assert found.y_h.error > 0
    assert "samples of K = 0.3, not of Kc" in str(found)  # they say themselves that they are not critical
    assert not mcrg([samples.values, coarse], 2, lattice=lattice)[0].note
