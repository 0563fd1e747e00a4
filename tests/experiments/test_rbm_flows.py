"""The experiment rbm-flows: thermometers on samples of known temperature, data, layers, and claims on made-up flows."""

from __future__ import annotations

import functools
import itertools
import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import blockspin as bs
from blockspin.exact.ising2d import energy_per_site
from blockspin.experiments.rbm_flows import claims, page, tasks, thermometers
from blockspin.experiments.rbm_flows.data import DATA, STARTS, configurations, curie_weiss, training_rows
from blockspin.experiments.rbm_flows.settings import KNOWN, TEMPERATURES, TESTED, Settings
from blockspin.experiments.rbm_flows.thermometers import by_coupling, by_energy, by_network, calibrated, learned
from blockspin.models.ising import KC_SQUARE
from blockspin.samples import make
from blockspin.statistics import Estimate
from oracles.ising2d import specific_heat

Rows = np.ndarray[Any, Any]


@functools.cache
def every_state(L: int) -> tuple[Rows, Rows]:
    """All configurations of the L x L torus, and the sum of neighbours' products."""
    states = np.array(list(itertools.product((-1, 1), repeat=L * L)), np.int8)
    on = states.reshape(-1, L, L)
    return states, (on * (np.roll(on, 1, 1) + np.roll(on, 1, 2))).sum(axis=(1, 2))


@functools.cache
def distribution(L: int, T: float) -> Rows:
    return np.asarray(np.cumsum(np.exp(every_state(L)[1] / T)))


def exact_draws(L: int, T: float, n: int, seed: int) -> Rows:
    """Independent configurations by their exact probabilities."""
    below = distribution(L, T)
    chosen = np.searchsorted(below, np.random.default_rng(seed).random(n) * below[-1])
    return np.asarray(every_state(L)[0][chosen])


def share_inside(found: list[Estimate], T: float) -> float:
    return float(np.mean([abs(one.value - T) < one.error for one in found]))


MANY = [100, pytest.param(2000, marks=pytest.mark.slow)]
LABELS = [*enumerate(TEMPERATURES)]
INSIDE = {100: (0.58, 0.78), 2000: (0.65, 0.71)}  # 0.683 with an error of 0.047 and 0.010


@pytest.mark.parametrize(("L", "T"), [(3, 3.0), (4, 2.2), (4, 3.3)])
@pytest.mark.parametrize("n", MANY)
def test_the_energy_is_read_with_its_error(n: int, L: int, T: float) -> None:
    sets = exact_draws(L, T, 200 * n, seed=1).reshape(n, 200, -1)
    low, high = INSIDE[n]
    assert low < share_inside([by_energy(one) for one in sets], T) < high


@pytest.mark.parametrize(("L", "T"), [(3, 3.0), (4, 2.2), (4, 3.3)])
def test_the_energy_is_read_without_bias(L: int, T: float) -> None:
    found = by_energy(exact_draws(L, T, 400_000, seed=7))
    assert found.error < 0.006  # the smallest bias that would be seen is four of these
    assert abs(found.value - T) < 4 * found.error


@pytest.mark.parametrize(("L", "T"), [(3, 3.0), (4, 2.2), (4, 3.3)])
def test_the_coupling_is_read_without_bias(L: int, T: float) -> None:
    found = by_coupling(exact_draws(L, T, 100_000, seed=2))
    assert found.error < 0.02  # the smallest that would be seen is four of these
    assert abs(found.value - T) < 4 * found.error


@pytest.mark.parametrize("n", MANY)
def test_the_coupling_is_read_with_its_error(n: int) -> None:
    sets = exact_draws(4, 2.6, 500 * n, seed=3).reshape(n, 500, -1)
    low, high = INSIDE[n]
    assert low < share_inside([by_coupling(one) for one in sets], 2.6) < high


def energy(T: float, L: int) -> float:
    """Of the torus, a site, by Kaufman."""
    return -energy_per_site(bs.Lattice.square(L), 1 / T)


