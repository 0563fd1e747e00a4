"""The claims of the experiment, each decided by a stated rule from temperatures of flows and from layers.

Whether something holds is a number: 1 where it does by more than its error allows, 0 where it does not, else `OPEN`.
So all of several hold where the least is 1, and one does where the largest is 1.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import product
from typing import Any

import numpy as np

from blockspin.experiments.claims import Answer, claim, graded, row
from blockspin.experiments.core import Run
from blockspin.experiments.rbm_flows.data import BARE, DATA, STARTS
from blockspin.experiments.rbm_flows.settings import TEMPERATURES
from blockspin.experiments.rbm_flows.tasks import Layers
from blockspin.experiments.rbm_flows.thermometers import GROUPS, NAMES, between_labels, warmest
from blockspin.experiments.stored import Array
from blockspin.models.ising import KC_SQUARE
from blockspin.statistics import GROUPS as PARTS
from blockspin.statistics import Estimate, mean_over_trainings, student

TC = 1 / KC_SQUARE
NEAR = TEMPERATURES[1]  # the spacing of the network's labels
SIGMAS, ALIKE = 3.0, 0.1  # errors; relative distance of n-point functions
OPEN = 0.5
COLD, HOT = 0.8, TEMPERATURES[-1]  # below and above them thermometers may read nothing but "colder" and "hotter"
AT_END = "after the last reconstruction, in every training, from both starts and on every lattice"
CERTAIN = (
    f" What {SIGMAS:g} errors could change counts neither way. Undecided where it could make the claim hold in part."
)
UNREAD = " Two readings that are both too hot, or both too cold, for a thermometer count as one temperature."
RULE = "majority"
DECAY, PAIRS, FOURS = "share of <v h> that decays", "mean over pairs", "mean over fours"
KOCH = "de Mello Koch, de Mello Koch & Cheng"


@claim(
    "RF-1",
    "Iso, Shiba & Yokoo, Phys. Rev. E 97, 053304 (2018)",
    "The flow of an RBM that was trained at all temperatures ends at the critical one.",
    rule=f"Reproduced where all thermometers read within {NEAR} of Tc {AT_END}; partly where one does.{CERTAIN}",
)
def ends_at_tc(run: Run) -> Answer:
    close = near(ends(run, "all T"), np.array([TC, 0, 0])).min(axis=(0, 1, 2))
    why = f"After {run.settings.steps[-1]} reconstructions T is surely within {NEAR} of Tc by {_named(close)}."
    return _answer(close.min(), close.max(), why, evidence(run, ["all T"]))


@claim(
    "RF-2",
    "Veiga & Vicente, arXiv 2006.10176",
    "The network reads the critical temperature for data that know no lattice, so it certifies nothing.",
    rule="For mean-field data, and for the mixture of T = 0 and infinite T. Reproduced where the network reads within "
    f"{NEAR} of Tc for both {AT_END}; partly where it does in one flow.{CERTAIN}",
)
def without_lattice(run: Run) -> Answer:
    close = np.stack([near(ends(run, data), np.array([TC, 0, 0]))[..., -1] for data in BARE])
    why = " ".join(
        f"For {data} data the network reads T within {NEAR} of Tc in {_counted(one, 'flows')}"
        for data, one in zip(BARE, close, strict=True)
    )
    return _answer(close.min(), close.max(), why, evidence(run, BARE, NAMES[-1:]))


@claim(
    "RF-3",
    "this project",
    "A flow ends at what the thermometers read of the training data, without any RBM.",
    rule=f"Reproduced where every thermometer reads within {NEAR} of what it reads of the data, for every kind of data "
    f"{AT_END}; partly where this holds for data of all temperatures by energy.{CERTAIN}{UNREAD}",
)
def data_alone(run: Run) -> Answer:
    own = {data: np.stack([without_rbm(run, L, data)[:, None] for L in run.settings.L]) for data in DATA}
    close = {data: near(ends(run, data), own[data]) for data in DATA}
    full, first = np.array([one.min() for one in close.values()]), close["all T"][..., 0]
    why = f"By energy this holds in {_counted(first, 'flows of all temperatures')} "
    why += f"By all thermometers it holds for {_counted(full, 'kinds of data')}"
    return _answer(full.min(), first.min(), why, evidence(run, DATA))


@claim(
    "RF-4",
    "this project",
    "The flow ends in configurations of one temperature: the thermometers agree.",
    rule=f"Reproduced where, for data of all temperatures, the three lie within {NEAR} of one another {AT_END}; partly "
    f"where they do in one flow.{CERTAIN}{UNREAD}",
)
def one_temperature(run: Run) -> Answer:
    T = ends(run, "all T")
    agree = near(T, np.roll(T, 1, axis=-2)).min(axis=-1)
    why = f"The thermometers agree in {_counted(agree, 'flows')}"
    return _answer(agree.min(), agree.max(), why, evidence(run, ["all T"]))


@claim(
    "RF-5",
    "Funai & Giataganas, Phys. Rev. Research 2, 033415 (2020)",
    "The flow stops where the specific heat is largest.",
    rule="By means over trainings after the last reconstruction. Reproduced where all thermometers read a temperature "
    "that is nearer to that of the torus's largest specific heat than this is to Tc, and nearer to it than to Tc, from "
    f"both starts and on every lattice; partly where one does.{CERTAIN} Means of few trainings have Student's wider "
    "errors.",
)
def largest_specific_heat(run: Run) -> Answer:
    good, shown = [], []
    for L, T in zip(run.settings.L, ends(run, "all T"), strict=True):
        top = warmest(L)
        shown += [row("exact", f"T of the largest specific heat, L = {L}", top)]
        for n in range(len(STARTS)):
            found = [mean(T[:, n, k]) for k in range(len(NAMES))]
            inside = [min(top - TC - abs(one.value - top), one.value - (top + TC) / 2) for one in found]
            errors = np.array([one.error for one in found])
            # of one training the errors are those of its samples
            good.append(positive(np.array(inside), errors, run.settings.trainings if len(T) > 1 else GROUPS))
    shown += evidence(run, ["all T"])
    every = np.min(good, axis=0)
    why = f"The flow surely ends there rather than at Tc by {_named(every)}."
    return _answer(every.min(), every.max(), why, shown)


@claim(
    "RF-6",
    f"{KOCH}, IEEE Access 8, 106487 (2020)",
    "Correlators of hidden and visible units look as block spins': high at the unit's centre, low far away.",
    rule="By the share that decays: 1 - <v h> at half the lattice / <v h> at the centre. Reproduced where it is at "
    "least half of the majority rule's in every training with every penalty; partly where this holds with one."
    + CERTAIN,
)
def correlators(run: Run) -> Answer:
    what = "correlators that decay at least half as much as the majority rule's"
    return _of_layers(run, what, [(DECAY, 1)], lambda x, own: x - own / 2)


@claim(
    "RF-7",
    f"{KOCH}, IEEE Access 8, 106487 (2020)",
    "The hidden layer has the two- and four-point functions of block spins.",
    rule="By means over all pairs and all fours of units, which need no positions. Reproduced where both lie within "
    f"{ALIKE:.0%} of the majority rule's in every training with every penalty; partly where this holds with one."
    + CERTAIN,
)
def n_points(run: Run) -> Answer:
    what = "both n-point functions near the majority rule's"
    return _of_layers(run, what, [(PAIRS, 1), (FOURS, 1)], lambda x, own: ALIKE * own - abs(x - own))


@claim(
    "RF-8",
    f"{KOCH}, Phys. Rev. E 102, 013307 (2020), there for couplings of long range",
    "From layer to layer a stack moves to lower temperatures than block spins.",
    rule="By the mean over pairs of units, which is larger at lower temperature and needs no positions. Reproduced "
    "where both layers exceed the majority rule's in every training with every penalty; partly where this holds with "
    f"one.{CERTAIN}",
)
def direction(run: Run) -> Answer:
    what = "two layers whose pairs are more alike than the majority rule's"
    return _of_layers(run, what, [(PAIRS, 1), (PAIRS, 2)], lambda x, own: x - own)


CLAIMS = (
    ends_at_tc, without_lattice, data_alone, one_temperature, largest_specific_heat, correlators, n_points, direction
)  # fmt: skip


def flow(run: Run, L: int, data: str, h: float | None = None) -> Array:
    """The readings of a flow of RBMs that learned these data, the network's by its calibration between labels.

    h: N_h / N_v, the first where it is not given; claims are about these.
    """
    return between_labels(run["flows"][L][data][h or run.settings.hidden[0]].T, run["known"][L].T[:, -1])


def without_rbm(run: Run, L: int, data: str) -> Array:
    """The readings of the data themselves, (trainings, thermometers, 3)."""
    return between_labels(run["data"][L][data].T, run["known"][L].T[:, -1])


def ends(run: Run, data: str) -> Array:
    """Temperatures after the last reconstruction, (L, trainings, starts, thermometers, 3)."""
    return np.stack([flow(run, L, data)[:, :, -1] for L in run.settings.L])


def positive(distance: Any, error: Any, n: int) -> Array:
    """1 where a distance is certainly above 0, 0 where certainly below; its error is from n independent parts."""
    with np.errstate(invalid="ignore"):
        bound = SIGMAS * student(n, SIGMAS) * np.where(np.isnan(error), 0, error)
        return np.asarray(OPEN + np.sign(distance) * (abs(distance) > bound) / 2)


def near(some: Array, others: Array) -> Array:
    """Whether readings (..., 3) are within `NEAR` of others; what is too cold or too hot to be read is near its like.

    It is far only from what lies beyond `COLD` or `HOT` by more: of anything else it leaves open how far.
    The fewest parts that an error is from are the groups of rows that calibrate the network.
    """
    low, high = np.minimum(some[..., 0], others[..., 0]), np.maximum(some[..., 0], others[..., 0])
    unread, alike = (low == 0) | np.isinf(high), low == high
    errors = np.nan_to_num(some[..., 1:]) ** 2 + np.nan_to_num(others[..., 1:]) ** 2
    apart = np.where(alike, 0, np.minimum(high, HOT) - np.where(low == 0, np.minimum(high, COLD), low))
    found = positive(NEAR - apart, np.sqrt(errors.sum(axis=-1)), GROUPS)
    return np.where(unread & ~alike & (found == 1), OPEN, found)


def mean(found: Array) -> Estimate:
    """The mean over trainings, found (trainings, 3), with their scatter and the error of the one calibration.

    One training has the error of its samples in place of a scatter. What is too cold or too hot to be read leaves no
    mean.
    """
    values, own, shared = found.T
    if (beyond := values[(values == 0) | np.isinf(values)]).size:
        return Estimate(float(beyond.max()), math.nan)
    if len(values) == 1:
        return Estimate(float(values[0]), math.hypot(own[0], shared[0]))
    return mean_over_trainings(list(map(Estimate, values.tolist(), shared.tolist())))[0]


def numbers(layers: Layers) -> dict[tuple[str, int], Array]:
    """What is compared, by quantity and layer: of each map a value with its error, (maps, 2)."""
    (near, e), (far, f) = (layers.profile[:, at].T for at in (0, -1))
    decay = np.stack([1 - far / near, np.hypot(f, far * e / near) / near], axis=1)
    points = {(name, 1 + k): layers.points[:, k, n] for k in range(2) for n, name in enumerate((PAIRS, FOURS))}
    return {(DECAY, 1): decay} | points


def evidence(run: Run, kinds: Iterable[str], names: Sequence[str] = NAMES) -> list[dict[str, Any]]:
    """Rows of what these thermometers read of training data and at the ends of flows: means over trainings."""
    rows = []
    for data, L in product(kinds, run.settings.L):
        own, found = without_rbm(run, L, data), {h: flow(run, L, data, h)[:, :, -1] for h in run["flows"][L][data]}
        for name in names:
            k = NAMES.index(name)
            rows.append(_row(f"{data}, no RBM", f"T by {name}, L = {L}", own[:, k]))
            for (h, one), (n, start) in product(found.items(), enumerate(STARTS)):
                about = f"T by {name} from T = {start:g}, L = {L}, N_h = {h:g} N_v"
                rows.append(_row(data, about, one[:, n, k]))
    return rows


def _row(data: str, quantity: str, found: Array) -> dict[str, Any]:
    one = mean(found)
    state = "hotter" if math.isinf(one.value) else "measured" if one.value else "colder"
    return row(data, quantity, one if state == "measured" else math.nan, state=state)


def _named(holds: Array) -> str:
    return " and ".join(name for name, one in zip(NAMES, holds, strict=True) if one == 1) or "no thermometer"


def _counted(holds: Array, what: str) -> str:
    undecided = int((holds == OPEN).sum())
    some = f" {undecided} {'is' if undecided == 1 else 'are'} undecided." if undecided else ""
    return f"{(holds == 1).sum()} of {holds.size} {what}.{some}"


def _answer(full: float, part: float, why: str, shown: Sequence[dict[str, Any]]) -> Answer:
    known = {0.0: False, OPEN: None, 1.0: True}
    return Answer(graded(known[float(full)], known[float(part)]), why, shown)


def _of_layers(run: Run, what: str, of: Sequence[tuple[str, int]], distance: Callable[[Any, Any], Any]) -> Answer:
    """The answer of a claim that trainings have something: of all these numbers a positive distance from the rule's."""
    good, shown, reasons = [], [], []
    for l1 in run.settings.stack.l1:
        holds, found = [], numbers(run["layers"][l1])
        for quantity, layer in of:
            for n, pair in enumerate(found[quantity, layer].tolist()):
                name = f"RBM, training {n}, L1 = {l1:g}" if n else RULE
                shown.append(row(name, quantity, Estimate(*pair), layer=layer))
            (own, e), (value, error) = found[quantity, layer][0], found[quantity, layer][1:].T
            holds.append(positive(distance(value, own), np.hypot(error, e), PARTS))
        good.append(np.min(holds, axis=0))
        reasons.append(f"With L1 = {l1:g}, {_counted(good[-1], f'trainings have {what}')}")
    every = [one.min() for one in good]
    return _answer(min(every), max(every), " ".join(reasons), shown)
