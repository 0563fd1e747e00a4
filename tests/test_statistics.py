"""Errors against closed forms: jackknife, autocorrelation time of AR(1), R-hat, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats
from scipy.signal import lfilter

from blockspin.statistics import (
    Estimate,
    autocorrelation,
    autocorrelation_time,
    brackets,
    certain,
    effective_sample_size,
    jackknife,
    mean_over_chains,
    mean_over_seeds,
    nested_r_hat,
    r_hat,
)
from oracles.blocking import blocking


def ar1(phi: float, chains: int, steps: int, seed: int) -> np.ndarray:
    """x_t = phi x_(t-1) + noise in equilibrium, unit variance: rho(t) = phi^t, tau = (1 + phi) / (2 (1 - phi))."""
    random = np.random.default_rng(seed)
    noise = random.normal(size=(chains, steps)) * math.sqrt(1 - phi**2)
    noise[:, 0] = random.normal(size=chains)
    series: np.ndarray = lfilter([1], [1, -phi], noise, axis=1)
    return series


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (0.963, 0.006, "0.963(6)"),
        (0.9634, 0.0012, "0.9634(12)"),
        (0.9634, 0.00194, "0.9634(19)"),
        (0.9634, 0.00196, "0.963(2)"),
        (-1.4, 0.3, "-1.4(3)"),
        (1.23456, 0.00999, "1.235(10)"),  # rounds to a 1, so two digits
        (1.23, 0.96, "1.2(10)"),
        (1234.0, 300.0, "1200(300)"),
        (123.4, 12.0, "123(12)"),
        (5.0, 1.0, "5.0(10)"),
        (1e-9, 3e-11, "0.00000000100(3)"),
        (-2.46e-15, 1.6e-16, "0"),
        (1e-17, 2.1e-15, "0"),
        (0.0, 5e-324, "0"),
        (2.0, 0.0, "2"),
        (1 / 3, 0.0, "0.333333"),
        (0.0, 0.0, "0"),
        (1.0, 1e-12, "1"),
        (0.5, math.nan, "0.5"),
        (math.nan, 0.1, "not defined"),
        (math.inf, 0.1, "not defined"),
    ],
)
def test_brackets_hold_the_error_on_the_last_digits(value: float, error: float, text: str) -> None:
    assert brackets(value, error) == text
    assert str(Estimate(value, error)) == text


@settings(max_examples=300)
@given(value=st.floats(-1e6, 1e6), error=st.floats(1e-4, 1e4))
def test_brackets_read_back(value: float, error: float) -> None:
    text = brackets(value, error)
    if "(" not in text:
        return
    shown, digits = text.rstrip(")").split("(")
    unit = 10.0 ** -len(shown.partition(".")[2])
    assert float(digits) * unit == pytest.approx(error, rel=0.26)
    assert abs(float(shown) - value) <= 0.5001 * error
    assert len(digits.rstrip("0")) <= 2


def test_the_distance_in_errors_counts_both() -> None:
    assert Estimate(1.3, 0.1).z(1.0) == pytest.approx(3)
    assert Estimate(1.0, 0.3).z(Estimate(2.0, 0.4)) == pytest.approx(-2)


def test_the_distance_of_exact_numbers() -> None:
    exact = Estimate(1.0, 0.0)
    assert (exact.z(1.0), exact.z(2.0), exact.z(0.5)) == (0.0, -math.inf, math.inf)


@settings(max_examples=50)
@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=20))
def test_the_jackknife_of_a_mean_is_the_standard_error(values: list[float]) -> None:
    value, error = jackknife(values)
    data = np.array(values)
    assert value == pytest.approx(data.mean(), abs=1e-9)
    assert error == pytest.approx(data.std(ddof=1) / math.sqrt(len(data)), abs=1e-9)


def test_the_jackknife_of_a_square_against_its_closed_form() -> None:
    # leaving out x_i: mean - d_i / (n - 1) with d_i = x_i - mean, so theta_i = (mean - d_i / (n - 1))^2
    data = np.random.default_rng(1).normal(3, 1, (12, 2))
    n, mean = len(data), data.mean(axis=0)
    value, error = jackknife(data, lambda m: m**2)
    theta = (mean - (data - mean) / (n - 1)) ** 2
    np.testing.assert_allclose(value, mean**2)
    np.testing.assert_allclose(error, np.sqrt((n - 1) / n * ((theta - theta.mean(axis=0)) ** 2).sum(axis=0)))


def test_jackknife_errors_of_a_ratio_are_the_spread_over_repetitions() -> None:
    # 2000 repetitions of 20 chains: the spread of z is known to 2 %, so errors wrong by 8 % are seen at 4.5 sigma;
    # z of 20 chains follows Student's t with 19 degrees of freedom, whose standard deviation is sqrt(19/17) = 1.057
    random = np.random.default_rng(2)
    data = random.normal([2.0, 5.0], [0.3, 0.5], (2000, 20, 2))
    found = [jackknife(chains, lambda m: m[0] / m[1]) for chains in data]
    z = np.array([(value - 0.4) / error for value, error in found])
    assert abs(z.mean()) < 4.5 * z.std() / math.sqrt(2000)
    assert abs(z.std() / math.sqrt(19 / 17) - 1) < 4.5 / math.sqrt(2 * 2000) * 1.1  # the tails are a little longer


def test_one_chain_gives_no_error() -> None:
    for values in ([1.0], 1.0, np.ones((1, 5))):
        with pytest.raises(ValueError, match="jackknife"):
            jackknife(values)


def test_the_mean_over_seeds_has_the_error_of_its_scatter() -> None:
    found = mean_over_seeds([1.0, 2.0, 6.0])
    assert (found.value, found.error) == pytest.approx((3.0, math.sqrt(7 / 3)))
    assert math.isnan(mean_over_seeds([1.0]).error)
    assert math.isnan(mean_over_seeds([1.0, math.nan]).value)


def test_chains_are_what_counts_not_draws() -> None:
    # draws repeated within a chain must not shrink the error
    data = np.random.default_rng(3).normal(size=(10, 4))
    once, often = mean_over_chains(data), mean_over_chains(np.repeat(data, 50, axis=1))
    assert once.value == pytest.approx(often.value)
    assert once.error == pytest.approx(often.error)
    assert once.error == pytest.approx(data.mean(axis=1).std(ddof=1) / math.sqrt(10))


@pytest.mark.parametrize("phi", [0.0, 0.5, 0.9, 0.97])
@pytest.mark.parametrize("chains", [1, 20])
def test_autocorrelation_time_of_ar1(phi: float, chains: int) -> None:
    # 40 series of 20,000 steps: the mean of z is known to 1/sqrt(40). The rule for the window balances the bias of the
    # cut sum against the error: 0.6 errors of bias are allowed, so 1.3 errors of one series are seen, which is 2 % of
    # tau at phi = 0, 5 % at 0.5 and 23 % at 0.97
    exact = (1 + phi) / (2 * (1 - phi))
    found = [autocorrelation_time(ar1(phi, chains, 20_000 // chains, seed)) for seed in range(40)]
    z = np.array([(one.tau - exact) / one.error for one in found])
    assert abs(z.mean()) < 0.6 + 4.5 / math.sqrt(40)
    assert np.abs(z).max() < 5
    assert 0.5 < z.std() < 1.5
    assert all(one.window > exact for one in found)


def test_autocorrelation_against_its_definition() -> None:
    # pairs t apart within a chain, about the mean of all chains; the last step does not meet the first
    data = ar1(0.5, 3, 12, seed=4)
    deviation = data - data.mean()
    pairs = [(deviation[:, : 12 - t] * deviation[:, t:]).mean() for t in range(12)]
    np.testing.assert_allclose(autocorrelation(data), np.array(pairs) / pairs[0], atol=1e-12)


def test_autocorrelation_is_the_power_of_phi() -> None:
    # 400 chains of 1000 steps; sees 0.03 in any of the first ten rho at 4.5 sigma
    rho = autocorrelation(ar1(0.8, 400, 1000, seed=5))
    assert rho[0] == 1
    np.testing.assert_allclose(rho[:10], 0.8 ** np.arange(10), atol=0.03)


def test_a_constant_series_has_no_correlation_and_does_not_divide_by_zero() -> None:
    rho = autocorrelation(np.full((3, 50), 0.1))
    assert rho[0] == 1
    assert (rho[1:] == 0).all()
    assert autocorrelation_time(np.full((3, 50), 0.1)).tau == 0.5


def test_chains_that_disagree_are_correlated_in_time() -> None:
    # about their own means the chains look independent; about the common one they never forget where they are
    stuck = ar1(0.0, 4, 2000, seed=6) + np.array([[-3.0], [-3.0], [3.0], [3.0]])
    with pytest.raises(ValueError, match="too few"):
        autocorrelation_time(stuck)


def test_short_chains_are_refused() -> None:
    # tau = 49.5; 1000 steps are 20 of them
    with pytest.raises(ValueError, match=r"1000.*50.*\d"):
        autocorrelation_time(ar1(0.98, 1, 1000, seed=1))
    with pytest.raises(ValueError, match="8 steps"):
        autocorrelation_time(ar1(0.999, 100, 8, seed=1))
    with pytest.raises(ValueError, match="too few"):
        effective_sample_size(ar1(0.98, 1, 1000, seed=1))


def test_effective_sample_size_gives_the_error_of_the_mean() -> None:
    # 400 chains of 1000 steps at phi = 0.8, tau = 4.5: the spread of the chain means is 1 / sqrt(1000 / 9), to 3.5 %
    data = ar1(0.8, 400, 1000, seed=7)
    assert effective_sample_size(data) == pytest.approx(data.size / 9, rel=0.05)
    spread = data.mean(axis=1).std(ddof=1)
    assert spread * math.sqrt(effective_sample_size(data[:20]) / 20) == pytest.approx(1, rel=0.25)


def test_anticorrelated_series_are_not_given_more_draws_than_they_have() -> None:
    data = ar1(-0.5, 20, 1000, seed=8)
    assert autocorrelation_time(data).tau == 0.5
    assert effective_sample_size(data) == data.size


def test_r_hat_against_its_definition() -> None:
    data = ar1(0.5, 6, 40, seed=9)
    halves = data.reshape(12, 20)
    W, B_over_n = halves.var(axis=1, ddof=1).mean(), halves.mean(axis=1).var(ddof=1)
    assert r_hat(data) == pytest.approx(math.sqrt((19 / 20 * W + B_over_n) / W))
    assert r_hat(1e-200 * data) == pytest.approx(r_hat(data))


def test_r_hat_tells_whether_chains_agree() -> None:
    data = np.random.default_rng(10).normal(size=(8, 1000))
    assert 0.999 < r_hat(data) < 1.01
    assert r_hat(data + 2 * np.arange(8)[:, None]) > 3  # chains apart
    assert r_hat(data + np.linspace(-3, 3, 1000)) > 1.5  # chains together, but still on their way
    assert math.isinf(r_hat(np.repeat([[1.0], [-1.0]], 10, axis=1)))  # frozen apart
    assert math.isnan(r_hat(np.ones((4, 10))))
    assert math.isnan(r_hat(np.random.default_rng(1).normal(size=(4, 3))))


@pytest.mark.parametrize("chains", [1, 16])
@pytest.mark.parametrize("phi", [0.0, 0.5, 0.9, 0.97])
def test_blocking_gives_the_error_of_ar1(phi: float, chains: int) -> None:
    # unit variance: error^2 = 2 tau/n. Blocks at the plateau leave a bias of a few per cent; 40 series of 2^15 steps
    # know the mean error to 1 % (phi = 0) and 3 % (0.97)
    n = 2**15
    found = [blocking(ar1(phi, chains, n // chains, seed)) for seed in range(40)]
    exact = math.sqrt((1 + phi) / (1 - phi) / n)
    errors = np.array([one.estimate.error for one in found])
    assert 0.88 < errors.mean() / exact < 1.06
    spread = np.mean([one.error_of_error for one in found])
    assert 0.5 < errors.std() / spread < 2
    z = np.array([one.estimate.z(0.0) for one in found])
    assert abs(z.mean()) < 4.5 / math.sqrt(40)
    assert 0.6 < z.std() < 1.5
    assert all(one.block >= 2 * (1 + phi) / (2 * (1 - phi)) for one in found)
    assert all(one.blocks * one.block <= n for one in found)


def test_blocking_against_its_definition() -> None:
    data = ar1(0.6, 2, 1024, seed=3)
    found = blocking(data)
    blocks = data.reshape(2, -1, found.block).mean(axis=2).ravel()
    assert found.blocks == len(blocks)
    assert found.estimate.value == pytest.approx(data.mean())
    assert found.estimate.error == pytest.approx(blocks.std() / math.sqrt(len(blocks) - 1))
    assert blocking(np.full(100, 0.3)).estimate.error == pytest.approx(0)


def test_blocking_refuses_series_that_are_too_short() -> None:
    # tau = 49.5: 2000 steps are 40 of them
    with pytest.raises(ValueError, match=r"2000.*blocking.*32"):
        blocking(ar1(0.98, 1, 2000, seed=1))
    with pytest.raises(ValueError, match="20"):
        blocking(np.arange(20.0))
    with pytest.raises(ValueError, match="got shape"):
        blocking(np.zeros((2, 3, 4)))


def test_many_short_chains_know_their_effective_size() -> None:
    # AR(1): the variance of the mean of 4 draws is (1/16) sum_ij phi^|i - j|; 2000 chains know a variance to 3 %
    phi, chains = 0.3, 2000
    lag = np.abs(np.subtract.outer(np.arange(4), np.arange(4)))
    expected = chains / (phi**lag).mean()
    assert effective_sample_size(ar1(phi, chains, 4, seed=3)) == pytest.approx(expected, rel=0.15)
    with pytest.raises(ValueError, match="too few"):
        effective_sample_size(ar1(phi, 8, 4, seed=3))


def test_nested_r_hat_sees_groups_that_differ_and_no_others() -> None:
    series, groups = ar1(0.9, 400, 8, seed=1), np.arange(400) % 2
    # under agreement B/W is about tau-free: var of a group's mean over W, 1/200, give or take
    assert 1 <= nested_r_hat(series, groups) < 1.02
    assert nested_r_hat(series + 0.5 * groups[:, None], groups) == pytest.approx(math.sqrt(1 + 0.125), abs=0.05)
    assert math.isnan(nested_r_hat(np.ones((8, 3)), np.arange(8) % 2))
    assert nested_r_hat(np.ones((8, 3)) * (np.arange(8) % 2)[:, None], np.arange(8) % 2) == math.inf
    with pytest.raises(ValueError, match="two groups"):
        nested_r_hat(series, np.zeros(400))


@pytest.mark.parametrize("errors", [2.0, 4.0, 5.0])
@pytest.mark.parametrize("n", [2, 3, 20, 500, 10**6])
def test_certainty_is_a_quantile_of_students_t(n: int, errors: float) -> None:
    bound = scipy_stats.t.ppf(scipy_stats.norm.cdf(errors), n - 1)
    for sign in (-1, 1):
        assert [certain(sign * bound * near, 1.0, n, errors) for near in (0.999, 1.001)] == [False, True]


def test_two_chains_that_happen_to_be_alike_are_no_certainty() -> None:
    # the mean of two over its error has Cauchy's distribution: beyond 5 errors are 13 % of them, and 4 in 10 million
    # beyond what is certain; 200,000 pairs: none or one
    pairs = np.random.default_rng(1).normal(size=(2, 200_000))
    z = pairs.mean(axis=0) / (np.abs(pairs[0] - pairs[1]) / 2)
    assert (np.abs(z) > 5).mean() == pytest.approx(2 / np.pi * np.arctan(1 / 5), rel=0.05)
    assert sum(certain(one, 1.0, 2, 5.0) for one in z) <= 1
    many = np.random.default_rng(2).normal(size=(50, 20_000))
    z = many.mean(axis=0) / (many.std(axis=0, ddof=1) / np.sqrt(50))
    share = 2 * scipy_stats.norm.cdf(-2.0)  # as often as a Gaussian, whatever the number of chains
    assert np.mean([certain(one, 1.0, 50, 2.0) for one in z]) == pytest.approx(share, abs=4.5 * np.sqrt(share / 20_000))


def test_parts_that_are_all_alike_are_no_certainty_unless_they_are_many() -> None:
    assert [certain(0.1, 0.0, n, 5.0) for n in (2, 7, 8)] == [False, False, True]
    assert not certain(0.0, 0.0, 20, 5.0)
