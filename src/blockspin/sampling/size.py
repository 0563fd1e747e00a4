"""How large a set of samples is: the bytes that drawing it takes in memory, and those of its file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numba

from blockspin import memory
from blockspin.models import Model
from blockspin.sampling.cost import PILOT_CHAINS, Plan
from blockspin.sampling.multispin.packing import Layout

PART = 2**26  # spins of a part on disk, at most
CHECKED = 4  # bytes a spin of samples in memory at once: their values, and what checking them makes


@dataclass(frozen=True)
class Size:
    """A set of samples to be drawn: chains of draws by an algorithm, and bytes.

    memory: of `sample`, which holds all draws; streaming: into a file, which holds a part of them; file: of the .nc.
    """

    model: Model
    algorithm: str
    chains: int
    draws: int
    memory: int
    streaming: int
    file: int

    def __str__(self) -> str:
        return (
            f"{self.chains} chains of {self.draws} draws of {self.model} by {self.algorithm}: "
            f"{self.streaming / 1e9:.3g} GB of memory ({self.memory / 1e9:.3g} GB without a file), "
            f"a file of {self.file / 1e9:.3g} GB"
        )

    @classmethod
    def of(cls, model: Model, plan: Plan) -> Size:
        """Of a plan; independent sites are drawn without chains, and all at once."""
        N, n = model.lattice.n_sites, plan.chains * plan.draws
        width = model.letters.bits
        file = n * -(-N * width // 8)
        whole = CHECKED * n * N
        if model.free:
            return cls(model, "independent", plan.chains, plan.draws, whole, whole + file, file)
        moving = _chains(model, plan) + 2 * 8 * 4 * n  # and what is observed, twice
        part = min(n, max(PART // N, plan.chains)) * -(-N * width // 8)
        return cls(model, plan.algorithm, plan.chains, plan.draws, moving + whole, moving + 2 * part, file)

    def check_memory(self) -> None:
        """Raise ValueError where `sample` would need more memory than is free."""
        memory.require(self.memory, self._blamed)

    def check_file(self, path: Path) -> None:
        """Raise ValueError where a file and its parts need more memory or more disk than is free."""
        memory.require(self.streaming, self._blamed)
        held = sum(part.stat().st_size for part in path.with_name(f"{path.name}.parts").glob("part-*"))
        memory.require_disk(2 * self.file - held, path, self._blamed)

    @property
    def _blamed(self) -> str:
        return f"n = {self.chains * self.draws} configurations on {self.model.lattice}"


def _chains(model: Model, plan: Plan) -> int:
    """Bytes of the chains as they move, of their starts and of a draw."""
    N = model.lattice.n_sites
    if plan.algorithm == "multi-spin":
        layout = Layout(model.lattice, plan.stripes)
        # the pilot's block and the starts of one; a flip's sites and bonds, by thread; a draw, its image and a copy
        flips = (2 + len(model.lattice.steps)) * numba.get_num_threads()
        return 8 * layout.words * (layout.blocks(plan.chains) + 4 + flips) + 3 * plan.chains * N
    # starts are drawn as int64; labels and bonds of each thread; the tables of rows or neighbours
    return 10 * max(plan.chains, PILOT_CHAINS) * N + 8 * numba.get_num_threads() * N + 8 * N