def labelled(n: int, seed: int) -> Rows:
    """n configurations of the 4 x 4 torus at each label."""
    return np.stack([exact_draws(4, T, n, seed=seed + k) if T else configurations(4, 0, n, seed) for k, T in LABELS])


@pytest.fixture(scope="module")
def network() -> thermometers.Network:
    return learned(labelled(2000, seed=10), seed=1)


@pytest.mark.parametrize("T", [2.4, *(pytest.param(T, marks=pytest.mark.slow) for T in (1.6, 2.25, 3.1))])
def test_the_network_reads_with_both_errors(network: thermometers.Network, T: float) -> None:
    # at labels and between them; each set has a calibration of its own, whose error counts as much
    sets = exact_draws(4, T, 200 * 100, seed=4).reshape(100, 200, -1)
    both = [by_network(one, calibrated(network, labelled(200, seed=100 * k))) for k, one in enumerate(sets)]
    found = [Estimate(one.value, math.hypot(one.error, calibration)) for one, calibration in both]
    low, high = INSIDE[100]
    assert low < share_inside(found, T) < high
    assert np.mean([calibration > one.error / 3 for one, calibration in both]) > 0.5


def test_a_configuration_and_its_opposite_have_one_answer(network: thermometers.Network) -> None:
    rows = exact_draws(4, 2.4, 200, seed=9)
    assert np.array_equal(network.answers(rows), network.answers(-rows))
    up = np.ones((100, 16), np.int8)
    assert by_network(up, network) == by_network(-up, network)


def test_the_energy_counts_every_bond_once() -> None:
    rows = exact_draws(4, 5.0, 20, seed=8)
    states, bonds = every_state(4)
    own = [bonds[(states == row).all(axis=1)][0] for row in rows]
    assert thermometers.energy(rows).value == pytest.approx(-np.mean(own) / 16)
    stripes = np.tile(np.repeat([1, -1, 1, -1], 4), (2, 1)).astype(np.int8)
    assert thermometers.energy(stripes).value == 0  # one direction agrees, the other does not


def test_beyond_what_can_be_read_it_is_colder_or_hotter(network: thermometers.Network) -> None:
    ground = configurations(4, 0, 200, seed=1)
    board = ground * np.where(np.indices((4, 4)).sum(axis=0) % 2, 1, -1).ravel()
    assert [value for value, *_ in thermometers.read(ground, network)] == [0, 0, 0]
    assert [by_energy(board).value, by_coupling(board).value] == [math.inf] * 2
    assert math.isnan(by_energy(ground).error)


@pytest.mark.parametrize("L", [4, 10])
def test_the_specific_heat_is_largest_where_the_oracle_has_it(L: int) -> None:
    T = np.arange(2.2, 2.8, 0.001)
    exact = [specific_heat(bs.Lattice.square(L), 1 / one) for one in T]
    assert abs(thermometers.warmest(L) - T[np.argmax(exact)]) < 0.002


@pytest.mark.parametrize("T", [1.5, 2.4, 5.0])
def test_mean_field_spins_are_those_of_all_states(T: float) -> None:
    N, n = 12, 40_000
    states = np.array(list(itertools.product((-1, 1), repeat=N)))
    M = states.sum(axis=1)
    p = np.exp(M**2 / (2 * N * KC_SQUARE * T))
    rows = curie_weiss(N, T, n, seed=5)
    for found, exact in (
        (rows.sum(axis=1) ** 2, M**2),
        (rows[:, 0] * rows[:, 1], states[:, 0] * states[:, 1]),  # any two spins alike
        (rows[:, 2] * rows[:, 9], states[:, 0] * states[:, 1]),
        (rows[:, 3], states[:, 0]),
    ):
        expected = p @ exact / p.sum()
        assert abs(found.mean() - expected) < 4 * found.std() / math.sqrt(n)


