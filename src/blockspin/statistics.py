"""Numbers with errors: Estimate, jackknife over chains, autocorrelation time, R-hat, effective sample size."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from blockspin import checks
from blockspin.arrays import FloatArray

GROUPS = 50  # of chains at most, for a jackknife that recomputes much
ALIKE = 8  # parts that are no longer alike by chance
SHORTEST = 50  # autocorrelation times that a series must cover
MANY = 32  # chains that give the variance of their means to a quarter


@dataclass(frozen=True)
class Estimate:
    """A value with its standard error, in the same units; prints as 0.963(6).

    Parameters
    ----------
    value, error : float
        Blocks, why and warned are not compared, printed or stored.
    blocks : array or None
        The value without each group of chains, (groups,), None where the error is no jackknife's. `jackknife_error` of
        a function of the blocks of the same samples is its error.
    why, warned : str, Estimate or None
        "" or why the number was refused, and then nan; the number that was refused, if any, part of no verdict.

    Examples
    --------
    >>> y_t = bs.Estimate(0.963, 0.006)
    >>> print(y_t, f"{y_t.z(1):.1f}")
    0.963(6) -6.2
    """

    value: float
    error: float
    blocks: FloatArray | None = field(default=None, repr=False, compare=False, kw_only=True)
    why: str = field(default="", repr=False, compare=False, kw_only=True)
    warned: Estimate | None = field(default=None, repr=False, compare=False, kw_only=True)

    def __str__(self) -> str:
        return brackets(self.value, self.error)

    def z(self, reference: float | Estimate) -> float:
        """Distance to a reference in standard errors (of both, where both have one); infinite where neither has any."""
        known = checks.number("reference", getattr(reference, "value", reference), infinite=True)
        other = reference if isinstance(reference, Estimate) else Estimate(known, 0.0)
        distance, error = self.value - other.value, math.hypot(self.error, other.error)
        if error == 0:
            return math.copysign(math.inf, distance) if distance else 0.0
        return distance / error


UNDEFINED = Estimate(math.nan, math.nan)  # where there is no number


def with_blocks(value: ArrayLike, without: FloatArray, error: float | None = None) -> Estimate:
    """The estimate of a value and of its blocks, which give the error unless it is given."""
    own = jackknife_error(without) if error is None else error
    return Estimate(float(np.asarray(value)), float(own), blocks=without)


def refused(why: str, warned: Estimate | None = None) -> Estimate:
    """Not-a-number that says why, and keeps the number that it replaces where there is one."""
    return Estimate(math.nan, math.nan, why=why, warned=warned)


def brackets(value: float, error: float) -> str:
    """The value with its error on the last digits, 0.963(6); two digits where the first would be 1."""
    if not math.isfinite(value):
        return "not defined"
    if not math.isfinite(error) or error <= 1e-9 * abs(value):  # rounding is no error bar
        return f"{value:.6g}"
    if max(abs(value), error) < 1e-12:
        return "0"  # rounding, of numbers of order 1
    digits = -math.floor(math.log10(error))
    if round(error * 10**digits) == 10:
        digits -= 1
    if error * 10**digits < 1.95:
        digits += 1
    if digits <= 0:
        return f"{round(value, digits):.0f}({round(error, digits):.0f})"
    return f"{value:.{digits}f}({round(error * 10**digits)})"


def jackknife(
    values: ArrayLike, statistic: Callable[[FloatArray], ArrayLike] | None = None
) -> tuple[FloatArray, FloatArray]:
    """A function of means with its error, leaving out one chain at a time.

    values: (chain, ...) per-chain means (or sums with equal weights); statistic maps the mean over chains
    (shape ...) to an array, the identity unless given. Returns (value, error), the shape of the statistic;
    error^2 = (n - 1)/n sum_i (theta_i - mean theta)^2. Raises ValueError for fewer than two chains.
    Source: Efron, The Jackknife, the Bootstrap and Other Resampling Plans (SIAM, 1982).
    """
    full, without = leave_one_out(values, statistic)
    return full, jackknife_error(without)


def leave_one_out(
    values: ArrayLike, statistic: Callable[[FloatArray], ArrayLike] | None = None
) -> tuple[FloatArray, FloatArray]:
    """The statistic of `jackknife`, and the same without each of n chains, (n, ...)."""
    data = np.asarray(values, float)
    n = data.shape[0] if data.ndim else 0
    if n < 2:
        raise ValueError(f"a jackknife over chains needs at least 2 chains; got {n}")
    function = statistic if statistic is not None else lambda mean: mean
    total = data.sum(axis=0)
    full = np.asarray(function(total / n), float)
    return full, np.array([np.asarray(function((total - chain) / (n - 1)), float) for chain in data])


def jackknife_error(left_out: ArrayLike) -> FloatArray:
    """The error of what was estimated once without each of n groups, (n, ...): as `jackknife` says, shape (...)."""
    values = np.asarray(left_out, float)
    n = len(values)
    error: FloatArray = np.sqrt((n - 1) / n * ((values - values.mean(axis=0)) ** 2).sum(axis=0))
    return error


def certain(distance: float, error: float, n: int, errors: float) -> bool:
    """Whether a distance is as unlikely as so many errors, its own error being from the spread of n independent parts.

    |distance| / error is compared with the quantile of Student's t for n - 1 degrees of freedom at the probability that
    a Gaussian exceeds `errors`. Parts that are all alike have no error: fewer than `ALIKE` of them are no certainty.
    """
    if error == 0:
        return distance != 0 and n >= ALIKE
    return abs(distance) / error > errors * student(n, errors)


def student(n: int, errors: float) -> float:
    """How many times wider a bound of so many errors is where the error is from the spread of n independent parts.

    The quantile of Student's t for n - 1 degrees of freedom over that of a Gaussian at the same probability: 2.3 for
    3 parts and 2 errors, 1 for many; infinite for one part.
    """
    from scipy.special import ndtr, stdtrit  # here: laying out a run needs numbers with errors and no scipy

    return float(-stdtrit(n - 1, ndtr(-errors)) / errors) if n > 1 else math.inf


def mean_over_chains(values: ArrayLike) -> Estimate:
    """The mean of a scalar observed as (chain, draw), with the error from the spread of the chain means.

    Raises ValueError for fewer than two chains.
    """
    return with_blocks(*leave_one_out(np.asarray(values, float).mean(axis=1)))


def mean_over_seeds(values: ArrayLike) -> Estimate:
    """The mean of independent numbers (n,), with its standard error from their scatter; nan where one is nan."""
    found = np.asarray(values, float)
    error = found.std(ddof=1) / math.sqrt(len(found)) if len(found) > 1 else math.nan
    return Estimate(float(found.mean()), float(error))


def mean_over_trainings(some: Sequence[Estimate], *, own: bool = False) -> tuple[Estimate, float, float]:
    """The mean with the error of both sources, and the two: of sampling, and between trainings.

    Trainings may share their samples, so the first is the root mean square of their errors, and no smaller for more of
    them; it is left out where there is none. The second is the standard error of their scatter, nan for one training.
    own: each training's error is independent of the others', as that over its own units. Then the scatter holds it:
    the mean's error is the second alone. The first is then that of the mean, and falls with their number.
    """
    values, errors = (np.array([getattr(one, name) for one in some], float) for name in ("value", "error"))
    of_samples = errors[np.isfinite(errors)]
    sampling = float(np.sqrt(np.mean(of_samples**2))) if of_samples.size else math.nan
    mean = mean_over_seeds(values)
    if own and math.isfinite(mean.error):
        return mean, sampling / math.sqrt(len(values)), mean.error
    known = [error for error in (sampling, mean.error) if math.isfinite(error)]
    return Estimate(mean.value, math.hypot(*known) if known else math.nan), sampling, mean.error


@dataclass(frozen=True)
class AutocorrelationTime:
    """Integrated autocorrelation time in steps, tau = 1/2 + sum_t rho(t), its error and the window used."""

    tau: float
    error: float
    window: int


def autocorrelation(values: ArrayLike) -> FloatArray:
    """The normalised autocorrelation function rho(t) of a scalar observed as (chain, step), averaged over chains.

    Fluctuations are taken about the mean of all chains. A constant series has rho = 0 beyond t = 0.
    """
    data = np.atleast_2d(np.asarray(values, float))
    n_steps = data.shape[1]
    if np.ptp(data) == 0:  # its mean may round, and leave a fluctuation of one ulp
        return np.asarray(np.eye(1, n_steps)[0])
    deviation = (data - data.mean()) / np.ptp(data)  # of order 1, so that no square underflows
    spectrum = np.fft.rfft(deviation, n=2 * n_steps, axis=1)
    covariance = np.fft.irfft(np.abs(spectrum) ** 2, axis=1)[:, :n_steps].mean(axis=0)
    covariance /= n_steps - np.arange(n_steps)
    rho: FloatArray = covariance / covariance[0]
    return rho


def autocorrelation_time(values: ArrayLike) -> AutocorrelationTime:
    """The integrated autocorrelation time of a scalar observed as (chain, step), by the Gamma method.

    tau = 1/2 + sum_{t=1}^{W} rho(t); the window W is the first where exp(-W/t_W) - t_W/sqrt(W N) < 0 with
    t_W = 1.5 / ln((2 tau + 1)/(2 tau - 1)); error^2 = 4/N (W + 1/2 - tau) tau^2.
    Raises ValueError where the chains are shorter than 50 tau in all: the data cannot support a number.
    Source: U. Wolff, Comput. Phys. Commun. 156, 143 (2004), eqs 35, 42, 51-52.
    """
    data = np.atleast_2d(np.asarray(values, float))
    total = data.size
    rho = autocorrelation(data)
    tau = 0.5
    for window in range(1, data.shape[1]):
        tau += rho[window]
        decay = 1.5 / math.log((2 * tau + 1) / (2 * tau - 1)) if tau > 0.5 else 1e-12
        if math.exp(-window / decay) < decay / math.sqrt(window * total):
            break
    else:
        raise ValueError(f"no window found: {data.shape[1]} steps a chain are too few to see the correlation decay")
    tau = max(tau, 0.5)
    if total < SHORTEST * tau:
        raise ValueError(
            f"{total} steps are too few for an autocorrelation time: at least {SHORTEST} tau are needed "
            f"and tau is about {tau:.1f}"
        )
    return AutocorrelationTime(tau, 2 * tau * math.sqrt(max(window + 0.5 - tau, 0.0) / total), window)


def r_hat(values: ArrayLike) -> float:
    """Split R-hat of a scalar observed as (chain, draw): 1 where all halves of all chains agree.

    Each chain is halved; R^2 = ((n-1)/n W + B/n) / W with W the mean variance within and B/n the variance of
    the means of the halves of n draws. nan where a chain has fewer than 4 draws or nothing varies; infinite where
    the halves differ and none varies within, as of chains frozen apart.
    Source: Gelman et al., Bayesian Data Analysis, 3rd ed., section 11.4.
    """
    data = np.asarray(values, float)
    n = data.shape[1] // 2
    if n < 2:
        return math.nan
    halves = np.concatenate([data[:, :n], data[:, -n:]])
    if np.ptp(halves, axis=1).max() == 0:
        return math.nan if np.ptp(halves) == 0 else math.inf
    halves = halves / np.ptp(halves)
    within = halves.var(axis=1, ddof=1).mean()
    between = halves.mean(axis=1).var(ddof=1)
    return math.sqrt((n - 1) / n + between / within)


def nested_r_hat(values: ArrayLike, groups: ArrayLike) -> float:
    """R-hat of many short chains in groups that started alike: 1 where the groups agree.

    values (chain, draw), groups (chain,) the group of each chain. R^2 = 1 + B/W with B the variance of the means of the
    groups and W the mean over groups of the variance between chains plus the mean variance within them, so that chains
    need not be long compared with tau. nan where nothing varies; infinite where only the groups differ.
    Raises ValueError for fewer than two groups, or a group of one chain.
    Source: Margossian et al., Bayesian Analysis (2024), "Nested R-hat", section 3.
    """
    data, group = np.asarray(values, float), np.asarray(groups)
    members = [data[group == name] for name in np.unique(group)]
    if len(members) < 2 or min(map(len, members)) < 2:
        raise ValueError(
            f"nested R-hat needs at least two groups of two chains; got groups of {[len(chains) for chains in members]}"
        )
    means = [chains.mean(axis=1) for chains in members]
    inner = [chains.var(axis=1, ddof=1).mean() if data.shape[1] > 1 else 0.0 for chains in members]
    within = np.mean([mean.var(ddof=1) + part for mean, part in zip(means, inner, strict=True)])
    between = np.var([mean.mean() for mean in means], ddof=1)
    if within == 0:
        return math.nan if between == 0 else math.inf
    return math.sqrt(1 + between / within)


def effective_sample_size(values: ArrayLike) -> float:
    """The number of independent draws that give the same error of the mean, from (chain, draw).

    N / (2 tau); for many chains too short to see tau, chains var(draws) / var(means of the chains), at most N, which
    `MANY` chains know to a quarter. Raises ValueError as `autocorrelation_time` does where chains are few and short.
    """
    data = np.asarray(values, float)
    try:
        return data.size / (2 * autocorrelation_time(data).tau)
    except ValueError:
        if data.ndim != 2 or len(data) < MANY or np.ptp(data) == 0:
            raise
    between = float(data.mean(axis=1).var(ddof=1))
    return min(float(len(data) * data.var(ddof=1)) / between, float(data.size)) if between else float(data.size)
