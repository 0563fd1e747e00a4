"""What the judge uses: the data, and a map together with its outputs, fields and embedding."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from blockspin import memory
from blockspin.alphabet import SPINS, Alphabet
from blockspin.coarse.embedding import Embedding, alive, embed
from blockspin.coarse.fields import noise_share
from blockspin.coarse.maps import taken
from blockspin.coarse.outputs import AsSpins
from blockspin.coarse.sparse_fields import Fields
from blockspin.judging.thresholds import ENOUGH, NOISY
from blockspin.lattice import Lattice
from blockspin.memory import read_only
from blockspin.models import Dimers, known
from blockspin.randomness import generator, integer
from blockspin.samples import (
    alphabet_of,
    by_chain,
    check_kind,
    check_numbers,
    lattice_of,
    positions,
    provenance,
    to_matrix,
)

T = TypeVar("T")

SAME = 200  # rows on which two maps, or two calls of one map, are compared
SOME = 2**16  # rows of large samples for what cannot go through them part by part
CHAINS, STEPS, DRAWS = 200, 600, 6  # of a free run: half of the chains start from data, half from noise


class Remembers:
    """Results of functions are kept: each is computed once."""

    @cached_property
    def _found(self) -> dict[Any, Any]:
        return {}

    def once(self, function: Callable[..., T], *arguments: Any) -> T:
        """function(self, *arguments), computed once; the arguments are hashable."""
        key = (function, arguments)
        if key not in self._found:
            self._found[key] = function(self, *arguments)
        kept: T = self._found[key]
        return kept


@dataclass(frozen=True)
class Evidence(Remembers):
    """The data that a map is judged on, all of one lattice.

    samples: held-out samples of the kind the map was trained on, of numbers that may change their sign; critical:
    samples at the critical coupling, for the spectrum; second: of another critical Hamiltonian, for flow; train: the
    training samples, for generalization; model: the samples' model where it is known (its exact energy, its
    pseudo-likelihood), the one that the samples name unless given. Raises ValueError where lattices or alphabets
    differ, or the samples name another model.
    """

    samples: xr.DataArray
    critical: xr.DataArray | None = None
    train: xr.DataArray | None = None
    model: Any | None = None
    seed: int = 0
    second: xr.DataArray | None = None

    def __post_init__(self) -> None:
        lattice, alphabet = lattice_of(check_numbers(self.samples)), alphabet_of(self.samples)
        for name, other in (("samples", self.samples), ("train", self.train)):
            if other is not None and isinstance(other, xr.DataArray) and other.sizes.get("chain", 2) < 2:
                raise ValueError(f"{name} must have at least 2 chains, over which errors are computed; got 1")
        for name, other in (("critical", self.critical), ("second", self.second), ("train", self.train)):
            if other is not None:
                _check_like(name, other, lattice, alphabet, positions(self.samples))
        if self.model is not None and not hasattr(self.model, "lattice"):
            raise TypeError(f"model must be a model with a lattice, such as Ising; got {type(self.model).__name__}")
        if self.model is not None and self.model.lattice != lattice:
            raise ValueError(f"model must live on the samples' lattice, {lattice}; got {self.model.lattice}")
        made = known(provenance(self.samples).get("model"))
        if self.model is None:
            object.__setattr__(self, "model", made)
        elif made is not None and made != self.model:
            raise ValueError(f"model must be that of the samples, which name the {made}; got {self.model}")

    @cached_property
    def lattice(self) -> Lattice:
        """The lattice of the samples."""
        return lattice_of(self.samples)

    @cached_property
    def alphabet(self) -> Alphabet:
        """The alphabet of the samples, spins or other numbers that may change their sign."""
        return alphabet_of(self.samples)

    @cached_property
    def X(self) -> NDArray[np.int8]:
        """Held-out samples as a matrix (n, N)."""
        return to_matrix(self.samples)

    @cached_property
    def every(self) -> int:
        """Information, and fields by regression, use every so many-th draw of large samples; else 1."""
        return max(1, len(self.X) // SOME) if self.X.nbytes > memory.LARGE else 1

    @cached_property
    def few(self) -> xr.DataArray:
        """The samples of these draws."""
        if self.every == 1:
            return self.samples
        axis = "draw" if self.samples.sizes["draw"] > 1 else "chain"
        thin = self.samples.isel({axis: slice(None, None, self.every)})
        rows = np.empty(thin.shape, np.int8)
        for at in memory.pieces(thin.shape, memory.PART):
            rows[at] = thin.values[at]
            memory.release(thin.values)
        return thin.copy(data=read_only(rows))

    @cached_property
    def not_spins(self) -> str:
        """Why operators of Ising spins do not apply to these samples, or "": dimers keep to one dimer a vertex."""
        if isinstance(self.model, Dimers):  # critical samples live on the same lattice, and say no less
            return (
                "cells of dimers are vertices, bonds and faces of a lattice half as wide: operators of Ising spins "
                "are meaningless for them"
            )
        return ""


class Subject(Remembers):
    """A fitted map as it is judged: its outputs on the held-out samples, its fields, its embedding.

    map: the transformer as `coarse.maps` takes it.
    """

    def __init__(self, transformer: Any, evidence: Evidence, *, name: str, layer: int = 1) -> None:
        self.map = taken(transformer, name)
        self.evidence = evidence
        self.name = name
        self.layer = layer
        self.outputs = self.map.transform(evidence.X)
        few = to_matrix(evidence.few)
        coarse = self.outputs if evidence.every == 1 else self.map.transform(few)
        self.fields, self.fields_from = self.map.fields(few, coarse)

    @property
    def lattice(self) -> Lattice:
        """The fine lattice."""
        return self.evidence.lattice

    @property
    def loose_fields(self) -> bool:
        """Whether the fields are a regression on too few draws, which spreads them: they are wider than the map's."""
        return self.fields_from == "regression" and len(self.evidence.X) < ENOUGH * self.lattice.n_sites

    @cached_property
    def loose_positions(self) -> bool:
        """Whether the units have no positions, and may lack them for the noise of a regression on too few draws."""
        if not self.loose_fields or self.embedding is None or self.embedding.defined:
            return False
        few = to_matrix(self.evidence.few)
        return noise_share(few, self.map.transform(few), self.fields) > NOISY

    @property
    def n_units(self) -> int:
        """Number of coarse variables M."""
        return int(self.outputs.shape[1])

    @property
    def b(self) -> float:
        """The block side that M units out of N sites give, (N / M)^(1/d)."""
        return float((self.lattice.n_sites / self.n_units) ** (1 / self.lattice.dimension))

    @cached_property
    def living(self) -> Fields:
        """The fields of the units that live, (M', N)."""
        living = alive(self.fields)
        return self.fields if living.all() else self.fields[living]

    @cached_property
    def embedding(self) -> Embedding | None:
        """The units placed on the coarse lattice, or None where that cannot be."""
        return embed(self.fields, self.lattice)

    @cached_property
    def free_run(self) -> NDArray[np.int8] | None:
        """Free samples (2, chain, draw, *sites), chains started from data and chains started from noise.

        None where the map is no generative map of spins.
        """
        X = self.evidence.X
        random = generator(self.evidence.seed, "free run", self.name, self.layer)
        data = X[random.choice(len(X), CHAINS // 2, replace=len(X) < CHAINS // 2)]
        noise = np.where(random.random(data.shape) < 0.5, 1, -1).astype(np.int8)
        start = np.concatenate([data, noise])
        spins = self.map.free_run(start, steps=STEPS, draws=DRAWS, random=random)
        return None if spins is None else spins.reshape(2, CHAINS // 2, DRAWS, *self.lattice.shape)

    @cached_property
    def alphabet(self) -> Alphabet:
        """The alphabet of the coarse variables: the samples' own where the outputs are its letters, else spins."""
        fine, outputs = self.evidence.alphabet, self.outputs
        if fine == SPINS or not np.isin(outputs, fine.letters).all():
            return SPINS
        return self.map.alphabet(fine, outputs)

    @cached_property
    def as_spins(self) -> AsSpins:
        """How the map's outputs are read as spins."""
        seed = integer(self.evidence.seed, "coarse spins", self.name, self.layer)
        return AsSpins.of(self.map, self.evidence.X, self.outputs, seed)

    def letters(self, name: str) -> NDArray[np.int8]:
        """Coarse letters of the evidence's samples of this name, (n, M), in the order of the map's units."""
        X = to_matrix(getattr(self.evidence, name))
        outputs = self.map.transform(X)
        if self.alphabet != SPINS:
            return outputs.astype(np.int8)
        return memory.by_rows(self.as_spins, X, outputs, most=memory.LARGE // 8)

    def placed(self, name: str) -> NDArray[np.int8]:
        """Coarse letters of the evidence's "samples" or "critical" on the coarse lattice, (chain, draw, *coarse sites).

        The map must have an embedding. Drawn once, so that all criteria see the same spins.
        """
        return self.once(_placed, name)


def _placed(subject: Subject, name: str) -> NDArray[np.int8]:
    assert subject.embedding is not None
    return by_chain(memory.by_rows(subject.embedding.place, subject.letters(name)), getattr(subject.evidence, name))


def _check_like(name: str, other: Any, lattice: Lattice, alphabet: Alphabet, kind: str) -> None:
    check_kind(other, name)
    try:
        there = lattice_of(check_numbers(other))
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
    if alphabet_of(other) != alphabet:
        raise ValueError(f"{name} samples must hold the samples' letters, {alphabet}; got {alphabet_of(other)}")
    if positions(other) != kind:
        raise ValueError(
            f"{name} samples must have the samples' positions, {kind or 'a torus'}; got {positions(other)}"
        )
    if there != lattice:
        raise ValueError(f"{name} samples must live on the samples' lattice, {lattice}; got {there}")