def test_training_rows_are_as_many_and_of_the_right_temperature() -> None:
    n, L = 20, 8
    rows = {data: training_rows(data, L, n, seed=1) for data in DATA}
    assert {one.shape for one in rows.values()} == {(n * len(TEMPERATURES), L**2)}
    ground = {data: int((abs(one.sum(axis=1)) == L**2).sum()) for data, one in rows.items()}
    assert ground["cold"] == n * len(TEMPERATURES)
    assert ground["mixture"] == n * len(TEMPERATURES) // 2
    assert (abs(rows["all T"][:n].sum(axis=1)) == L**2).all()
    assert (abs(rows["Curie-Weiss"][:n].sum(axis=1)) == L**2).all()
    energies = thermometers.energy(rows["hot"])
    assert abs(energies.value + np.mean([energy(T, L) for T in TEMPERATURES if T >= 4])) < 4 * energies.error
    assert not np.array_equal(rows["all T"], training_rows("all T", L, n, seed=2))


def test_the_signs_of_two_temperatures_are_two_streams() -> None:
    cold, hot = configurations(4, 0.0, 2000, seed=1)[:, 0], configurations(4, math.inf, 2000, seed=1)[:, 0]
    streams = [cold, hot, configurations(4, math.inf, 125, seed=1).ravel()]  # as many numbers as the cold ones
    for one, other in itertools.combinations(streams, 2):
        assert abs(np.mean(one * other)) < 4 / math.sqrt(2000)


def test_moments_are_those_of_all_pairs_and_fours() -> None:
    h = np.random.default_rng(1).choice(np.array([-1, 1], np.int8), (5, 7))
    for order, found in zip((2, 4), tasks.moments(h), strict=True):
        every = [np.prod(h[:, list(some)], axis=1) for some in itertools.combinations(range(7), order)]
        assert np.allclose(found, np.mean(every, axis=0))


def test_free_spins_have_the_exact_profile_of_the_majority_rule() -> None:
    # a spin of a block of 2 x 2 agrees with the block's by 3/8, one outside by 0
    rows = configurations(8, math.inf, 8000, seed=6)
    samples = make(rows.reshape(200, 40, 8, 8), bs.Lattice.square(8))
    rule = [bs.Majority(bs.Lattice.square(8), 2, random_state=1), bs.Majority(bs.Lattice.square(4), 2, random_state=2)]
    rule[0].fit(rows[:1])
    rule[1].fit(rows[:1, :16])
    profile, points = tasks.measure(samples, rule)
    expected = np.array([3 / 8, *[0.0] * 4])
    assert (profile[:, 1] < 0.003).all()
    assert (abs(profile[:, 0] - expected) < 4 * profile[:, 1]).all()
    assert (abs(points[..., 0]) < 4.5 * points[..., 1]).all()


def made(
    T: dict[str, Any], own: Any = 2.5, pairs: Any = (0.6, 0.6, 0.6), decays: Any = (0.3, 0.3, 0.3), error: float = 0.005
) -> Any:
    """A run whose flows have these temperatures at every step, in every training and from both starts."""
    settings = Settings.model_validate({"trainings": 2, "stack": {"l1": [0.0]}, "hidden": [1.0]})
    flows, own_rows = {}, {}
    for data in DATA:
        flow, rows = np.zeros((2, 2, len(settings.steps), 3, 3)), np.zeros((2, 3, 3))
        flow[..., 0], rows[..., 0] = T.get(data, 4.0), own
        flow[..., 1] = rows[..., 1] = error
        flows[data], own_rows[data] = {1.0: SimpleNamespace(T=flow)}, SimpleNamespace(T=rows)
    points, profile = np.full((3, 2, 2, 2), error), np.full((3, 3, 2), error)
    points[..., 0] = np.array(pairs)[:, None, None]
    profile[..., 0] = 1 - np.array(decays)[:, None] * [0, 0.5, 1]
    layers = {0.0: SimpleNamespace(points=points, profile=profile)}

    class Made(dict[str, Any]):
        pass

    scale = np.zeros((len(KNOWN), 3, 3))
    scale[..., 0], scale[..., 1] = np.array(KNOWN)[:, None], 1e-9  # exact
    run = Made(flows={10: flows}, data={10: own_rows}, known={10: SimpleNamespace(T=scale)}, layers=layers)
    run.settings = settings  # type: ignore[attr-defined]
    return run


