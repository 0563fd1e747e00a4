"""The claims of the experiment, each decided by a stated rule from temperatures of flows and from layers."""

import math
from collections.abc import Callable, Iterable, Iterator
from itertools import product
from typing import Any

import numpy as np

from blockspin.experiments.claims import Answer, claim, graded, row
from blockspin.experiments.core import Run
from blockspin.experiments.rbm_flows.data import BARE, DATA, STARTS
from blockspin.experiments.rbm_flows.settings import READ, TEMPERATURES
from blockspin.experiments.rbm_flows.thermometers import NAMES, warmest
from blockspin.experiments.stored import Array
from blockspin.models.ising import KC_SQUARE
from blockspin.statistics import Estimate, mean_over_seeds

TC = 1 / KC_SQUARE
NEAR = TEMPERATURES[1]  # the spacing of the network's labels
SIGMAS, ALIKE = 3.0, 0.1  # errors; relative distance of n-point functions
EVERY = "in every training, from both starts and on every lattice"
RULE = "majority"
KOCH = "de Mello Koch, de Mello Koch & Cheng"


@claim(
    "RF-1",
    "Iso, Shiba & Yokoo, Phys. Rev. E 97, 053304 (2018)",
    "The flow of an RBM that was trained at all temperatures ends at the critical one.",
    rule=f"Reproduced where all thermometers read within {NEAR} of Tc {EVERY}, after {READ} reconstructions and after "
    "the last; partly where one does after one of the two.",
)
def ends_at_tc(run: Run) -> Answer:
    close = {step: np.all(near(ends(run, "all T", step), TC), axis=(0, 1, 2)) for step in read_at(run)}
    every = np.concatenate([*close.values()])
    why = " ".join(f"After {step} steps T is within {NEAR} of Tc by {_named(one)}." for step, one in close.items())
    return Answer(graded(bool(every.all()), bool(every.any())), why, list(evidence(run, ["all T"])))


@claim(
    "RF-2",
    "Veiga & Vicente, arXiv 2006.10176",
    "The network reads the critical temperature for data that know no lattice, so it certifies nothing.",
    rule="For mean-field data, and for the mixture of T = 0 and infinite T. Reproduced where it reads within "
    f"{NEAR} of Tc for both {EVERY}, after {READ} reconstructions and after the last; partly where in one flow.",
)
def without_lattice(run: Run) -> Answer:
    close = {data: np.stack([near(ends(run, data, step), TC)[..., -1] for step in read_at(run)]) for data in BARE}
    every = np.stack([*close.values()])
    counts = {data: f"{one.sum()} of {one.size}" for data, one in close.items()}
    why = " ".join(
        f"For {data} data the network reads T within {NEAR} of Tc in {n} flows." for data, n in counts.items()
    )
    return Answer(graded(bool(every.all()), bool(every.any())), why, list(evidence(run, BARE)))


@claim(
    "RF-3",
    "this project",
    "A flow ends at what the thermometers read of the training data, without any RBM.",
    rule=f"Reproduced where every thermometer reads within {NEAR} of what it reads of the data, for every kind of data "
    f"{EVERY}, after the last reconstruction; partly where this holds for data of all temperatures by energy.",
)
def data_alone(run: Run) -> Answer:
    close = {}
    for data in DATA:
        own = np.stack([flow(run, L, data).data[:, 0] for L in run.settings.L])
        close[data] = near(ends(run, data, run.settings.steps[-1]), own[:, None, None])
    full, first = [data for data in DATA if close[data].all()], close["all T"][..., 0]
    why = f"By energy this holds in {first.sum()} of {first.size} flows of all temperatures. "
    why += f"By all thermometers it holds for {len(full)} of {len(DATA)} kinds of data."
    return Answer(graded(len(full) == len(DATA), bool(first.all())), why, list(evidence(run, DATA)))


