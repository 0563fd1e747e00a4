"""The identities to 1e-12 over random models and machines; the trace condition and KL through zero together."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp

from blockspin.boltzmann_map import mappings, rules
from blockspin.boltzmann_map.exact_machines import alternating_machine, bond_machine, bond_weight, sublattice_machine
from blockspin.boltzmann_map.machine import Machine, spins
from blockspin.boltzmann_map.mappings import MachineMapping, TableMapping, divergence
from blockspin.boltzmann_map.rules import BlockMapping
from blockspin.coarse.blocks import Decimation, Majority
from blockspin.exact import enumeration
from blockspin.lattice import Lattice
from blockspin.models import Ising

LATTICES = (Lattice.chain(3), Lattice.chain(6), Lattice.square(2), Lattice.square(2, 3))
couplings = st.floats(-1.2, 1.2)


@st.composite
def mapped(draw: st.DrawFn) -> MachineMapping:
    model = Ising(draw(st.sampled_from(LATTICES)), draw(couplings), draw(st.floats(-0.5, 0.5)))
    random = np.random.default_rng(draw(st.integers(0, 10**6)))
    N, M = model.lattice.n_sites, draw(st.integers(1, 6))
    scale = draw(st.sampled_from([0.0, 0.1, 1.0]))
    parts = (scale * random.standard_normal(shape) for shape in ((M, N), (N,), (M,)))
    return MachineMapping(model, Machine(*parts, offset=float(random.standard_normal())))


@given(mapping=mapped())
@settings(max_examples=80)
def test_the_identities_hold_for_any_model_and_machine(mapping: MachineMapping) -> None:
    H, T = mapping.H, mapping.T()
    v, h = spins(mapping.machine.n_visible), spins(mapping.machine.n_hidden)
    np.testing.assert_allclose(T, H[:, None] - mapping.machine.energy(v, h), atol=1e-13)  # eq. 18
    H_RG = -logsumexp(T - H[:, None], axis=0)  # eq. 6
    np.testing.assert_allclose(H_RG, mapping.machine.hidden_hamiltonian(), atol=1e-12)  # eq. 20
    np.testing.assert_allclose(mapping.direct(), H_RG, atol=1e-12)
    assert mapping.identity_residual < 1e-12
    log_p = -mapping.machine.energy(v, h) - logsumexp(-mapping.machine.energy(v, h), axis=1)[:, None]
    np.testing.assert_allclose(T, log_p + (H - mapping.machine.visible_hamiltonian())[:, None], atol=1e-12)  # eq. 22
    assert mapping.factor_residual() < 1e-12
    np.testing.assert_allclose(logsumexp(T, axis=1), mapping.log_trace, atol=1e-12)  # eq. 9
    F_h, F_v = -logsumexp(-H_RG), -logsumexp(-H)
    assert mapping.dF == pytest.approx(F_h - F_v, abs=1e-12)  # eq. 7
    assert mapping.dF == pytest.approx(
        enumeration.log_partition(mapping.model) - mapping.machine.log_partition(), abs=1e-12
    )
    p = np.exp(-mapping.machine.energy(v, h) - mapping.machine.log_partition())
    np.testing.assert_allclose(np.exp(mapping.log_p_visible), p.sum(axis=1), atol=1e-13)
    np.testing.assert_allclose(np.exp(mapping.log_p_hidden), p.sum(axis=0), atol=1e-13)


@given(mapping=mapped())
@settings(max_examples=80)
def test_a_table_says_what_the_machine_says(mapping: MachineMapping) -> None:
    table = TableMapping(mapping.model, mapping.T())
    for name in ("dF", "KL", "trace_deviation", "trace_spread"):
        assert getattr(table, name) == pytest.approx(getattr(mapping, name), abs=1e-12), name
    np.testing.assert_allclose(table.coarse, mapping.coarse, atol=1e-12)


@given(mapping=mapped())
@settings(max_examples=80)
def test_divergence_is_bounded_by_the_trace_condition(mapping: MachineMapping) -> None:
    P, p = np.exp(mapping.log_P), np.exp(mapping.log_p_visible)
    assert pytest.approx(float((P * np.log(P / p)).sum()), abs=1e-12) == mapping.KL
    assert 2 * mapping.trace_spread + 1e-12 >= mapping.KL
    # Pinsker: KL >= |P - p|_1^2 / 2
    assert np.abs(P - p).sum() ** 2 / 2 - 1e-12 <= mapping.KL
    assert mapping.trace_spread <= mapping.trace_deviation + 1e-12
    best = (mapping.log_trace.max() + mapping.log_trace.min()) / 2
    centred = MachineMapping(mapping.model, mapping.machine.shifted(best))
    assert centred.trace_deviation == pytest.approx(mapping.trace_spread, abs=1e-12)


@given(lattice=st.sampled_from(LATTICES), K=couplings, h=st.floats(-0.5, 0.5), shift=st.floats(-3, 3))
@settings(max_examples=60)
def test_the_bond_machine_is_exact_and_a_constant_is_all_that_moves(
    lattice: Lattice, K: float, h: float, shift: float
) -> None:
    assume(abs(K) > 1e-3)
    mapping = MachineMapping(Ising(lattice, K, h), bond_machine(Ising(lattice, K, h)))
    assert mapping.trace_deviation < 1e-12
    assert mapping.KL < 1e-12
    moved = MachineMapping(mapping.model, mapping.machine.shifted(shift))
    assert moved.trace_spread < 1e-12
    assert moved.trace_deviation == pytest.approx(abs(shift), abs=1e-12)
    assert moved.dF == pytest.approx(shift, abs=1e-12)
    assert moved.KL < 1e-12


@pytest.mark.parametrize("lattice", [Lattice.chain(6), Lattice.square(3)], ids=str)
@pytest.mark.parametrize("tuned", ["K", "weights", "field"])
def test_trace_condition_and_divergence_go_through_zero_together(lattice: Lattice, tuned: str) -> None:
    model = Ising(lattice, 0.6)
    exact = bond_machine(model)
    found = []
    for share in (-0.3, -0.1, -0.01, 0.0, 0.01, 0.1, 0.3):
        if tuned == "K":
            machine = bond_machine(Ising(lattice, 0.6 * (1 + share)))
        elif tuned == "weights":
            machine = Machine.unbiased((1 + share) * exact.weights)
        else:
            machine = Machine(exact.weights, exact.visible + share, exact.hidden)
        mapping = MachineMapping(model, machine)
        assert (mapping.KL < 1e-12) == (mapping.trace_spread < 1e-12) == (share == 0)
        found.append((mapping.KL, mapping.trace_spread))
    KL, spread = np.array(found).T
    for column in (KL, spread):
        assert (np.diff(column[:4]) < 0).all()
        assert (np.diff(column[3:]) > 0).all()
    # a quadratic and a linear zero
    assert KL[5] / KL[4] == pytest.approx(100, rel=0.35)
    assert spread[5] / spread[4] == pytest.approx(10, rel=0.2)


def test_weights_of_the_decoration() -> None:
    for K, W in ((0.408, 0.728115), (0.4352, 0.758250), (0.44068679350977147, 0.764285), (1.0, 1.344268)):
        assert bond_weight(K) == pytest.approx(W, abs=5e-7)
        assert math.cosh(2 * bond_weight(K)) == pytest.approx(math.exp(2 * K), rel=1e-14)


@given(W=st.floats(1.0, 8.0), K=st.floats(0.2, 0.95))
@settings(max_examples=30)
def test_alternating_weights_are_exact_and_set_the_hidden_couplings(W: float, K: float) -> None:
    model = Ising(Lattice.chain(6), K)
    mapping = MachineMapping(model, alternating_machine(model, W))
    assert mapping.KL < 1e-12
    assert mapping.trace_deviation < 1e-11
    found = mapping.interactions
    pair = [found.of((i - 1) % 6, i) for i in range(6)]
    tanh = np.tanh(W) ** 2, (np.tanh(K) / np.tanh(W)) ** 2
    np.testing.assert_allclose(np.tanh(pair), np.tile(tanh, 3), atol=1e-9)


@pytest.mark.parametrize("lattice", [Lattice.chain(8), Lattice.square(4), Lattice.square(2, 4)], ids=str)
def test_the_sublattice_machine_is_decimation_onto_a_sublattice(lattice: Lattice) -> None:
    model = Ising(lattice, 0.55, 0.2)
    mapping = MachineMapping(model, sublattice_machine(model))
    assert mapping.KL < 1e-12
    assert mapping.trace_deviation < 1e-11
    kept = np.flatnonzero(lattice.colours == 1)
    coarse = (spins(lattice.n_sites)[:, kept] > 0) @ (1 << np.arange(len(kept)))
    weight = np.bincount(coarse, np.exp(-mapping.H), minlength=1 << len(kept))
    # a copy's own field sits on its visible partner, and so in the sum over v
    np.testing.assert_allclose(np.exp(mapping.log_p_hidden), weight / weight.sum(), atol=1e-12)


@pytest.mark.parametrize("lattice", [Lattice.chain(4), Lattice.chain(8), Lattice.square(4)], ids=str)
@pytest.mark.parametrize("rule", ["decimation", "majority"])
def test_block_rules_are_the_transformers_of_the_package(lattice: Lattice, rule: str) -> None:
    model = Ising(lattice, 0.47, 0.1)
    mapping = getattr(rules, rule)(model)
    states = enumeration.states(lattice)
    bits = 1 << np.arange(mapping.places.n_sites)
    P = np.exp(mapping.log_P)
    if rule == "decimation":
        h = Decimation(lattice, 2).fit(states).transform(states)
        expected = np.bincount((h > 0) @ bits, P, minlength=1 << len(bits))
        np.testing.assert_allclose(np.exp(mapping.log_p_hidden), expected, atol=1e-13)
        return
    # every coin once: a tied block goes either way with probability 1/2
    sums = states[:, lattice.blocks(2)].sum(axis=-1)
    expected = np.zeros(1 << len(bits))
    for number, h in enumerate(spins(len(bits))):
        expected[number] = (P * np.where(sums == 0, 0.5, np.sign(sums) == h).prod(axis=1)).sum()
    np.testing.assert_allclose(np.exp(mapping.log_p_hidden), expected, atol=1e-13)
    drawn = Majority(lattice, 2, random_state=1).fit(states).transform(states)
    assert ((drawn == np.sign(sums)) | (sums == 0)).all()


@pytest.mark.parametrize("lattice", [Lattice.square(4), Lattice.chain(8)], ids=str)
def test_a_block_rule_is_its_table(lattice: Lattice) -> None:
    model = Ising(lattice, 0.4, 0.05)
    random = np.random.default_rng(2)
    blocks, v = lattice.blocks(2), spins(lattice.n_sites)
    up = random.random(1 << blocks.shape[1])
    mapping = BlockMapping(model, 2, np.stack([1 - up, up], axis=1))
    state = (v[:, blocks] > 0) @ (1 << np.arange(blocks.shape[1]))
    h = spins(len(blocks))
    T = sum(
        np.log(np.where(h[None, :, block] > 0, up[state[:, block], None], 1 - up[state[:, block], None]))
        for block in range(len(blocks))
    )
    table = TableMapping(model, T)
    for one in (mapping, table):
        one.__dict__["H"] = np.random.default_rng(3).standard_normal(len(v))  # no symmetry hides the order of spins
    np.testing.assert_allclose(mapping.coarse, table.coarse, atol=1e-12)
    assert table.trace_deviation < 1e-12
    assert pytest.approx(0, abs=1e-12) == table.KL
    assert mapping.dF == 0.0


def test_a_random_exponent_matches_Z_and_breaks_the_trace_condition_as_the_comment_computes() -> None:
    model = Ising(Lattice.chain(4), 0.5)
    K = np.random.default_rng(5).standard_normal(16)
    mapping = rules.matched(model, K)
    Zt, Z = (np.exp(-mapping.H - extra).sum() for extra in (K, 0.0))
    np.testing.assert_allclose(mapping.log_trace, np.log(Z / Zt) - K, atol=1e-13)
    assert pytest.approx(float(np.exp(mapping.log_P) @ K + np.log(Zt / Z)), abs=1e-13) == mapping.KL
    assert mapping.dF == pytest.approx(0, abs=1e-13)


def test_divergence() -> None:
    P = np.array([0.5, 0.3, 0.2])
    assert divergence(np.log(P), np.log(P)) == 0
    q = np.array([0.1, 0.1, 0.8])
    assert divergence(np.log(P), np.log(q)) == pytest.approx(float((P * np.log(P / q)).sum()), rel=1e-14)
    near = P + 1e-9 * np.array([1, -1, 0])
    assert divergence(np.log(P), np.log(near)) == pytest.approx(1e-18 / 2 * (1 / 0.5 + 1 / 0.3), rel=1e-4)
    with np.errstate(divide="ignore"):
        assert divergence(np.log(P), np.log([0.5, 0.5, 0.0])) == math.inf


def test_what_is_too_large_is_refused_with_its_number_of_states() -> None:
    ring = Ising(Lattice.chain(14), 0.5)
    mapping = MachineMapping(ring, Machine.unbiased(np.ones((11, 14))))
    for method in (mapping.T, mapping.direct, mapping.factor_residual):
        with pytest.raises(ValueError, match=r"2\^24; 14.*11.*2\^25"):
            method()
    assert mapping.identity_residual < 1e-10  # on some of the hidden states
    torus = Ising(Lattice.square(4), 0.5)
    with pytest.raises(ValueError, match=r"32 hidden units have 2\^32"):
        _ = MachineMapping(torus, bond_machine(torus)).interactions
    with pytest.raises(ValueError, match=r"2\^36"):
        _ = rules.decimation(Ising(Lattice.square(6), 0.5)).coarse
    assert mappings.MOST_PAIRS == 2**24


def test_sixteen_hidden_units_on_the_torus() -> None:
    torus = Ising(Lattice.square(4), 0.44)
    random = np.random.default_rng(4)
    mapping = MachineMapping(torus, Machine.unbiased(0.3 * random.standard_normal((16, 16))))
    some = np.array([0, 1, 4711, 65535])
    np.testing.assert_allclose(mapping.direct(some), mapping.coarse[some], atol=1e-12)
    assert mapping.interactions.couplings.shape == (2**16,)
    assert mapping.dF == pytest.approx(mapping.log_Z - mapping.machine.log_partition(), abs=1e-11)


def test_other_refusals() -> None:
    model = Ising(Lattice.chain(4), 0.5)
    with pytest.raises(ValueError, match="4 visible units; got 3"):
        MachineMapping(model, Machine.unbiased(np.ones((2, 3))))
    with pytest.raises(ValueError, match=r"shape \(2\^4, 2\^M\); got \(16, 3\)"):
        TableMapping(model, np.zeros((16, 3)))
    with pytest.raises(ValueError, match="got nan"):
        TableMapping(model, np.full((16, 2), np.nan))
    with pytest.raises(ValueError, match=r"shape \(4, 2\); got \(2, 2\)"):
        BlockMapping(model, 2, np.ones((2, 2)))
    with pytest.raises(ValueError, match="must be a probability"):
        BlockMapping(model, 2, np.ones((4, 2)))
    with pytest.raises(ValueError, match="3 of 4 are not"):
        # every state goes to h = -1
        _ = BlockMapping(model, 2, np.tile([1.0, 0.0], (4, 1))).interactions
    with pytest.raises(ValueError, match=r"< K < W.*W = 0\.4"):
        alternating_machine(model, 0.4)
    with pytest.raises(ValueError, match="ring of even length"):
        alternating_machine(Ising(Lattice.square(2), 0.5), 1.0)
    with pytest.raises(ValueError, match=r"\|K\| = 0.5"):
        bond_machine(model, np.full(4, 0.3))
    with pytest.raises(ValueError, match="even extents"):
        sublattice_machine(Ising(Lattice.chain(5), 0.5))