def status(claim: Any, run: Any) -> str:
    return str(claim(run)["status"])


def test_claims_follow_the_temperatures() -> None:
    Tc, top = 1 / KC_SQUARE, thermometers.warmest(10)
    assert status(claims.ends_at_tc, made({"all T": Tc})) == "reproduced"
    assert status(claims.ends_at_tc, made({"all T": [2.8, 3.6, Tc + 0.2]})) == "partly"
    assert status(claims.ends_at_tc, made({"all T": [2.8, 3.6, Tc + 0.3]})) == "not reproduced"
    assert status(claims.without_lattice, made({"Curie-Weiss": Tc, "mixture": Tc})) == "reproduced"
    assert status(claims.without_lattice, made({"mixture": [4, 4, Tc]})) == "partly"
    assert status(claims.without_lattice, made({"mixture": [Tc, Tc, 4]})) == "not reproduced"
    assert status(claims.data_alone, made(dict.fromkeys(DATA, 2.6))) == "reproduced"
    assert status(claims.data_alone, made(dict.fromkeys(DATA, math.inf), own=math.inf)) == "reproduced"
    assert status(claims.data_alone, made({"all T": [2.6, 3.6, 3.6]})) == "partly"
    assert status(claims.data_alone, made({"all T": [2.8, 2.6, 2.6]})) == "not reproduced"
    assert status(claims.one_temperature, made({"all T": [2.5, 2.6, 2.7]})) == "reproduced"
    assert status(claims.one_temperature, made({"all T": [2.5, 2.6, 2.8]})) == "not reproduced"
    assert status(claims.one_temperature, made({"all T": [math.inf, 2.6, 2.8]})) == "not reproduced"
    assert status(claims.largest_specific_heat, made({"all T": top})) == "reproduced"
    assert status(claims.largest_specific_heat, made({"all T": [top, Tc, 4]})) == "partly"
    assert status(claims.largest_specific_heat, made({"all T": Tc})) == "not reproduced"


def test_a_claim_is_about_both_starts_and_the_last_reading() -> None:
    run = made({"all T": 1 / KC_SQUARE})
    T = run["flows"][10]["all T"][1.0].T
    T[:, :, :-1, :, 0] = 3.0  # before the last
    assert status(claims.ends_at_tc, run) == "reproduced"
    T[1, 0, -1, 0, 0] = 3.0  # one training, one start, the last step, by energy
    assert status(claims.ends_at_tc, run) == "partly"
    T[1, 0, -1, :, 0] = 3.0
    assert status(claims.ends_at_tc, run) == "not reproduced"


def test_a_large_error_decides_nothing() -> None:
    Tc, top = 1 / KC_SQUARE, thermometers.warmest(10)
    for claim, T in (
        (claims.ends_at_tc, {"all T": Tc}),
        (claims.without_lattice, {"Curie-Weiss": Tc, "mixture": Tc}),
        (claims.data_alone, dict.fromkeys(DATA, 2.5)),
        (claims.one_temperature, {"all T": 2.5}),
    ):
        assert status(claim, made(T)) == "reproduced"
        assert status(claim, made(T, error=0.1)) == "undecided"
        assert status(claim, made({data: [9, 7, 5] for data in DATA}, error=0.1)) == "not reproduced"
    for claim in (claims.correlators, claims.n_points):
        assert status(claim, made({}, error=0.03)) == "undecided"
    assert status(claims.direction, made({}, pairs=(0.6, 0.61, 0.61))) == "undecided"
    assert status(claims.direction, made({}, pairs=(0.6, 0.5, 0.5))) == "not reproduced"
    scattered = made({"all T": top})
    scattered["flows"][10]["all T"][1.0].T[0, ..., 0] += 0.01  # two trainings, whose scatter leaves much to chance
    assert status(claims.largest_specific_heat, scattered) == "undecided"