@claim(
    "RF-4",
    "this project",
    "The flow ends in configurations of one temperature: the thermometers agree.",
    rule=f"Reproduced where, for data of all temperatures, the three lie within {NEAR} of one another {EVERY}, after "
    "the last reconstruction; partly where they do in one flow.",
)
def one_temperature(run: Run) -> Answer:
    T = ends(run, "all T", run.settings.steps[-1])[..., 0]
    agree = near(T.max(axis=-1)[..., None], T.min(axis=-1))
    why = f"The thermometers agree in {agree.sum()} of {agree.size} flows."
    return Answer(graded(bool(agree.all()), bool(agree.any())), why, list(evidence(run, ["all T"])))


@claim(
    "RF-5",
    "Funai & Giataganas, Phys. Rev. Research 2, 033415 (2020)",
    "The flow stops where the specific heat is largest.",
    rule="By means over trainings and starts after the last reconstruction. Reproduced where all thermometers read a "
    "temperature that is nearer to that of the torus's largest specific heat than this is to Tc, and nearer to it than "
    f"to Tc by more than {SIGMAS:g} errors, on every lattice; partly where one does.",
)
def largest_specific_heat(run: Run) -> Answer:
    good, shown = [], []
    for L, T in zip(run.settings.L, ends(run, "all T", run.settings.steps[-1]), strict=True):
        top, found = warmest(L), [mean(T[..., k, :]) for k in range(len(NAMES))]
        apart, middle = top - TC, (top + TC) / 2
        good.append([abs(one.value - top) < apart and one.value - middle > SIGMAS * one.error for one in found])
        shown += [row("exact", f"T of the largest specific heat, L = {L}", top)]
        shown += [_row("all T", f"T by {name}, L = {L}", T[..., k, :]) for k, name in enumerate(NAMES)]
    every = np.all(good, axis=0)
    why = f"By {_named(every)} the flow ends there rather than at Tc."
    return Answer(graded(bool(every.all()), bool(every.any())), why, shown)


@claim(
    "RF-6",
    f"{KOCH}, IEEE Access 8, 106487 (2020)",
    "Correlators of hidden and visible units look as block spins': high at the unit's centre, low far away.",
    rule="By the share that decays: 1 - <v h> at half the lattice / <v h> at the centre. Reproduced where it is at "
    "least half of the majority rule's in every training with every penalty; partly where this holds with one.",
)
def correlators(run: Run) -> Answer:
    return _of_layers(run, lambda one: decays(one)[1:, 0] > decays(one)[0, 0] / 2, "decay at least half as much as")


@claim(
    "RF-7",
    f"{KOCH}, IEEE Access 8, 106487 (2020)",
    "The hidden layer has the two- and four-point functions of block spins.",
    rule="By means over all pairs and all fours of units, which need no positions. Reproduced where both lie within "
    f"{ALIKE:.0%} of the majority rule's in every training with every penalty; partly where this holds with one.",
)
def n_points(run: Run) -> Answer:
    return _of_layers(run, lambda one: abs(one.points[1:, 0, :, 0] / one.points[0, 0, :, 0] - 1) < ALIKE, "are near")


@claim(
    "RF-8",
    f"{KOCH}, Phys. Rev. E 102, 013307 (2020), there for couplings of long range",
    "From layer to layer a stack moves to lower temperatures than block spins.",
    rule="By the mean over pairs of units, which is larger at lower temperature and needs no positions. Reproduced "
    f"where both layers exceed the majority rule's by {SIGMAS:g} errors in every training with every penalty; partly "
    "where this holds with one.",
)
def direction(run: Run) -> Answer:
    def colder(one: Any) -> Any:
        (value, error), (rule, own) = one.points[1:, :, 0].T, one.points[0, :, 0].T
        return (value.T - rule > SIGMAS * np.hypot(error.T, own)).tolist()

    return _of_layers(run, colder, "are colder than")


CLAIMS = (
    ends_at_tc, without_lattice, data_alone, one_temperature, largest_specific_heat, correlators, n_points, direction
)  # fmt: skip


def read_at(run: Run) -> list[int]:
    """The reconstructions that claims are about: the published number, and the last."""
    return [*dict.fromkeys((READ, run.settings.steps[-1]))]


def flow(run: Run, L: int, data: str) -> Any:
    """The flow of RBMs with the first N_h."""
    return run["flows"][L][data][run.settings.hidden[0]]


