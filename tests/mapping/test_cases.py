"""The named cases: every expectation comes out, and the published and derived numbers are met."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from blockspin.lattice import Lattice
from blockspin.mapping import cases, learned
from blockspin.mapping.flow import FLOWS
from blockspin.mapping.readings import Case, Outcome
from blockspin.models import Ising

RING = Ising(Lattice.chain(8), 1.0)
TORUS = Ising(Lattice.square(4), 0.44)
WRITTEN = {
    "random": lambda: cases.random_machine(RING, 4, 1),
    "bond": lambda: cases.bond_ring(RING),
    "bond, antiferromagnet": lambda: cases.bond_ring(Ising(Lattice.chain(8), -0.7)),
    "bond, torus": lambda: cases.bond_torus(Ising(Lattice.square(3), 0.44)),
    "alternating": lambda: cases.alternating_ring(RING, 2.0),
    "sublattice": lambda: cases.sublattice(RING),
    "sublattice, torus": lambda: cases.sublattice(TORUS),
    "decimation": lambda: cases.block_rule(RING, "decimation"),
    "decimation by 3": lambda: cases.block_rule(Ising(Lattice.chain(9), 0.8), "decimation", 3),
    "decimation, torus": lambda: cases.block_rule(TORUS, "decimation"),
    "majority": lambda: cases.block_rule(RING, "majority"),
    "majority, torus": lambda: cases.block_rule(TORUS, "majority"),
    "layers": lambda: cases.layered_network(Ising(Lattice.chain(6), 1.0)),
    "product": lambda: cases.product(RING, -0.7, 4),
    "matched": lambda: cases.matched_partition(Ising(Lattice.chain(6), 1.0), 0.5, 1),
    "normalisation": lambda: cases.normalisation(RING, 4, 1),
}


def told(case: Case) -> dict[str, float]:
    return {outcome.quantity: outcome.measured for outcome in case.outcomes}


@pytest.mark.parametrize("name", WRITTEN)
def test_what_is_expected_comes_out(name: str) -> None:
    case = WRITTEN[name]()
    assert [outcome for outcome in case.outcomes if not outcome.met] == []
    assert case.met
    stored = json.loads(json.dumps(case.to_dict(), allow_nan=False))
    assert stored["name"] == case.name
    assert len(stored["outcomes"]) == len(case.outcomes)


def test_an_expectation_can_fail() -> None:
    assert not Outcome("a", 1.0, "=", 1.1).met
    assert Outcome("a", 1.0, "=", 1.1, tolerance=0.2).met
    assert Outcome("a", 1.0, "<", 1.1).met
    assert not Outcome("a", 1.0, ">", 1.1).met
    assert not Outcome("a", math.nan, ">", 1.1).met
    assert not Outcome("a", math.nan, "=", math.nan).met


def test_the_flow_of_decimation() -> None:
    # the recursion tanh K' = tanh^2 K, computed
    from_1 = (1, 0.662501, 0.350061, 0.113672, 0.0128115, 1.64118e-4)
    from_2 = (2, 1.653594, 1.307691, 0.963785, 0.627686, 0.320152)
    for known in (from_1, from_2):
        assert cases.layers(known[0], 5) == pytest.approx(known, rel=5e-6)
        K = float(known[0])
        for expected in known[1:]:
            case = cases.block_rule(Ising(Lattice.chain(8), K), "decimation")
            K = case.K_coarse[0]
            assert expected == pytest.approx(K, rel=5e-6)
            assert case.K_coarse[1] < 1e-13


def test_exact_and_no_flow() -> None:
    for K in (0.3, 1.0):
        bond, copy = (case(Ising(Lattice.chain(8), K)) for case in (cases.bond_ring, cases.sublattice))
        assert bond.K_coarse[0] == pytest.approx(K, abs=1e-12)
        assert copy.K_coarse[0] == pytest.approx(math.atanh(math.tanh(K) ** 2), abs=1e-12)
        assert max(bond.readings.KL, copy.readings.KL) < 1e-12


def test_majority_makes_couplings_that_decimation_of_a_ring_does_not() -> None:
    found = cases.block_rule(Ising(Lattice.chain(12), 1.0), "majority").interactions
    assert found is not None
    assert found.of(0, 1) == pytest.approx(0.698001, abs=1e-6)
    assert found.of(0, 2) == pytest.approx(-0.0159734, abs=1e-7)
    assert abs(found.of(0, 1, 2, 3)) > 1e-4
    assert np.abs(found.couplings[found.bodies % 2 == 1]).max() < 1e-13


def test_the_shift_and_the_first_example_have_dF_zero_and_are_wrong() -> None:
    for case in (cases.normalisation(RING, 4, 1), cases.matched_partition(Ising(Lattice.chain(6), 0.5), 1.0, 3)):
        assert abs(case.readings.dF) < 1e-12
        assert case.readings.KL > 0.01
        assert case.readings.trace_spread > 0.1


def test_the_largest_ring() -> None:
    case = cases.bond_ring(Ising(Lattice.chain(16), 0.5))
    assert case.met
    assert case.n_coarse == 16


def test_case_refusals() -> None:
    with pytest.raises(ValueError, match="must be one of decimation, majority; got 'kadanoff'"):
        cases.block_rule(RING, "kadanoff")
    with pytest.raises(ValueError, match="extents 3 or more; got square 2x3"):
        cases.bond_torus(Ising(Lattice.square(2, 3), 0.4))
    with pytest.raises(ValueError, match="must be one of none, l1, l2; got 'l0'"):
        learned.contrastive_divergence(RING, 4, 1, penalty="l0", n_draws=100, n_iter=1)


@pytest.mark.parametrize("name", [name for name in FLOWS if name not in ("maximum likelihood", "CD-1")])
def test_flows_that_are_written_down(name: str) -> None:
    K = 0.6
    case = FLOWS[name](Ising(Lattice.chain(8), K), 1)
    step = {"bond machine": K, "majority": 0.336}.get(name, math.atanh(math.tanh(K) ** 2))
    assert case.K_coarse[0] == pytest.approx(step, abs=1e-3)