def test_one_certain_thermometer_is_a_part() -> None:
    Tc = 1 / KC_SQUARE
    assert status(claims.ends_at_tc, made({"all T": [Tc, Tc + 0.25, 4]})) == "partly"
    assert status(claims.ends_at_tc, made({"all T": [3, Tc + 0.25, 4]})) == "undecided"


def test_claims_follow_the_layers() -> None:
    assert status(claims.correlators, made({})) == "reproduced"
    assert status(claims.correlators, made({}, decays=(0.3, 0.1, 0.3))) == "not reproduced"
    assert status(claims.n_points, made({})) == "reproduced"
    assert status(claims.n_points, made({}, pairs=(0.6, 0.5, 0.6))) == "not reproduced"
    assert status(claims.direction, made({}, pairs=(0.6, 0.65, 0.66))) == "reproduced"
    assert status(claims.direction, made({}, pairs=(0.6, 0.55, 0.66))) == "not reproduced"
    run = made({}, pairs=(0.6, 0.65, 0.66))
    run["layers"][0.02] = made({}, pairs=(0.6, 0.5, 0.66))["layers"][0.0]
    run.settings = Settings.model_validate({"trainings": 2})
    assert status(claims.direction, run) == "partly"


def readings(T: Any, own: float = 0.01, calibration: float = 0.0) -> Rows:
    """Temperatures with both errors."""
    values = np.array(T)
    return np.stack([values, np.full(values.shape, own), np.full(values.shape, calibration)], axis=-1)


def test_a_mean_over_trainings_has_their_scatter() -> None:
    found = claims.mean(readings([2.0, 2.2]))
    assert (found.value, found.error) == (2.1, pytest.approx(0.1))
    assert claims.mean(readings([2.0])) == Estimate(2.0, 0.01)
    assert math.isinf(claims.mean(readings([2.0, math.inf])).value)
    assert claims.mean(readings([2.0, 0.0])).value == 0  # too cold to be read, not a temperature


def test_a_mean_of_few_trainings_is_inside_its_error_as_often_as_student_says() -> None:
    # 2,000 sets of 5 trainings, seed 1; the share inside one error of Student's t, 0.626, to 0.011
    sets = np.random.default_rng(1).normal(2.3, 0.1, size=(2000, 5))
    found = [claims.mean(readings(one)) for one in sets]
    assert 0.59 < np.mean([abs(one.value - 2.3) < one.error for one in found]) < 0.66