def ends(run: Run, data: str, step: int) -> Array:
    """Temperatures after so many reconstructions with errors, (L, trainings, starts, thermometers, 2)."""
    return np.stack([flow(run, L, data).T[:, :, 1 + run.settings.steps.index(step)] for L in run.settings.L])


def near(ends: Array, T: Any) -> Array:
    """Whether temperatures (..., 2) lie near T; what is too cold or too hot to be read is near its like."""
    with np.errstate(invalid="ignore"):
        return np.asarray((abs(ends[..., 0] - T) < NEAR) | (ends[..., 0] == T))


def mean(pairs: Array) -> Estimate:
    """The mean over trainings, the first axis of (..., 2), with the error of their scatter, or of one training.

    The starts of a training are one, since they meet. What is too cold or too hot to be read leaves no mean.
    """
    some = np.atleast_2d(pairs)
    values, errors = some.reshape(len(some), -1, 2).transpose(2, 0, 1)
    if (beyond := values[(values == 0) | np.isinf(values)]).size:
        return Estimate(float(beyond.max()), math.nan)
    if len(values) > 1:
        return mean_over_seeds(values.mean(axis=1))
    return Estimate(float(values.mean()), float(np.linalg.norm(errors)) / errors.size)


def decays(layers: Any) -> Array:
    """1 - <v h> at half the lattice / <v h> at the centre of each map, and its error, (maps, 2)."""
    (near, e), (far, f) = (layers.profile[:, at].T for at in (0, -1))
    return np.stack([1 - far / near, np.hypot(f, far * e / near) / near], axis=1)


def evidence(run: Run, kinds: Iterable[str]) -> Iterator[Any]:
    """Rows of what thermometers read of data, and of flows when claims read them: means over trainings."""
    for data, L, (j, name) in product(kinds, run.settings.L, enumerate(NAMES)):
        yield _row(f"{data}, no RBM", f"T by {name}, L = {L}", flow(run, L, data).data[j])
        for (h, one), step, (k, start) in product(run["flows"][L][data].items(), read_at(run), enumerate(STARTS)):
            about = f"T by {name} after {step} from T = {start:g}, L = {L}, N_h = {h:g} N_v"
            yield _row(data, about, one.T[:, k, 1 + run.settings.steps.index(step), j])


def _row(data: str, quantity: str, pairs: Array) -> dict[str, Any]:
    one = mean(pairs)
    state = "hotter" if math.isinf(one.value) else "measured" if one.value else "colder"
    return row(data, quantity, one if state == "measured" else math.nan, state=state)


def _named(read: Any) -> str:
    return " and ".join(name for name, one in zip(NAMES, read, strict=True) if one) or "no thermometer"


def _of_layers(run: Run, holds: Callable[[Any], Any], words: str) -> Answer:
    """The answer of a claim that holds or not for each training of a penalty, compared with the majority rule."""
    good: dict[float, list[bool]] = {}
    shown = []
    for l1 in run.settings.stack.l1:
        found = run["layers"][l1]
        good[l1] = [bool(np.all(one)) for one in holds(found)]
        for k, points in enumerate(found.points):
            name = f"RBM, training {k}, L1 = {l1:g}" if k else RULE
            shown.append(row(name, "share of <v h> that decays", Estimate(*decays(found)[k].tolist()), layer=1))
            for layer, (pairs, fours) in enumerate(points.tolist(), start=1):
                shown += [row(name, "mean over pairs", Estimate(*pairs), layer=layer)]
                shown += [row(name, "mean over fours", Estimate(*fours), layer=layer)]
                K = Estimate(*found.K[k, layer - 1].tolist())
                state = "measured" if math.isfinite(K.value) else "no positions"
                shown += [row(name, "K of neighbours", K, layer=layer, state=state)]
    why = f"Trainings that {words} the majority rule:"
    why += ".".join(f" {sum(one)} of {len(one)} with L1 = {l1:g}" for l1, one in good.items()) + "."
    every = [all(one) for one in good.values()]
    return Answer(graded(all(every), any(every)), why, shown)
