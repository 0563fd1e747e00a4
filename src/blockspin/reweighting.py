"""Means and free energies between the couplings that were sampled: the multistate Bennett acceptance ratio (MBAR).

Sets of samples of one model at couplings c_k are pooled. Where H = -sum_a c_a phi_a is linear in the couplings, a
configuration x has the weight exp(c . phi(x)) / sum_k N_k exp(c_k . phi(x) - ln Z_k) at the couplings c, and the ln Z_k
are those for which the weights at each c_k sum to 1. With one set it is the reweighting of Ferrenberg and Swendsen.
Sources: M. R. Shirts and J. D. Chodera, J. Chem. Phys. 129, 124105 (2008), eqs 9-13;
A. M. Ferrenberg and R. H. Swendsen, Phys. Rev. Lett. 61, 2635 (1988); 63, 1195 (1989).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from blockspin import checks
from blockspin import samples as schema
from blockspin.models import MODELS, known
from blockspin.statistics import Estimate, jackknife_error

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]
Observable = Callable[[NDArray[Any]], ArrayLike]

COUPLINGS = ("K", "h")
GROUPS = 20  # of chains a set, for the jackknife
LEAST_OVERLAP = 0.03  # Klimovich, Shirts and Mobley, J. Comput. Aided Mol. Des. 29, 397 (2015)
LEAST_DRAWS = 100
LEAST_GROUPS = 10


def reweight(sets: Sequence[xr.DataArray], *, models: Sequence[Any] | None = None) -> Reweighted:
    """Samples of one model at several couplings as one: means and ln Z at any couplings between, with errors.

    sets: a list of samples, Ising or Potts, whose models differ in K and h alone, on one lattice; models: theirs, read
    from the provenance unless given. The chains of a set must be independent and its draws in equilibrium; errors are
    jackknifed over up to 20 groups of chains a set, so that correlated draws do no harm, and need 2 chains a set.
    Raises TypeError for what is no list of samples, ValueError where the models do not belong together, a set has one
    chain, or the sets do not overlap: in the matrix O_kl = sum_x N_l w_k(x) w_l(x) the sets must hang together by
    entries of at least 0.03.

        joined = bs.reweight([at_40, at_44])
        joined.mean(model.energy, K=0.42)  # an Estimate; any function of configurations (n, N) to (n,)
        joined.log_partition(K=0.42)  # ln Z(0.42) - ln Z(0.40)
    """
    if isinstance(sets, xr.DataArray):
        raise TypeError("sets must be a list of samples; got one set: give [samples]")
    pool = [schema.check_any(one) for one in checks.listed("sets", sets, "a list of samples")]
    if not pool:
        raise ValueError("sets must hold samples at least once; got none")
    if models is None:
        models = [_model_of(one) for one in pool]
    models = checks.listed("models", models, "a list of models, one a set, or None")
    for model in models:
        checks.instance("models", model, tuple(MODELS.values()), f"of {', '.join(MODELS)}")
    if len(models) != len(pool):
        raise ValueError(f"models must be one a set; got {len(models)} models and {len(pool)} sets")
    for one, model in zip(pool, models, strict=True):
        if not _values(model):
            raise ValueError(f"the models' samples are reweighted in {' and '.join(COUPLINGS)}; {model} has neither")
        if schema.lattice_of(one) != model.lattice or replace(model, **_values(models[0])) != models[0]:
            raise ValueError(
                f"the models must differ in {' and '.join(COUPLINGS)} alone; got {models[0]} and {model} "
                f"for samples on {schema.lattice_of(one)}"
            )
        if one.sizes["chain"] < 2:
            raise ValueError(f"errors need at least 2 chains a set; the set at {_text(_values(model))} has 1")
    return Reweighted.of(pool, models)


@dataclass(frozen=True, eq=False)
class Reweighted:
    """What `reweight` returns: `mean`, `log_partition`, `log_partition_differences`, `effective_sample_size`."""

    models: tuple[Any, ...]
    spins: NDArray[np.int8]
    """All draws, spins or Potts states, (n, N)."""
    features: FloatArray
    """-dH/dc of every draw, (n, couplings): bond sum and magnetisation for Ising."""
    group: IntArray
    """The group of chains that every draw belongs to, (n,); groups are numbered through all sets."""
    set_of_group: IntArray
    """The set of each group, (groups,)."""

    def __str__(self) -> str:
        at = "; ".join(_text(_values(model)) for model in self.models)
        draws = f"{len(self.spins)} draws on {self.models[0].lattice}"
        return f"{draws}, sampled at {at}: .mean(O, K=...), .log_partition(K=...)"

    __repr__ = __str__

    @classmethod
    def of(cls, sets: Sequence[xr.DataArray], models: Sequence[Any]) -> Reweighted:
        """Pool the sets, whose models are known to belong together."""
        groups: list[IntArray] = []
        owners: list[int] = []
        for k, one in enumerate(sets):
            chains, draws = one.sizes["chain"], one.sizes["draw"]
            count = min(GROUPS, chains)
            groups.append(np.repeat(len(owners) + np.arange(chains) * count // chains, draws))
            owners += [k] * count
        spins = np.concatenate([one.values.reshape(-1, models[0].lattice.n_sites) for one in sets])
        result = cls(tuple(models), spins, _features(models[0], spins), np.concatenate(groups), np.array(owners))
        result._check_overlap()
        return result

    @cached_property
    def log_partition_differences(self) -> tuple[Estimate, ...]:
        """ln Z_k - ln Z_0 of every set k against the first, in nats; that of the first is 0."""
        spread = self._left_out - self._log_Z
        errors = np.sqrt(self._variance(spread))
        return tuple(Estimate(float(v), float(e)) for v, e in zip(self._log_Z, errors, strict=True))

    def log_partition(self, **couplings: float) -> Estimate:
        """ln Z at these couplings less ln Z of the first set, in nats; a coupling not named is that of the first set.

        Raises ValueError where the samples do not reach there, as `mean` does.
        """
        target = self._target(couplings)
        self._check_reach(target, couplings)
        logs = self.features @ target
        whole = _log_sum(logs - self._mixture(self._log_Z, self._counts))
        parts = np.array([_log_sum(logs - mixture, kept) for kept, mixture in self._leaving_out()])
        return Estimate(float(whole), math.sqrt(float(self._variance(parts - whole))))

    def mean(
        self, observable: Observable, *, statistic: Callable[[FloatArray], ArrayLike] | None = None, **couplings: float
    ) -> Estimate:
        """<O> at these couplings (K=..., h=...; one not named is that of the first set), or a function of means.

        observable: maps configurations (n, N) to values (n,), as `model.energy` does; or to (n, d) where statistic maps
        the means (d,) to one number, such as U4 of the means of m^2 and m^4.
        Raises ValueError where the samples do not reach there: the weights must be worth at least 100 draws, by Kish's
        (sum w)^2/sum w^2, and 10 groups of chains likewise (or half of them where there are fewer than 20).
        """
        checks.function("observable", observable, "a function of configurations (n, N), such as model.energy")
        if statistic is not None:
            checks.function("statistic", statistic, "a function of means (d,) that gives one number, or None")
        target = self._target(couplings)
        self._check_reach(target, couplings)
        given = observable(self.spins.copy())  # another's function may work in place
        values = checks.array("what observable gives", given).astype(float, copy=False)
        if values.shape[:1] != self.spins.shape[:1] or values.ndim > (1 if statistic is None else 2):
            raise ValueError(
                f"the observable must map spins {self.spins.shape} to values (n,), or to (n, d) with a statistic; "
                f"got shape {values.shape}"
            )
        function = statistic if statistic is not None else lambda mean: mean
        logs = self.features @ target
        whole = _number(function(_average(values, logs - self._mixture(self._log_Z, self._counts))))
        parts = [_number(function(_average(values, logs - mixture, kept))) for kept, mixture in self._leaving_out()]
        return Estimate(whole, math.sqrt(float(self._variance(np.array(parts) - whole))))

    def effective_sample_size(self, **couplings: float) -> float:
        """Kish's number of draws, (sum w)^2/sum w^2, that the weights at these couplings are worth.

        It counts draws as if they were independent; correlated ones are worth less.
        """
        weight = self._weights(self._target(couplings))
        return float(1 / (weight**2).sum())

    @cached_property
    def overlap(self) -> FloatArray:
        """The overlap matrix O_kl = sum_x N_l w_k(x) w_l(x), shape (sets, sets); rows sum to 1."""
        logs, times, _ = self._distinct
        mixture = _log_mixture(logs, self._log_Z, self._counts)
        weight = np.exp(logs - self._log_Z - mixture[:, None])
        return np.asarray((weight * times.sum(axis=0)[:, None]).T @ weight * self._counts)

    @cached_property
    def _shifts(self) -> FloatArray:
        """The couplings of the sets less those of the first, (sets, couplings): what all share weighs nothing."""
        couplings = np.array([list(_values(model).values()) for model in self.models])
        shifts: FloatArray = couplings - couplings[0]
        return shifts

    @cached_property
    def _group_sizes(self) -> FloatArray:
        return np.bincount(self.group, minlength=len(self.set_of_group)).astype(float)

    @cached_property
    def _counts(self) -> FloatArray:
        """Draws of each set, (sets,)."""
        counts: FloatArray = np.bincount(self.set_of_group, self._group_sizes, len(self.models)).astype(float)
        return counts

    @cached_property
    def _distinct(self) -> tuple[FloatArray, FloatArray, IntArray]:
        """c_k . phi of distinct draws (distinct, sets), their counts in groups (groups, distinct), and which each is.

        Energies of a lattice take few values, so that the equations are small.
        """
        features = np.where(np.ptp(self._shifts, axis=0) > 0, self.features, 0.0)
        found, which = np.unique(features, axis=0, return_inverse=True)
        times = np.zeros((len(self.set_of_group), len(found)))
        np.add.at(times, (self.group, which.ravel()), 1.0)
        return found @ self._shifts.T, times, which.ravel()

    @cached_property
    def _log_Z(self) -> FloatArray:
        logs, times, _ = self._distinct
        own = np.array([times[self.set_of_group == k].sum(axis=0) for k in range(len(self.models))])
        means = own @ logs / self._counts[:, None]  # of c_l . phi in set k
        # d ln Z along the way from a set to the next, by the trapezoidal rule
        steps = [
            (means[k, k + 1] + means[k + 1, k + 1] - means[k, k] - means[k + 1, k]) / 2 for k in range(len(own) - 1)
        ]
        return _solve(logs, times.sum(axis=0), self._counts, np.concatenate([[0.0], np.cumsum(steps)]))

    @cached_property
    def _left_out(self) -> FloatArray:
        """ln Z of the sets with each group left out, (groups, sets)."""
        logs, times, _ = self._distinct
        total = times.sum(axis=0)
        return np.array([_solve(logs, total - times[g], self._fewer(g), self._log_Z) for g in range(len(times))])

    def _fewer(self, g: int) -> FloatArray:
        fewer = self._counts.copy()
        fewer[self.set_of_group[g]] -= self._group_sizes[g]
        return fewer

    def _leaving_out(self) -> Iterator[tuple[NDArray[np.bool_], FloatArray]]:
        """For each group: which draws stay, and the mixture without it at every draw."""
        for g, log_Z in enumerate(self._left_out):
            yield self.group != g, self._mixture(log_Z, self._fewer(g))

    def _mixture(self, log_Z: FloatArray, counts: FloatArray) -> FloatArray:
        """ln sum_k N_k exp(c_k . phi - ln Z_k) at every draw, (n,)."""
        logs, _, which = self._distinct
        return _log_mixture(logs, log_Z, counts)[which]

    def _variance(self, spread: FloatArray) -> FloatArray:
        """The jackknife's variance from what each group changes, (groups, ...): sets are independent of each other."""
        total = np.zeros(spread.shape[1:])
        for k in range(len(self.models)):
            total += jackknife_error(spread[self.set_of_group == k]) ** 2
        return total

    def _weights(self, target: FloatArray) -> FloatArray:
        logs = self.features @ target - self._mixture(self._log_Z, self._counts)
        return np.asarray(np.exp(logs - _log_sum(logs)))

    def _target(self, couplings: dict[str, float]) -> FloatArray:
        """These couplings less those of the first set."""
        known = _values(self.models[0])
        for name, value in couplings.items():
            if name not in known:
                raise ValueError(f"couplings of this model are {', '.join(known)}; got {name!r}")
            checks.number(f"the coupling {name}", value)
        return np.array([couplings.get(name, value) - value for name, value in known.items()])

    def _check_reach(self, target: FloatArray, couplings: dict[str, float]) -> None:
        weight = self._weights(target)
        draws = 1 / (weight**2).sum()
        groups = 1 / (np.bincount(self.group, weights=weight) ** 2).sum()
        enough = min(LEAST_GROUPS, len(self.set_of_group) / 2)
        if draws < LEAST_DRAWS or groups < enough:
            sampled = "; ".join(_text(_values(model)) for model in self.models)
            raise ValueError(
                f"the samples do not reach {_text(couplings) or 'the first set'}: their weights there are worth "
                f"{draws:.1f} draws and {groups:.1f} groups of chains, and {LEAST_DRAWS} and {enough:g} are needed. "
                f"Sampled were {sampled}: add a set nearer by"
            )

    def _check_overlap(self) -> None:
        linked = self.overlap >= LEAST_OVERLAP
        linked |= linked.T
        reached = np.arange(len(self.models)) == 0
        for _ in self.models:
            reached = linked[:, reached].any(axis=1) | reached
        if not reached.all():
            alone = _values(self.models[int(np.flatnonzero(~reached)[0])])
            best = float(self.overlap[np.ix_(~reached, reached)].max())
            raise ValueError(
                f"the sets do not overlap: that at {_text(alone)} shares {best:.1e} of its weight at most with those "
                f"tied to {_text(_values(self.models[0]))}, and {LEAST_OVERLAP} is needed. Add a set between"
            )