@pytest.mark.parametrize(
    ("one", "other", "is_near"),
    [
        (2.0, 2.2, 1), (2.0, 2.3, 0), (2.0, 2.25, claims.OPEN),
        (0.0, 0.0, 1), (math.inf, math.inf, 1), (0.0, math.inf, 0),
        (0.0, 0.4, claims.OPEN), (0.0, 0.9, claims.OPEN), (0.0, 1.2, 0),  # "colder" is somewhere below 0.8
        (math.inf, 5.9, claims.OPEN), (math.inf, 7.0, claims.OPEN), (math.inf, 5.5, 0),  # "hotter" above 6
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_near_its_like_and_far_only_from_what_lies_beyond(
    one: float, other: float, is_near: float
) -> None:
    pairs = readings([one, other], 0.001), readings([other, one], 0.001)
    assert (claims.near(*pairs) == is_near).all()


def test_the_specific_heat_is_asked_of_each_start() -> None:
    Tc, top = 1 / KC_SQUARE, thermometers.warmest(10)
    run = made({"all T": [top, top, top]})
    T = run["flows"][10]["all T"][1.0].T
    T[:, 0, -1, :2, 0] = Tc  # one start, two thermometers
    assert status(claims.largest_specific_heat, run) == "partly"
    T[:, 1, -1, 2, 0] = Tc  # the other start, the third
    assert status(claims.largest_specific_heat, run) == "not reproduced"


def test_a_flow_is_at_rest_where_its_last_readings_agree_and_its_starts_meet() -> None:
    run = made({})
    T = run["flows"][10]["hot"][1.0].T
    T[0, 0, -2, 0, 0] = 3.0  # before the last
    T[1, 1, -1, 2, 0] = 5.0  # moves away, and from the other start
    n = len(DATA) * 2 * 3  # data, trainings, thermometers
    assert page.at_rest(run) == [(2 * n - 2, 2 * n), (n - 1, n)]
    run["flows"][10]["cold"][1.0].T[..., 0] = 0.0  # is not read
    m = n - 2 * 3
    assert page.at_rest(run) == [(2 * m - 2, 2 * m), (m - 1, m)]


def test_the_coupling_of_data_of_many_temperatures_has_the_error_of_independent_rows(
    network: thermometers.Network,
) -> None:
    # 30 sets, seeds 1 to 30, whose scatter is known to 13 %; of rows in the order of temperatures it is far larger
    found = tasks.training_data.plain(network, L=4, data="mixture", n=40, seeds=[*range(1, 31)]).T[:, 1]
    assert found[:, 1].mean() == pytest.approx(found[:, 0].std(), rel=0.5)
    assert tasks.in_turn(np.arange(7), 2).tolist() == [0, 4, 1, 5, 2, 6, 3]


def test_samples_of_known_temperature_are_read_as_such(network: thermometers.Network) -> None:
    # 7 temperatures by 3 thermometers, seed 5: 21 readings, of which the farthest is 4 errors off by a chance of 1e-3
    found = tasks.known.plain(network, L=4, T=[*KNOWN, *TESTED], n=2000, seed=5)
    run = made({})
    run["known"] = {10: found}
    inside, n, farthest = page.tested(run)
    assert (n, found.T.shape) == (21, (len(KNOWN), 3, 3))
    assert inside >= 14
    assert farthest < 4
    found.tested[0, 0, 0] += 10 * found.tested[0, 0, 1]
    assert page.tested(run)[2] > 6


def test_the_network_is_corrected_between_labels() -> None:
    # a step of 0.05 within 0.1 of Tc, 13 errors high, as a network of 32 x 32 spins has; 200 sets, seed 1
    def read(T: Rows) -> Rows:
        return np.asarray(T + 0.05 * np.tanh((T - 2.3) / 0.05))

    random, T = np.random.default_rng(1), np.linspace(2.0, 3.0, 200)
    samples = np.stack([readings(4.0).reshape(1, 3)] * 400)  # of other thermometers
    samples = np.repeat(samples.reshape(2, 200, 1, 3), 3, axis=2)
    samples[..., -1, 0] = read(T) + random.normal(0, 0.004, (2, 200))
    samples[..., -1, 1] = 0.004
    known = readings(read(np.array(KNOWN)) + random.normal(0, 0.004, len(KNOWN)), 0.004)
    found = thermometers.between_labels(samples, known)
    z = (found[..., -1, 0] - T) / np.hypot(found[..., -1, 1], found[..., -1, 2])
    assert abs(z).max() < 4
    assert 0.7 < np.mean(abs(z) < 1) < 0.95  # the scale is smooth: its own error is rather too large
    slope = 1 + np.cosh((T - 2.3) / 0.05) ** -2.0  # of what is read
    middle = (T > 2.1) & (T < 2.9)
    assert found[0, middle, -1, 1] * slope[middle] == pytest.approx(0.004, rel=0.25)
    assert found[0, middle, -1, 2] * slope[middle] == pytest.approx(0.004, rel=0.25)
    assert np.array_equal(found[..., :2, :], samples[..., :2, :])
    far = readings([[1.0, 1.0, 1.0], [2.0, 2.0, 5.0], [0.0, 0.0, 0.0], [math.inf] * 3])
    assert np.array_equal(thermometers.between_labels(far, known), far)
    unread = readings(np.where(np.arange(len(KNOWN)) % 3, math.inf, 2.0))
    assert np.array_equal(thermometers.between_labels(samples, unread), samples)


@pytest.mark.parametrize("trainings", [1, 30])
def test_the_error_of_a_calibration_is_the_same_in_every_reading(trainings: int) -> None:
    # 4,000 networks, seed 2, each with an error of 0.1 that all trainings and starts share; 0.683 to 0.007
    random = np.random.default_rng(2)
    shared, own = random.normal(0, 0.1, (4000, 1)), random.normal(0, 0.05, (4000, trainings))
    found = [claims.mean(readings(one, own=0.05, calibration=0.1)) for one in 2.3 + shared + own]
    assert 0.655 < np.mean([abs(one.value - 2.3) < one.error for one in found]) < 0.711


def test_what_all_thermometers_find_too_hot_is_of_one_temperature() -> None:
    assert status(claims.one_temperature, made({"all T": math.inf})) == "reproduced"
    assert status(claims.one_temperature, made({"all T": 0.0})) == "reproduced"


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"steps": []}, "steps"),
        ({"steps": [40, 5]}, "steps"),
        ({"L": []}, "L"),
        ({"stack": {"L": 10}}, "stack.L"),
        ({"hidden": [0.0]}, "hidden"),
        ({"trainings": 0}, "trainings"),
    ],
)
def test_settings_that_do_not_fit(wrong: dict[str, Any], where: str) -> None:
    with pytest.raises(ValueError, match=where):
        Settings.model_validate(wrong)


