"""The table of cases: every expectation is met, and so are the published and derived numbers."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from blockspin.boltzmann_map import exact_machines, rules
from blockspin.boltzmann_map.cases import CASES
from blockspin.boltzmann_map.expected import Outcome
from blockspin.boltzmann_map.mappings import Mapping
from blockspin.lattice import Lattice
from blockspin.models import Ising

RING, TORUS = Ising(Lattice.chain(8), 1.0), Ising(Lattice.square(4), 0.44)
WRITTEN = [name for name in CASES if "likelihood" not in name and not name.startswith("cd")]
OTHERS = {  # a case, and a model that is not the experiment's
    "bond, antiferromagnet": ("bond", Ising(Lattice.chain(8), -0.7)),
    "bond, ring of 16": ("bond", Ising(Lattice.chain(16), 0.5)),
    "layers": ("layers", Ising(Lattice.chain(12), 1.0)),
    "sublattice": ("sublattice", Ising(Lattice.chain(12), 0.3)),
}


def built(name: str, model: Ising) -> Mapping:
    return CASES[name].build(model, **({"seed": 1} if CASES[name].uses else {}))


def missed(name: str, mapping: Mapping) -> list[Outcome]:
    return [outcome for outcome in CASES[name].outcomes(mapping) if not outcome.met]


@pytest.mark.parametrize("name", WRITTEN)
def test_what_is_expected_is_measured(name: str) -> None:
    mapping = built(name, TORUS if name.startswith("torus") else RING)
    assert len(CASES[name].outcomes(mapping)) >= 3
    assert missed(name, mapping) == []


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_expected_is_measured_of_other_models(name: str) -> None:
    case, model = OTHERS[name]
    assert missed(case, built(case, model)) == []


def test_decimation_by_3() -> None:
    mapping = rules.decimation(Ising(Lattice.chain(9), 0.8), 3)
    assert missed("decimation", mapping) == []
    assert mapping.K_coarse[0] == pytest.approx(math.atanh(math.tanh(0.8) ** 3), abs=1e-12)


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("decimation", "majority"),
        ("bond", "sublattice"),
        ("sublattice", "product"),
        ("bond", "random"),
        ("random", "bond"),
    ],
)
def test_a_case_does_not_meet_what_is_expected_of_another(name: str, other: str) -> None:
    assert missed(name, built(other, RING))


def test_words_have_numbers_of_the_case() -> None:
    def words(name: str, **settings: Any) -> tuple[str, str]:
        m = CASES[name].build(RING, **settings)
        return CASES[name].name.format(m=m), CASES[name].about.format(m=m, **settings)

    assert "weights 2 and 1.071" in words("alternating")[1]
    assert words("likelihood", seed=1, starts=1)[0] == "maximum likelihood, 4 units"
    assert words("cd-l1", seed=1, n_draws=100, n_iter=1, l1=0.5)[1].endswith("100 exact draws, 1 epochs, penalty 0.5")


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
        assert exact_machines.layers(known[0], 5) == pytest.approx(known, rel=5e-6)
        K = float(known[0])
        for expected in known[1:]:
            K, spread = built("decimation", Ising(Lattice.chain(8), K)).K_coarse
            assert expected == pytest.approx(K, rel=5e-6)
            assert spread < 1e-13


def test_exact_and_no_flow() -> None:
    for K in (0.3, 1.0):
        bond, copy = (built(name, Ising(Lattice.chain(8), K)) for name in ("bond", "sublattice"))
        assert bond.K_coarse[0] == pytest.approx(K, abs=1e-12)
        assert copy.K_coarse[0] == pytest.approx(math.atanh(math.tanh(K) ** 2), abs=1e-12)
        assert max(bond.KL, copy.KL) < 1e-12


def test_majority_makes_couplings_that_decimation_of_a_ring_does_not() -> None:
    mapping = built("majority", Ising(Lattice.chain(12), 1.0))
    found = mapping.interactions
    assert found.of(0, 1) == pytest.approx(0.698001, abs=1e-6)
    assert found.of(0, 2) == pytest.approx(-0.0159734, abs=1e-7)
    assert abs(found.of(0, 1, 2, 3)) > 1e-4
    assert np.abs(found.couplings[found.bodies % 2 == 1]).max() < 1e-13
    assert built("majority", Ising(Lattice.chain(8), 0.6)).K_coarse[0] == pytest.approx(0.336, abs=1e-3)


def test_the_shift_and_the_first_example_have_dF_zero_and_are_wrong() -> None:
    for mapping in (built("shifted", RING), rules.matched(RING, np.random.default_rng(3).standard_normal(1 << 8))):
        assert abs(mapping.dF) < 1e-12
        assert mapping.KL > 0.01
        assert mapping.trace_spread > 0.1


def test_what_is_random_in_a_case_is_random_in_no_other() -> None:
    made: list[Any] = [CASES[name].build(RING, seed=1) for name in ("random", "shifted")]
    random, shifted = (one.machine.weights.ravel() for one in made)
    streams = [random, shifted, np.random.default_rng(1).standard_normal(random.size)]
    for one, other in itertools.combinations(streams, 2):
        assert abs(np.corrcoef(one, other)[0, 1]) < 4 / math.sqrt(random.size)