def _solve(logs: FloatArray, times: FloatArray, counts: FloatArray, start: FloatArray) -> FloatArray:
    """The ln Z_k, the first 0, of sets of N_k = counts draws, from logs = c_k . phi (distinct, sets) seen `times`.

    The self-consistent equation ln Z_k = ln sum_x exp(c_k . phi(x))/sum_l N_l exp(c_l . phi(x) - ln Z_l) is the
    stationarity of a convex function; Newton steps are taken where they bring it nearer, else its own iteration.
    """
    log_Z, residual = start, math.inf
    for _ in range(10_000):
        share = np.exp(logs - log_Z - _log_mixture(logs, log_Z, counts)[:, None]) * counts  # of set k in a draw
        gradient = counts - times @ share
        residual = float(np.abs(gradient / counts).max())
        if residual < 1e-10:
            return log_Z
        own = _log_sum((logs - _log_mixture(logs, log_Z, counts)[:, None]).T, times)
        if residual < 0.5:
            curvature = np.diag(times @ share) - share.T @ (times[:, None] * share)
            step = np.zeros(len(counts))
            step[1:] = np.linalg.lstsq(curvature[1:, 1:], -gradient[1:], rcond=None)[0]
            newton = log_Z + step
            after = np.exp(logs - newton - _log_mixture(logs, newton, counts)[:, None]) * counts
            if np.abs((counts - times @ after) / counts).max() < residual:
                own = newton
        log_Z = own - own[0]
    raise RuntimeError(f"the free energies did not settle: their equations still miss by {residual:.1e}")


