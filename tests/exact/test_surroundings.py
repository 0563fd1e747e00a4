"""Block and environment of the Ising model against published numbers, enumeration, and row transfer matrices.

Tried on purpose: a power of T too many in the bridge, the ring's closing left out, the corners of the torus' ring given
one environment spin, the field h left off the ring or off the environment, a bond within the environment left out
(ln Z), K 3 % high, a wrong turn of the
square among the symmetries: each fails a test below.
"""

from __future__ import annotations

import numpy as np
import pytest

from blockspin.exact import ising2d, surroundings
from blockspin.exact.information import Joint, block_states, boltzmann_rule, sign_rule
from blockspin.lattice import Lattice
from blockspin.models import KC_SQUARE, Ising
from oracles.surroundings import enumerated

# n, buffer, K: I(V:E), kept by decimation, kept by majority with fair ties; infinite chain, nats
CHAIN = {
    (2, 1, 0.1): (9.868015e-5, 4.983017e-5, 2.983255e-5),
    (2, 1, 0.5): (4.573560e-2, 2.763417e-2, 2.425683e-2),
    (2, 1, 1.0): (0.3252210, 0.2470329, 0.2405681),
    (2, 1, 1.5): (0.5815462, 0.5000204, 0.4961476),
    (2, 0, 0.1): (9.949731e-3, 5.023961e-3, 3.006187e-3),
    (2, 0, 1.0): (0.5546073, 0.4060014, 0.3909660),
    (3, 1, 1.0): (0.3392529, 0.2177569, 0.1990333),
    (4, 1, 1.0): (0.3473307, 0.2013172, 0.1631255),
}
# K: I(V:E), best odd rule, majority, decimation, average of two neighbours, Boltzmann (1,1,1,1) and (3,0,0,0)
TORUS = {
    0.408: (0.44716933, 0.34897759, 0.34820640, 0.27817590, 0.27653805, 0.34194566, 0.27496807),
    KC_SQUARE: (0.54940140, 0.46156636, 0.46104465, 0.38056554, 0.37945846, 0.45375574, 0.37590400),
}


@pytest.mark.parametrize(("n", "buffer", "K"), CHAIN)
def test_the_infinite_chain_gives_the_published_numbers(n: int, buffer: int, K: float) -> None:
    joint = surroundings.chain(Ising(Lattice.chain(2), K), n, buffer, infinite=True)
    found = (joint.information(), joint.kept(sign_rule(np.eye(n)[0])), joint.kept(sign_rule(np.ones(n))))
    np.testing.assert_allclose(found, CHAIN[n, buffer, K], rtol=2e-7, atol=6e-8)


def test_on_the_chain_decimation_keeps_most_and_majority_least() -> None:
    """The map over the weights of two spins (Lenggenhager et al. 2020, figure 3): fractions .5050 and .3023."""
    joint = surroundings.chain(Ising(Lattice.chain(2), 0.1), 2, 1, infinite=True)
    angles = np.linspace(0, np.pi / 4, 19)
    kept = np.array([joint.kept(boltzmann_rule(1000 * np.array([np.cos(a), np.sin(a)]))) for a in angles])
    assert kept[:-1] == pytest.approx(np.full(18, kept[0]), rel=1e-9)  # any unequal weights, made sharp, decimate
    assert kept.argmin() == 18
    assert kept[0] / joint.information() == pytest.approx(0.5050, abs=5e-5)
    assert kept[-1] / joint.information() == pytest.approx(0.3023, abs=5e-5)
    soft = np.array([joint.kept(boltzmann_rule(3 * np.array([np.cos(a), np.sin(a)]))) for a in angles])
    assert soft.argmin() == 18
    assert soft.max() / kept[0] == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("h", [0.0, 0.15])
@pytest.mark.parametrize(("L", "n", "buffer"), [(9, 3, 1), (8, 2, 2), (6, 2, 0), (7, 3, 1), (5, 4, 0)])
def test_the_ring_agrees_with_enumeration(L: int, n: int, buffer: int, h: float) -> None:
    model = Ising(Lattice.chain(L), 0.45, h)
    joint = surroundings.chain(model, n, buffer)
    first = buffer + n + buffer
    twin = enumerated(model, range(buffer, buffer + n), range(first, L))
    assert joint.information() == pytest.approx(twin.information(), abs=1e-13)
    assert joint.log_partition == pytest.approx(twin.log_partition, abs=1e-12)
    rule = np.random.default_rng(1).random(1 << n)
    assert joint.kept(rule) == pytest.approx(twin.kept(rule), abs=1e-13)


def test_a_long_ring_is_the_infinite_chain() -> None:
    near = surroundings.chain(Ising(Lattice.chain(200), 0.5, 0.1), 2, 1)
    far = surroundings.chain(Ising(Lattice.chain(2), 0.5, 0.1), 2, 1, infinite=True)
    assert near.information() == pytest.approx(far.information(), rel=1e-12)


@pytest.fixture(scope="module", params=TORUS, ids=["K=0.408", "Kc"])
def published(request: pytest.FixtureRequest) -> tuple[float, Joint]:
    return request.param, surroundings.torus(Ising(Lattice.square(6), request.param))


