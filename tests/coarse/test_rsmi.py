"""Learned filters against the exact information of every rule, on the torus of 6x6 and on the ring.

The filters are evaluated exactly, so that no estimate decides. Tried on purpose: the climb turned downhill, the
environment of the next window beside each block, filters read in another order of sites by `transform`: each fails a
test below.
"""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone

import blockspin as bs
from blockspin.coarse.blocks import Majority
from blockspin.exact import surroundings
from blockspin.exact.information import Joint, sign_rule
from blockspin.models import KC_SQUARE
from blockspin.samples import to_matrix

SQUARE = bs.Lattice.square(6)
AROUND = [0, 1, 3, 2]  # from the order of `Lattice.blocks` to that of `exact.surroundings.torus`
CHAINS = 50


def drawn(model: bs.Ising, n: int = 5000) -> np.ndarray:
    return to_matrix(bs.sample(model, n, seed=1, chains=CHAINS))


@pytest.fixture(scope="module", params=[0.408, KC_SQUARE], ids=["K=0.408", "Kc"])
def learned(request: pytest.FixtureRequest) -> tuple[bs.RSMI, np.ndarray, Joint]:
    model = bs.Ising(SQUARE, request.param)
    X = drawn(model)
    return bs.RSMI(SQUARE, n_iter=1500, random_state=0).fit(X, chains=CHAINS), X, surroundings.torus(model)


Learned = tuple[bs.RSMI, np.ndarray, Joint]


def test_the_filter_keeps_what_the_best_rule_keeps(learned: Learned) -> None:
    rsmi, _, joint = learned
    best, _ = joint.best_binary(odd=True)
    assert joint.kept(sign_rule(rsmi.filters_[0, AROUND])) > 0.99 * best


def test_the_bounds_agree_with_the_exact_information_from_below(learned: Learned) -> None:
    # 9000 windows of 10 chains measured: errors of .01 of .35, a bound 12 % too high would be seen at 4 sigma
    rsmi, _, joint = learned
    exact = joint.kept(sign_rule(rsmi.filters_[0, AROUND]))
    assert rsmi.why_ == ""
    for bound in rsmi.bounds_.values():
        assert bound.measured.z(exact) < 3
        assert bound.measured.value > 0.85 * exact - 3 * bound.measured.error
    assert rsmi.information_ == rsmi.bounds_["classifier"].measured


def test_transform_tiles_the_lattice(learned: Learned) -> None:
    rsmi, X, _ = learned
    blocks = rsmi.transform(X)
    assert blocks.shape == (len(X), 9)
    assert blocks.dtype == np.int8
    assert set(np.unique(blocks)) == {-1, 1}
    weighted = X @ rsmi.fields_.T
    np.testing.assert_array_equal(blocks[weighted > 1e-9], 1)
    np.testing.assert_array_equal(blocks[weighted < -1e-9], -1)
    decided = Majority(SQUARE).fit(X).fields_ @ X.T
    agree = np.sign(decided) == blocks.T
    assert agree[decided != 0].mean() > 0.95  # all but ties, up to the one in 16 blocks where three outvote one
    np.testing.assert_allclose(np.abs(rsmi.fields_).sum(axis=1), 1)


@pytest.mark.slow
@pytest.mark.parametrize("objective", ["infonce", "classifier"])
def test_the_ring_learns_decimation(objective: str) -> None:
    """A block of three spins: one end keeps .2437, the majority of all three .2291 nats on this ring."""
    model = bs.Ising(bs.Lattice.chain(12), 1.0)
    joint = surroundings.chain(model, 3, 1)
    X = drawn(model)
    make = bs.RSMI(model.lattice, 3, objective=objective, n_iter=1500, random_state=0)
    rsmi = make.fit(X, chains=CHAINS)
    best, _ = joint.best_binary(odd=True)
    assert joint.kept(sign_rule(rsmi.filters_[0])) > 0.99 * best
    assert joint.kept(sign_rule(np.ones(3))) < 0.95 * best
    np.testing.assert_array_equal(rsmi.filters_, clone(make).fit(X, chains=CHAINS).filters_)