def test_every_training_has_its_own_stream() -> None:
    plan = tasks.plan(Settings.model_validate({"trainings": 4, "L": [4, 6]}), 1)
    seeds = [seed for L in (4, 6) for data in DATA for seed in plan["flows"][L][data][1.0].settings["seeds"]]
    assert len(set(seeds)) == 2 * len(DATA) * 4
    assert [*plan["flows"][4]["all T"]] == [1.0, 0.64]
    assert [*plan["flows"][4]["hot"]] == [1.0]
    assert len(STARTS) == 2


@pytest.mark.parametrize(("L", "rate"), [(10, 0.2), (20, 0.05)])
def test_the_rate_falls_as_the_inverse_number_of_spins(L: int, rate: float, monkeypatch: pytest.MonkeyPatch) -> None:
    class Found(Exception):
        pass

    def untrained(machines: Any, rows: Any) -> Any:
        raise Found([one.learning_rate for one in machines])

    monkeypatch.setattr(bs.RBM, "fit_many", untrained)
    about = {"L": L, "data": "cold", "units": 4, "learning": Settings().learning, "chains": 100, "steps": [1]}
    with pytest.raises(Found) as found:
        tasks.flow.plain(None, **about, seeds=[1], progress=lambda *_: None)
    assert found.value.args[0] == pytest.approx([rate])


def test_each_layer_of_a_stack_has_its_own_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    seeds: list[int] = []

    def untrained(machines: Any, rows: Any) -> Any:
        seeds.extend(one.random_state for one in machines)
        return [bs.Majority(bs.Lattice.square(math.isqrt(one.shape[1])), 2).fit(one) for one in rows]

    monkeypatch.setattr(bs.RBM, "fit_many", untrained)
    rows = make(configurations(8, math.inf, 400, seed=1).reshape(40, 10, 8, 8), bs.Lattice.square(8))
    stack = Settings.model_validate({"stack": {"L": 8, "n_samples": 400}}).stack
    found = tasks.layers.plain(rows, rows, stack=stack, l1=0.0, seeds=[1, 2], progress=lambda *_: None)
    assert found.points.shape == (3, 2, 2, 2)
    assert len(set(seeds)) == 4