def test_the_torus_gives_the_published_numbers(published: tuple[float, Joint]) -> None:
    K, joint = published
    rules = (sign_rule([1, 1, 1, 1]), sign_rule([1, 0, 0, 0]), sign_rule([1, 1, 0, 0]))
    rules += (boltzmann_rule([1, 1, 1, 1]), boltzmann_rule([3, 0, 0, 0]))
    best, rule = joint.best_binary(odd=True)
    found = [joint.information(), best, *(joint.kept(one) for one in rules)]
    np.testing.assert_allclose(found, TORUS[K], rtol=0, atol=1e-8)
    assert joint.log_partition == pytest.approx(ising2d.log_partition(Lattice.square(6), K), abs=1e-11)
    # the best odd rule is the majority of three
    assert best == pytest.approx(joint.kept(sign_rule([1, 1, 1, 0])), abs=1e-13)
    assert rule.sum() == 8
    # what the search leaves out by symmetry is as good as what it tries
    assert len(joint.symmetries) == 16
    soft = np.random.default_rng(2).random(16)
    turned = [joint.kept(soft[list(permutation)]) for permutation in joint.symmetries]
    assert turned == pytest.approx(np.full(16, joint.kept(soft)), abs=1e-13)
    # all ties to one side keeps more than any rule that turns over with the block
    one_sided = (block_states(4).sum(axis=1) > 0).astype(float)
    assert joint.kept(one_sided) > best + 0.005


def test_without_symmetry_the_best_rule_gives_all_ties_to_one_side() -> None:
    joint = surroundings.torus(Ising(Lattice.square(5), KC_SQUARE))
    best, rule = joint.best_binary()
    one_sided = (block_states(4).sum(axis=1) > 0).astype(float)
    assert best == pytest.approx(joint.kept(one_sided), abs=1e-13)
    assert (rule == one_sided).all() or (rule == 1 - one_sided[::-1]).all()


@pytest.mark.parametrize("h", [0.0, 0.2])
@pytest.mark.parametrize("shape", [(5, 5), (5, 6), (6, 5), (6, 6), (7, 5)], ids=str)
def test_the_torus_agrees_with_row_transfer_matrices(shape: tuple[int, int], h: float) -> None:
    # of the whole torus: ln Z and the marginal of the block, from the joint of rows 2 and 3
    model = Ising(Lattice.square(*shape), 0.37, h)
    joint = surroundings.torus(model)
    rows = block_states(shape[1]).astype(float)
    own = model.K * (rows * np.roll(rows, 1, axis=1)).sum(axis=1) + h * rows.sum(axis=1)
    T = np.exp(model.K * rows @ rows.T + (own[:, None] + own) / 2)
    both = T * np.linalg.matrix_power(T, shape[0] - 1).T
    assert joint.log_partition == pytest.approx(np.log(both.sum()), abs=1e-11)
    up = (rows > 0).astype(int)
    number = (up[:, None, 2] + 2 * up[:, None, 3]) + 4 * up[None, :, 3] + 8 * up[None, :, 2]
    marginal = np.bincount(number.ravel(), (both / both.sum()).ravel(), minlength=16)
    np.testing.assert_allclose(joint.table.sum(axis=1), marginal, rtol=1e-11)


def test_given_its_environment_the_block_is_what_enumeration_says() -> None:
    lattice = Lattice.square(6)
    model = Ising(lattice, 0.37, 0.2)
    joint = surroundings.torus(model)
    conditional = joint.table / joint.table.sum(axis=0)
    block = surroundings._places(lattice)[0]
    window = np.array([6 * x + y for x in range(1, 5) for y in range(1, 5)])
    for seed in range(3):
        spins = np.tile(np.random.default_rng(seed).choice([-1, 1], 36), (1 << 16, 1))
        spins[:, window] = block_states(16)
        weight = np.exp(-model.energy(spins))
        number = (spins[:, block] > 0) @ (1 << np.arange(4))
        known = np.bincount(number, weight, minlength=16) / weight.sum()
        assert np.abs(conditional - known[:, None]).max(axis=0).min() < 1e-13


def test_small_tori_by_enumeration() -> None:
    # a single spin with its four neighbours as buffer: the environment reaches it through them alone
    model = Ising(Lattice.square(4), 0.3)
    near = enumerated(model, [5], [1, 4, 6, 9])
    far = enumerated(model, [5], [0, 2, 3, 7, 8, 10, 11])
    assert near.information() > far.information() > 0
    all_else = enumerated(model, [5], [site for site in range(16) if site != 5])
    assert all_else.information() == pytest.approx(near.information(), abs=1e-14)


def test_geometry_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="takes 6 of 6 sites"):
        surroundings.chain(Ising(Lattice.chain(6), 0.5), 2, 2)
    with pytest.raises(ValueError, match="at least 1 spin"):
        surroundings.chain(Ising(Lattice.chain(6), 0.5), 0, 2)
    with pytest.raises(ValueError, match="needs a chain"):
        surroundings.chain(Ising(Lattice.square(4), 0.5), 2, 1)
    with pytest.raises(ValueError, match="5x5, 5x6, 6x6 or 5x7"):
        surroundings.torus(Ising(Lattice.square(4), 0.5))
    with pytest.raises(ValueError, match="share none"):
        enumerated(Ising(Lattice.square(4), 0.5), [0], [0, 1])
    with pytest.raises(ValueError, match="at most 24"):
        enumerated(Ising(Lattice.square(5), 0.5), [0], [1])