def test_environments_of_other_samples_tell_nothing() -> None:
    from blockspin.coarse.rsmi.bounds import lower_bound
    from blockspin.coarse.rsmi.windows import cut, windows

    X = drawn(bs.Ising(SQUARE, KC_SQUARE), 3000)
    block, around = cut(X, windows(SQUARE, 2, 1, 1), 10**5, np.random.default_rng(1))
    sums = np.where(block.sum(axis=1) + 0.5 * block[:, 0] > 0, 1, -1)
    nothing = lower_bound(sums, np.roll(around, len(around) // 3, axis=0), "classifier", chains=CHAINS, n_iter=500)
    assert nothing.measured.value < 3 * nothing.measured.error
    assert abs(nothing.measured.value) < 0.01


@pytest.mark.slow
def test_components_come_one_after_the_other() -> None:
    lattice = bs.Lattice.chain(8)
    X = drawn(bs.Ising(lattice, 0.8), 500)
    rsmi = bs.RSMI(lattice, 2, 1, 1, n_components=2, n_iter=100, objective="classifier", random_state=3)
    blocks = rsmi.fit(X, chains=CHAINS).transform(X)
    assert blocks.shape == (len(X), 8)
    assert rsmi.fields_.shape == (8, 8)
    field = X @ rsmi.fields_.T
    assert (np.sign(field) == blocks)[np.abs(field) > 1e-9].all()
    assert len(rsmi.get_feature_names_out()) == 8


def test_the_filters_of_one_lattice_serve_another_and_go_through_mcrg(learned: Learned) -> None:
    rsmi, _, _ = learned
    samples = bs.sample(bs.Ising(bs.Lattice.square(16), KC_SQUARE), 400, seed=2, chains=20)
    first, second = bs.rg.exponents(samples, [rsmi.on(bs.Lattice.square(16)), rsmi.on(bs.Lattice.square(8))])
    majority = bs.rg.exponents(samples, lambda lattice: bs.Majority(lattice, random_state=0), 1)[0]
    assert abs(first.y_h.z(majority.y_h)) < 4
    assert np.isfinite(second.y_t.value)
    with pytest.raises(ValueError, match="chain 12"):
        rsmi.on(bs.Lattice.chain(12))
    with pytest.raises(ValueError, match="must fit the lattice"):
        rsmi.on(bs.Lattice.square(4))


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"buffer": 2}, "must fit the lattice"),
        ({"b": 4}, "must divide every extent"),
        ({"b": 3}, "= 7 sites a side"),
        ({"n_components": 0}, "n_components"),
        ({"n_components": 9}, "goes to 8"),
        ({"batch_size": 1}, "batch_size must be"),
        ({"objective": "dv"}, "must be one of infonce, classifier"),
        ({"annealing": (0.1, 0.5, 0.1)}, "annealing is"),
        ({"learning_rate": 0.0}, "learning_rate"),
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        bs.RSMI(SQUARE, **settings).fit(np.ones((100, 36)))


def test_data_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \(n, 36\)"):
        bs.RSMI(SQUARE).fit(np.ones((100, 35)))
    with pytest.raises(ValueError, match="2 \\* x - 1"):
        bs.RSMI(SQUARE).fit(np.zeros((100, 36)))
    with pytest.raises(ValueError, match="7 chains"):
        bs.RSMI(SQUARE).fit(np.ones((100, 36)), chains=7)


@pytest.mark.slow
@pytest.mark.parametrize("objective", ["infonce", "classifier"])
@pytest.mark.parametrize("K", [0.25, 0.3, 0.408, KC_SQUARE, 0.5])
def test_over_fifty_seeds_the_filter_is_within_one_percent_and_the_bounds_below(K: float, objective: str) -> None:
    joint = surroundings.torus(bs.Ising(SQUARE, K))
    X = drawn(bs.Ising(SQUARE, K), 10_000)
    best, _ = joint.best_binary(odd=True)
    short = 0
    for seed in range(50):
        rsmi = bs.RSMI(SQUARE, objective=objective, random_state=seed).fit(X, chains=CHAINS)
        exact = joint.kept(sign_rule(rsmi.filters_[0, AROUND]))
        short += exact <= 0.99 * best
        assert all(bound.measured.z(exact) < 3 for bound in rsmi.bounds_.values())
    # where a filter can keep 0.017 nats at most, one InfoNCE training of the 50 ended at 73 % of it on one processor,
    # and none on another, which rounds otherwise
    assert short <= ((K, objective) == (0.25, "infonce"))


@pytest.mark.parametrize(
    ("settings", "filters", "informations"),
    [
        ({}, [[0.231904, 0.232440, 0.263418, 0.272238]], (0.481919, 0.462830)),
        pytest.param(
            {"n_components": 2, "objective": "classifier"},
            [[0.315898, 0.254932, 0.249822, 0.179349], [0.164846, 0.241389, 0.246933, 0.346832]],
            (0.543557, 0.530251),
            marks=pytest.mark.slow,
        ),
    ],
    ids=str,
)
def test_training_gives_the_numbers_it_gave(
    settings: dict[str, object], filters: list[list[float]], informations: tuple[float, float]
) -> None:
    """Numbers of an earlier version, to the bit on the machine where they were taken.

    Another processor rounds otherwise, and 200 steps of training make 0.0035 of it in a filter. In an information they
    made 0.0009 nats on one and 0.0034 on another; other seeds lie 0.08 and 0.008 away.
    """
    X = to_matrix(bs.sample(bs.Ising(SQUARE, KC_SQUARE), 600, seed=1, chains=30))
    made = bs.RSMI(SQUARE, n_iter=200, random_state=3, **settings)  # type: ignore[arg-type]
    rsmi = made.fit(X, chains=30)
    np.testing.assert_allclose(rsmi.filters_, filters, rtol=0, atol=0.01)
    measured = [rsmi.bounds_[bound].measured.value for bound in ("classifier", "infonce")]
    np.testing.assert_allclose(measured, informations, rtol=0, atol=0.005)
