"""The cases of the experiment, by name: each makes a map of a model with the settings that it uses."""

from __future__ import annotations

from collections.abc import Callable

from blockspin.lattice import Lattice
from blockspin.mapping import Case, cases
from blockspin.mapping.learned import contrastive_divergence, maximum_likelihood
from blockspin.models import Ising


def _half(model: Ising) -> int:
    return model.lattice.n_sites // 2


CASES: dict[str, Callable[..., Case]] = {
    "decimation": lambda model: cases.block_rule(model, "decimation"),
    "majority": lambda model: cases.block_rule(model, "majority"),
    "random": lambda model, seed: cases.random_machine(model, _half(model), seed),
    "likelihood": lambda model, seed, starts: maximum_likelihood(model, _half(model), seed, starts),
    "likelihood-full": lambda model, seed, starts: maximum_likelihood(model, 2 * _half(model), seed, starts),
    "cd": lambda model, seed, **training: contrastive_divergence(model, _half(model), seed, penalty="none", **training),
    "cd-l1": lambda model, seed, l1, **training: contrastive_divergence(
        model, _half(model), seed, penalty="l1", strength=l1, **training
    ),
    "cd-l2": lambda model, seed, l2, **training: contrastive_divergence(
        model, _half(model), seed, penalty="l2", strength=l2, **training
    ),
    "bond": lambda model: cases.bond_ring(model),
    "alternating": lambda model: cases.alternating_ring(model, 2 * model.K),
    "sublattice": lambda model: cases.sublattice(model),
    "layers": lambda model: cases.layered_network(Ising(model.lattice.coarse(2), model.K)),
    "product": lambda model: cases.product(model, -0.7, _half(model)),
    "matched": lambda model, seed: cases.matched_partition(Ising(Lattice.chain(8), model.K), 0.5, seed),
    "shifted": lambda model, seed: cases.normalisation(model, _half(model), seed),
    "torus-decimation": lambda model: cases.block_rule(model, "decimation"),
    "torus-majority": lambda model: cases.block_rule(model, "majority"),
    "torus-likelihood": lambda model, seed: maximum_likelihood(model, _half(model) // 2, seed, 1),
    "torus-sublattice": lambda model: cases.sublattice(model),
    "torus-bond": lambda model: cases.bond_torus(Ising(Lattice.square(3), model.K)),
}