def _log_mixture(logs: FloatArray, log_Z: FloatArray, counts: FloatArray) -> FloatArray:
    return _log_sum(logs - log_Z, counts)


def _log_sum(logs: FloatArray, weights: ArrayLike = 1.0) -> FloatArray:
    """ln sum exp over the last axis, each term times its weight (scipy's takes several times as long for so few)."""
    top = logs.max(axis=-1, keepdims=True)
    return np.asarray(top[..., 0] + np.log((np.exp(logs - top) * weights).sum(axis=-1)))


def _average(values: FloatArray, logs: FloatArray, kept: NDArray[np.bool_] | None = None) -> FloatArray:
    weight = np.exp(logs - logs.max())
    if kept is not None:
        weight[~kept] = 0
    return np.asarray(np.einsum("n,n...->...", weight, values) / weight.sum())


def _features(model: Any, spins: NDArray[np.int8]) -> FloatArray:
    """-dH/dc for each coupling c, from the energies with one coupling 1 and the others 0."""
    none = dict.fromkeys(_values(model), 0.0)
    return np.stack([-replace(model, **none | {name: 1.0}).energy(spins) for name in none], axis=1)


def _number(value: ArrayLike) -> float:
    return float(np.asarray(value))


def _model_of(one: xr.DataArray) -> Any:
    model = known(schema.provenance(one).get("model"))
    if model is None:
        raise ValueError(f"these samples do not say which model made them; give models=[...], of {', '.join(MODELS)}")
    return model


def _values(model: Any) -> dict[str, float]:
    return {name: getattr(model, name) for name in COUPLINGS if hasattr(model, name)}


def _text(couplings: dict[str, float]) -> str:
    return ", ".join(f"{name} = {value:g}" for name, value in couplings.items())
