"""The table of cases: each is a map of a model, with words about it and what is expected of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import blockspin.boltzmann_map as bm
from blockspin.boltzmann_map import expected as of
from blockspin.lattice import Lattice
from blockspin.models import Ising
from blockspin.randomness import generator, integer

if TYPE_CHECKING:
    from blockspin.boltzmann_map.mappings import MachineMapping, Mapping, TableMapping


@dataclass(frozen=True)
class Case:
    """One map: its name, words about it, how it is made, what is expected of it, and the settings that it uses.

    name, about: with numbers of the mapping m and of the settings in braces. build(model, **settings): the mapping of a
    ring, or of a torus where the case's key says so. expected: functions of the mapping, in `expected`.
    """

    name: str
    about: str
    build: Callable[..., Mapping]
    expected: tuple[of.Expectation, ...]
    uses: tuple[str, ...] = ()

    def outcomes(self, mapping: Mapping) -> list[of.Outcome]:
        """What is expected of the mapping, with what is measured."""
        return [outcome for expectation in self.expected for outcome in expectation(mapping)]


def _machine(model: Ising, machine: Any, places: Any = None) -> MachineMapping:
    return bm.mappings.MachineMapping(model, machine, places)


def _half(model: Ising) -> int:
    return model.lattice.n_sites // 2


def _random(model: Ising, seed: int) -> MachineMapping:
    return _machine(model, bm.machine.Machine.random(_half(model), model.lattice.n_sites, integer(seed, "random")))


def _shifted(model: Ising, seed: int) -> MachineMapping:
    machine = bm.machine.Machine.random(_half(model), model.lattice.n_sites, integer(seed, "shifted"), biases=False)
    return _machine(model, machine.shifted(-_machine(model, machine).dF))


def _likelihood(model: Ising, n_hidden: int, seed: int, starts: int = 1) -> MachineMapping:
    return bm.training.placed(model, bm.training.train_by_likelihood(model, n_hidden, seed, starts=starts))


def _divergence(model: Ising, **training: Any) -> MachineMapping:
    return bm.training.placed(model, bm.training.train_by_divergence(model, _half(model), **training))


def _bonds(model: Ising, places: Lattice | None = None) -> MachineMapping:
    return _machine(model, bm.exact_machines.bond_machine(model), places)


def _sublattice(model: Ising, places: Any) -> MachineMapping:
    return _machine(model, bm.exact_machines.sublattice_machine(model), places)


def _layer(model: Ising) -> MachineMapping:
    ring = model.lattice.coarse(2)
    machine = bm.exact_machines.layer(model.K, ring.n_sites)
    return _machine(Ising(ring, bm.exact_machines.layers(model.K, 1, ring.n_sites)[1]), machine, ring)


def _matched(model: Ising, seed: int) -> TableMapping:
    ring = Lattice.chain(8)
    return bm.rules.matched(Ising(ring, model.K), 0.5 * generator(seed, "matched").standard_normal(1 << ring.n_sites))


FIRST = "a block's spin is its first"
SIGN = "a block's spin is the sign of its sum"
COPIES = "one hidden unit a site of one sublattice, a copy of it: the hidden layer is the decimated model"
LIKELIHOOD = "maximum likelihood, {m.n_coarse} units"
GRADIENT = "{m.n_coarse} hidden units, exact gradient of KL"
DRAWS = "{m.n_coarse} hidden units, {n_draws} exact draws, {n_iter} epochs"
CD = ("seed", "n_draws", "n_iter")

CASES = {
    "decimation": Case(
        "decimation", FIRST, lambda model: bm.rules.decimation(model), (*of.RULE, of.DECIMATES, of.NEIGHBOURS_ONLY)
    ),
    "majority": Case("majority", SIGN, lambda model: bm.rules.majority(model), (*of.RULE, of.MORE)),
    "random": Case(
        "random machine",
        "weights and biases drawn from N(0, 1), nothing trained",
        _random,
        of.RANDOM,
        ("seed",),
    ),
    "likelihood": Case(
        LIKELIHOOD,
        GRADIENT + ", best of {starts} starts",
        lambda model, **training: _likelihood(model, _half(model), **training),
        (*of.TRAINED, of.finds_decimation),
        ("seed", "starts"),
    ),
    "likelihood-full": Case(
        LIKELIHOOD,
        GRADIENT + ", best of {starts} starts",
        lambda model, **training: _likelihood(model, model.lattice.n_sites, **training),
        of.TRAINED,
        ("seed", "starts"),
    ),
    "cd": Case("CD-1", DRAWS, _divergence, (*of.TRAINED, of.SOME_KL), CD),
    "cd-l1": Case("CD-1 with L1", DRAWS + ", penalty {l1:g}", _divergence, (*of.TRAINED, of.SOME_KL), (*CD, "l1")),
    "cd-l2": Case("CD-1 with L2", DRAWS + ", penalty {l2:g}", _divergence, (*of.TRAINED, of.SOME_KL), (*CD, "l2")),
    "bond": Case(
        "bond machine",
        "one hidden unit a bond, W = arccosh(exp 2K)/2: the hidden layer is the same ring again",
        lambda model: _bonds(model, model.lattice),
        (*of.EXACT, of.NO_FLOW, of.NEIGHBOURS_ONLY),
    ),
    "alternating": Case(
        "alternating machine",
        "one hidden unit a bond, weights {m.machine.weights[0][0]:g} and {m.machine.weights[0][1]:.4g} in turn: as "
        "exact, and other couplings",
        lambda model: _machine(model, bm.exact_machines.alternating_machine(model, 2 * model.K), model.lattice),
        (*of.EXACT, of.alternate),
    ),
    "sublattice": Case(
        "sublattice machine",
        COPIES,
        lambda model: _sublattice(model, model.lattice.coarse(2)),
        (*of.EXACT, of.DECIMATES, of.NEIGHBOURS_ONLY),
    ),
    "layers": Case(
        "layered network",
        "weights {m.machine.weights[0][0]:g} in its first layer, read for its visible ring",
        _layer,
        (of.layers_flow,),
    ),
    "product": Case(
        "product",
        "h drawn from a ring with K = -0.7, whatever v is",
        lambda model: bm.rules.unrelated(model, Ising(Lattice.chain(_half(model)), -0.7)),
        (*of.RULE, of.NO_KL, of.couples_by(lambda _: -0.7)),
    ),
    "matched": Case(
        "matched Z",
        "the joint energy H(v) + H(h) + K(v) + ln Zt with random K(v): the free energy kept, the distribution not",
        _matched,
        (of.matches_Z,),
        ("seed",),
    ),
    "shifted": Case(
        "shifted machine",
        "a random RBM with the constant {m.machine.offset:.4g} added to its energy: dF = 0 and no probability moved",
        _shifted,
        (of.shift_moves_dF_alone,),
        ("seed",),
    ),
    "torus-decimation": Case("decimation", FIRST, lambda model: bm.rules.decimation(model), (*of.RULE, of.MORE)),
    "torus-majority": Case("majority", SIGN, lambda model: bm.rules.majority(model), (*of.RULE, of.MORE)),
    "torus-likelihood": Case(
        LIKELIHOOD,
        GRADIENT + ", one start",
        lambda model, seed: _likelihood(model, _half(model) // 2, seed),
        of.TRAINED,
        ("seed",),
    ),
    "torus-sublattice": Case(
        "sublattice machine",
        COPIES,
        lambda model: _sublattice(model, bm.exact_machines.sublattice_distances(model.lattice)),
        of.EXACT,
    ),
    "torus-bond": Case(
        "bond machine, torus",
        "one hidden unit a bond of the torus: pair and four-spin couplings where bonds meet",
        lambda model: _bonds(Ising(Lattice.square(3), model.K)),
        (*of.EXACT, of.bonds_meet),
    ),
}
