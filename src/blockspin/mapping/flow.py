"""The flow of K' against K on a ring: what each map makes of the nearest-neighbour coupling."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from blockspin.mapping import cases, learned
from blockspin.mapping.readings import Case
from blockspin.models import Ising


def bond_machine(model: Ising, seed: int, **training: Any) -> Case:
    """`cases.bond_ring`: K' = K."""
    return cases.bond_ring(model)


def sublattice_machine(model: Ising, seed: int, **training: Any) -> Case:
    """`cases.sublattice`: the hidden layer is the decimated ring."""
    return cases.sublattice(model)


def decimation(model: Ising, seed: int, **training: Any) -> Case:
    """`cases.block_rule` with decimation by 2."""
    return cases.block_rule(model, "decimation")


def majority(model: Ising, seed: int, **training: Any) -> Case:
    """`cases.block_rule` with the majority of blocks of 2, ties by a coin."""
    return cases.block_rule(model, "majority")


def maximum_likelihood(model: Ising, seed: int, *, starts: int = 1, **training: Any) -> Case:
    """`learned.maximum_likelihood` with half as many hidden units as sites."""
    return learned.maximum_likelihood(model, model.lattice.n_sites // 2, seed, starts)


def contrastive_divergence(
    model: Ising, seed: int, *, n_draws: int = 10_000, n_iter: int = 30, **training: Any
) -> Case:
    """`learned.contrastive_divergence` with half as many hidden units as sites, no penalty."""
    return learned.contrastive_divergence(
        model, model.lattice.n_sites // 2, seed, penalty="none", n_draws=n_draws, n_iter=n_iter
    )


FLOWS: dict[str, Callable[..., Case]] = {
    "decimation": decimation,
    "majority": majority,
    "bond machine": bond_machine,
    "sublattice machine": sublattice_machine,
    "maximum likelihood": maximum_likelihood,
    "CD-1": contrastive_divergence,
}
