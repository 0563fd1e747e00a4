"""The convolutional machine against the dense one with tied rows: fields, gradients, likelihoods, symmetry, files.

Broken on purpose, each seen by a test here: windows that begin one site later, blocks in another order, the slope of
the visible bias not summed over sites, the model's phase left out of it, hidden biases blocks by filters instead of
filters by blocks.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_rbms import all_states, with_filters
from scipy.special import logsumexp
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks

import blockspin as bs
from blockspin.coarse.rbm import RBM, ConvolutionalRBM
from blockspin.coarse.rbm.convolution import Windows, correlate
from blockspin.coarse.rbm.phases import Rule, State, gradient
from blockspin.exact import chain, ising2d
from blockspin.lattice import Lattice, windows_at
from blockspin.models import KC_SQUARE

correlated = jax.jit(correlate, static_argnums=2)
slope_of = jax.jit(gradient, static_argnums=3)
CASES = [  # lattice, b, side, filters
    (Lattice.chain(8), 2, 3, 2),
    (Lattice.chain(9), 3, 4, 1),
    (Lattice.square(4), 2, 2, 1),
    (Lattice.square(4, 6), 2, 3, 1),
    (Lattice.cubic(2), 1, 2, 1),
    (Lattice.triangular(3, 4), 1, 2, 1),
]


@pytest.mark.slow
@parametrize_with_checks([ConvolutionalRBM(b=1, units="gaussian", filter_side=2, n_filters=2, n_iter=2)])
def test_scikit_learn_contract(estimator: ConvolutionalRBM, check: object) -> None:
    check(estimator)  # type: ignore[operator]


@pytest.mark.parametrize("name", ["check_parameters_default_constructible", "check_transformer_general"])
def test_the_core_of_that_contract(name: str) -> None:
    getattr(estimator_checks, name)(
        "ConvolutionalRBM", ConvolutionalRBM(b=1, units="gaussian", filter_side=2, n_iter=0)
    )


def tied(lattice: Lattice, b: int, side: int, n_filters: int, units: str = "spin", seed: int = 0) -> ConvolutionalRBM:
    rng = np.random.default_rng(seed)
    filters = rng.normal(0, 0.5, (n_filters, *(side,) * lattice.dimension))
    hidden = rng.normal(0, 0.5, n_filters)
    return with_filters(filters, lattice, b, units=units, visible=0.3, hidden=hidden, random_state=seed)


def by_hand(machine: ConvolutionalRBM) -> RBM:
    """The dense machine, its rows put together site by site."""
    lattice, b, side = machine.lattice_, machine.b, machine.filter_side
    coarse, rows = Lattice(lattice.kind, tuple(extent // b for extent in lattice.shape)), []
    for weights in machine.filters_:
        for block in coarse.coordinates:
            row = np.zeros(lattice.shape)
            for place in np.ndindex(weights.shape):
                site = (block * b - (side - b) // 2 + place) % lattice.shape
                row[tuple(site)] += weights[place]
            rows.append(row.ravel())
    biases = np.repeat(machine._biases[1:], coarse.n_sites)
    return RBM.from_weights(
        rows, np.full(lattice.n_sites, machine._biases[0]), biases, units=machine.units_, random_state=machine.seed_
    )


@pytest.mark.parametrize(("case", "units"), [*((case, "spin") for case in CASES), (CASES[0], "binary")], ids=str)
def test_it_is_the_dense_machine_with_tied_rows(case: tuple[Lattice, int, int, int], units: str) -> None:
    machine = tied(*case, units=units)
    dense = by_hand(machine)
    low = -1 if units == "spin" else 0
    V = np.random.default_rng(0).choice((low, 1), (50, case[0].n_sites)).astype(float)
    for name in ("components_", "intercept_visible_", "intercept_hidden_"):
        np.testing.assert_array_equal(getattr(machine, name), getattr(dense, name))
    np.testing.assert_array_equal(machine.transform(V), dense.transform(V))
    np.testing.assert_array_equal(machine.free_energy(V), dense.free_energy(V))
    assert machine.partition() == dense.partition()
    weights = machine._trained().weights
    windows = machine._windows(case[0].n_sites)
    fields = correlated(weights, jnp.asarray(V, jnp.float32), windows)
    np.testing.assert_allclose(fields, V @ dense.components_.T, atol=2e-5)


@given(
    st.sampled_from(["chain", "square", "cubic"]),
    st.integers(1, 3),
    st.integers(2, 3),
    st.integers(0, 4),
    st.integers(1, 3),
)
@settings(max_examples=4)
def test_fields_are_those_of_the_dense_rows_for_any_shape(kind: str, b: int, cells: int, more: int, n: int) -> None:
    d = {"chain": 1, "square": 2, "cubic": 3}[kind]
    shape = (b * cells, *(b * 2,) * (d - 1))
    windows = Windows(shape, b, min(b + more, *shape))
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(n, windows.size)).astype(np.float32)
    dense = np.zeros((n, windows.n_blocks, windows.n_sites), np.float32)
    places = windows_at(Lattice(kind, shape), windows.side, b, windows.before)
    np.put_along_axis(dense, np.broadcast_to(places, (n, *places.shape)), weights[:, None, :], axis=2)
    assert sorted(np.unique(places)) == list(range(windows.n_sites))
    v = jnp.asarray(rng.choice((-1, 1), (5, windows.n_sites)), jnp.float32)
    fields = correlated(jnp.asarray(weights), v, windows)
    np.testing.assert_allclose(fields, v @ dense.reshape(-1, windows.n_sites).T, atol=2e-5)


def state_of(machine: ConvolutionalRBM | RBM, n_chains: int = 0) -> State:
    chains = np.random.default_rng(9).choice((-1, 1), (n_chains, len(machine.components_)))
    return State(machine._trained(), None, jnp.asarray(chains, jnp.float32))


@pytest.mark.parametrize(
    ("case", "units", "algorithm", "k"),
    [
        (CASES[3], "spin", "cd", 1),
        (CASES[0], "spin", "pcd", 2),
        pytest.param(CASES[0], "binary", "cd", 2, marks=pytest.mark.slow),
        pytest.param(CASES[3], "gaussian", "cd", 1, marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_its_gradient_is_the_dense_one_summed_over_copies(
    case: tuple[Lattice, int, int, int], algorithm: str, k: int, units: str
) -> None:
    # the same keys draw the same chains, so that rounding alone is between the two
    machine = tied(*case, units=units)
    dense, lattice = by_hand(machine), case[0]
    low = 0 if units == "binary" else -1
    rows = jnp.asarray(np.random.default_rng(1).choice((low, 1), (60, lattice.n_sites)), jnp.float32)
    windows = machine._windows(lattice.n_sites)
    rule = Rule(units, algorithm, k, "sample", "proximal", True, 60)
    n_chains = 60 if algorithm == "pcd" else 0
    tied_rule = replace(rule, windows=windows)
    found, chains = slope_of(state_of(machine, n_chains), rows, jax.random.key(3), tied_rule)
    expected, dense_chains = slope_of(state_of(dense, n_chains), rows, jax.random.key(3), rule)
    np.testing.assert_array_equal(chains, dense_chains)
    weights = np.asarray(expected.weights).reshape(case[3], windows.n_blocks, -1)
    windows_of = windows_at(lattice, windows.side, windows.b, windows.before)
    summed = [[one[np.arange(windows.n_blocks), places].sum() for places in windows_of.T] for one in weights]
    np.testing.assert_allclose(found.weights, np.array(summed) / windows.n_blocks, atol=2e-5)
    np.testing.assert_allclose(found.visible, [np.asarray(expected.visible).sum() / windows.n_blocks], atol=2e-5)
    hidden = np.asarray(expected.hidden).reshape(case[3], -1).sum(axis=1) / windows.n_blocks
    np.testing.assert_allclose(found.hidden, hidden, atol=2e-5)


@pytest.mark.parametrize("case", [(Lattice.square(8), 2, 4, 2), (Lattice.chain(12), 3, 5, 1)], ids=str)
def test_translations_by_a_block_carry_over(case: tuple[Lattice, int, int, int]) -> None:
    machine, lattice, b = tied(*case), case[0], case[1]
    v = np.random.default_rng(0).choice((-1.0, 1.0), (20, *lattice.shape))
    axes = tuple(range(1, lattice.dimension + 1))
    moved = np.roll(v, [b, 2 * b][: lattice.dimension], axes).reshape(20, -1)
    coarse = [extent // b for extent in lattice.shape]
    still = machine.transform(v.reshape(20, -1)).reshape(20, -1, *coarse)
    expected = np.roll(still, [1, 2][: lattice.dimension], [axis + 1 for axis in axes])
    np.testing.assert_allclose(machine.transform(moved).reshape(expected.shape), expected, atol=1e-12)
    np.testing.assert_allclose(machine.free_energy(moved), machine.free_energy(v.reshape(20, -1)), rtol=1e-12)
    # and by less than a block they do not
    shifted = np.roll(v, 1, 1).reshape(20, -1)
    assert np.abs(machine.free_energy(shifted) - machine.free_energy(v.reshape(20, -1))).max() > 0.1


def ising(lattice: Lattice, K: float) -> ConvolutionalRBM:
    """The Ising model by a hidden spin a bond: a filter of two sites a direction."""
    w, d = np.arccosh(np.exp(2 * K)) / 2, lattice.dimension
    filters = np.zeros((d, *(2,) * d))
    for axis in range(d):
        filters[(axis, *(0,) * d)] = filters[(axis, *(int(a == axis) for a in range(d)))] = w
    return with_filters(filters, lattice, 1, units="spin")


@pytest.mark.parametrize(("lattice", "K"), [(Lattice.chain(10), 0.7), (Lattice.square(4), 0.44)], ids=str)
def test_filters_of_bonds_are_the_ising_model(lattice: Lattice, K: float) -> None:
    # exp(K s s') = exp(-K)/2 sum_h exp(w h (s + s')), so that ln Z is the ring's and Kaufman's
    n_bonds = len(lattice.bonds)
    exact = chain.log_partition(bs.Ising(lattice, K)) if lattice.dimension == 1 else ising2d.log_partition(lattice, K)
    found = ising(lattice, K).log_partition(method="exact").value
    assert found == pytest.approx(exact + n_bonds * (K + np.log(2)), rel=1e-7)


@pytest.mark.slow
def test_it_learns_the_ising_model_that_it_can_hold() -> None:
    """KL in nats of PCD-2 on 20,000 rows of the 3x3 torus, seed 0.

    The rows leave (512 - 1)/2n = 0.013 to a machine of as many weights as states; 8 weights come below that.
    """
    lattice, K = Lattice.square(3), 0.3
    V = all_states(9, "spin")
    energy = bs.Ising(lattice, K).energy(V)
    p = np.exp(-energy - logsumexp(-energy))
    X = V[np.random.default_rng(0).choice(len(V), 20_000, p=p)].astype(np.int8)
    machine = ConvolutionalRBM(
        lattice, 1, 2, 2, units="spin", biases=False, algorithm="pcd", k=2, momentum=0.9,
        learning_rate=0.01, batch_size=200, n_iter=30, init_scale=0.3, random_state=0,
    ).fit(X)  # fmt: skip
    log_q = -machine.free_energy(V) - logsumexp(-machine.free_energy(V))
    assert (p * (np.log(p) - log_q)).sum() < 0.01
    held_out = machine.log_likelihood(X)
    assert abs(held_out.z(float(p @ np.log(p)))) < 5


@pytest.mark.slow
def test_one_filter_is_a_block_rule() -> None:
    lattice = Lattice.square(8)
    samples = bs.sample(bs.Ising(lattice, KC_SQUARE), 400, seed=1)
    rule = ConvolutionalRBM(
        lattice, 2, 4, units="spin", biases=False, learning_rate=0.02, n_iter=20, output="sample", random_state=0
    )
    train, test = bs.split(samples, 0.7, seed=1)
    rule.fit(bs.to_matrix(train))
    assert rule.filters_.sum() > 1
    coarse = rule.transform(bs.to_matrix(test))
    assert coarse.dtype == np.int8
    assert coarse.shape == (len(bs.to_matrix(test)), 16)
    # the hidden spin of a block follows its majority
    majority = bs.Majority(lattice, 2, random_state=0).fit_transform(bs.to_matrix(test))
    assert (coarse * majority).mean() > 0.5
    (step,) = bs.rg.exponents(samples, [rule], operators=["nn", "magnetisation"])
    assert step.y_h.value == pytest.approx(1.8, abs=0.15)
    wider = rule.on(Lattice.square(16))
    assert wider.transform(np.ones((2, 256), np.int8)).shape == (2, 64)
    np.testing.assert_array_equal(wider.filters_, rule.filters_)


@pytest.mark.slow
def test_the_judge_takes_it_as_it_is() -> None:
    lattice = Lattice.square(8)
    model = bs.Ising(lattice, KC_SQUARE)
    train, test = bs.split(bs.sample(model, 2000, seed=1), 0.7, seed=1)
    rule = ConvolutionalRBM(lattice, 2, 4, units="spin", biases=False, learning_rate=0.02, n_iter=20, random_state=0)
    card = bs.judge(rule.fit(bs.to_matrix(train)), test, model=model)
    found = {row.quantity: row for row in card.rows}
    assert found["spin flip"].value == pytest.approx(1, abs=1e-6)
    assert found["translation"].value == pytest.approx(1, abs=1e-6)
    # KL a site from the exact ln Z of both: below that of independent spins, above 0
    assert 0 < found["KL a site"].value < 0.3


@pytest.mark.parametrize("algorithm", [pytest.param("cd", marks=pytest.mark.slow), "pcd"])
def test_a_saved_machine_is_the_same_and_trains_on(algorithm: str, tmp_path: Path) -> None:
    lattice = Lattice.square(4, 6)
    X = np.random.default_rng(0).choice((-1, 1), (100, 24)).astype(np.int8)
    machine = ConvolutionalRBM(lattice, 2, 4, 2, n_iter=2, batch_size=20, algorithm=algorithm, random_state=3).fit(X)
    machine.save(tmp_path / "filters.npz")
    loaded = ConvolutionalRBM.load(tmp_path / "filters.npz")
    assert loaded.lattice == lattice
    for name in ("filters_", "components_", "intercept_hidden_"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(machine, name))
    np.testing.assert_array_equal(loaded.partial_fit(X).filters_, machine.partial_fit(X).filters_)
    whole = ConvolutionalRBM(lattice, 2, 4, 2, n_iter=3, batch_size=20, algorithm=algorithm, random_state=3).fit(X)
    np.testing.assert_array_equal(whole.filters_, loaded.filters_)
    again = ConvolutionalRBM.load(tmp_path / "filters.npz").set_params(n_iter=3).resume(X)
    np.testing.assert_array_equal(again.filters_, whole.filters_)
    with pytest.raises(ValueError, match=r"filters.npz.*RBM\.save"):
        RBM.load(tmp_path / "filters.npz")
    data = (tmp_path / "filters.npz").read_bytes()
    (tmp_path / "filters.npz").write_bytes(data[: len(data) // 2])
    with pytest.raises(ValueError, match=r"filters\.npz is"):
        ConvolutionalRBM.load(tmp_path / "filters.npz")
    (tmp_path / "filters.npz").write_bytes(data)
    with np.load(tmp_path / "filters.npz") as archive:
        stored = {name: archive[name] for name in archive.files}
    stored["filters_"][0, 0, 0] += 1
    np.savez(tmp_path / "filters.npz", **stored)
    with pytest.raises(ValueError, match=r"changed since ConvolutionalRBM\.save wrote it"):
        ConvolutionalRBM.load(tmp_path / "filters.npz")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"b": 3}, "a block of side b must divide every extent"),
        ({"filter_side": 1}, r"filter_side must lie between the block's side 2, .* square 4x4 lattice; got 1"),
        ({"filter_side": 5}, "and the smallest extent of the square 4x4 lattice; got 5"),
        ({"n_filters": 0}, "n_filters must be an integer of at least 1; got 0"),
        ({"algorithm": "pt"}, "algorithm must be one of cd, pcd; got 'pt'"),
        ({"l1": -1}, "l1 must be a number of at least 0"),
        ({"lattice": Lattice.square(6)}, r"square 6x6 lattice takes X of shape \(n, 36\); got 16 columns"),
    ],
)
def test_a_wrong_parameter_is_named(parameters: dict[str, object], message: str) -> None:
    X = np.random.default_rng(0).choice((-1, 1), (20, 16))
    with pytest.raises(ValueError, match=message):
        ConvolutionalRBM(**({"lattice": Lattice.square(4), "filter_side": 2} | parameters)).fit(X)


def test_wrong_filters_are_named() -> None:
    with pytest.raises(TypeError, match="lattice"):
        ConvolutionalRBM((4, 4)).fit(np.ones((5, 16)))
    with pytest.raises(TypeError, match="machines"):
        bs.RBM.fit_many([ConvolutionalRBM()], np.ones((5, 16)))
    machine = ConvolutionalRBM(Lattice.chain(8), 2, 4, units="binary", n_iter=0).fit(np.ones((5, 8), np.int8))
    with pytest.raises(ValueError, match="square 8x8"):
        machine.on(Lattice.square(8))
    anew = r"shape \(1, 4\) on 4 blocks where training began and now \({}, 4\) on {}: fit starts anew"
    with pytest.raises(ValueError, match=anew.format(2, 4)):
        machine.set_params(n_filters=2).partial_fit(np.ones((5, 8), np.int8))
    with pytest.raises(ValueError, match=anew.format(1, 8)):
        machine.set_params(n_filters=1, b=1).partial_fit(np.ones((5, 8), np.int8))
