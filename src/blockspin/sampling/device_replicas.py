"""Multi-spin updates by JAX, one program for a GPU and a CPU: Metropolis and heat bath, 32 replicas a word.

Square lattices of even extents, by checkerboard halves: all sites of one colour move at once. The first sweep and each
32nd after it are heat bath, since Metropolis alone can go round in closed cycles; in a field every one is. Lanes are
decided by uniform numbers: twelve bits are drawn for all lanes, and 64 more for each lane that these leave open.
Thresholds have 64 bits: a chance is cut by less than 2^-64, so that e^(-8 K) is 0 from K = 5.55 on, and 1 is 1 - 2^-64.

Random bits are Threefry-2x32 of 20 rounds, as JAX's. The key is that of a word of 32 replicas, the counter is site, bit
and sweep: results do not depend on how many replicas run, or on the device. Sweeps are counted in 32 bits: the numbers
of a chain come again after 2^32. There are no flips of clusters.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import partial, reduce
from operator import or_
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from blockspin import randomness
from blockspin.models import Ising, nearest
from blockspin.sampling.coins import DIRECT
from blockspin.sampling.multispin import HEAT_BATH_EVERY, Replicas
from blockspin.sampling.packing import Layout

WORDS = 16  # of 32 replicas, in a block
COUNTERS = 64  # of a site in a sweep: DIRECT / 2 for all lanes, and one for each lane that these leave open
LARGEST = 2**32 // COUNTERS  # sites
AT_ONCE = 64  # steps of which the device keeps the sums
ALL = 2**32 - 1
LANE = np.arange(32, dtype=np.uint32)

Lanes = jax.Array  # 32 replicas in the bits of uint32: (block, row, half a row, word)


@dataclass
class DeviceReplicas(Replicas):
    """Replicas on a device of JAX: values are words (block, colour, row, half a row, 16), colour 0 the even sites.

    generators: the key of each word and the sweeps that it has made, (block, 16, 3).
    """

    device: Any = field(kw_only=True)

    @classmethod
    def begin(cls, model: Ising, chains: int, seed: int, *path: str | int, device: Any) -> DeviceReplicas:
        """Replicas on this device of JAX; half begin at random and half ordered, as those of `multispin`."""
        layout, (rows, columns) = Layout(model.lattice), model.lattice.shape
        blocks, shape = range(layout.blocks(chains)), (2, rows, columns // 2, WORDS)
        place = *path, "device"
        keys = [randomness.sequence(seed, *place, b).generate_state(2 * WORDS).reshape(WORDS, 2) for b in blocks]
        drawn = [randomness.generator(seed, *place, "start", b).integers(0, 2**32, shape, np.uint32) for b in blocks]
        # of four chains the first begins with all spins up, the third with all down, the others at random
        ordered = np.array([0x11111111, 0x44444444 if model.K < 0 else 0x11111111], np.uint32)
        values = (np.array(drawn) & np.uint32(0xAAAAAAAA)) | ordered[:, None, None, None]
        generators = np.pad(np.array(keys, np.uint64), ((0, 0), (0, 0), (0, 1)))
        return cls(model, "multi-spin", values, generators, 0, layout=layout, chains=chains, device=device)

    def spins(self) -> NDArray[np.int8]:
        with jax.default_device(self.device):
            return np.asarray(_unpacked(self.values))[: self.chains]

    def measure_step(self) -> None:
        """Nothing: there are no flips of clusters."""

    def _run(self, steps: int, trace: NDArray[np.int64]) -> None:
        how = _thresholds(self.model), np.uint32(HEAT_BATH_EVERY if self.model.h == 0 else 1)
        kept = AT_ONCE if trace.shape[1] else 0
        for done in range(0, steps, kept or max(steps, 1)):
            some = min(steps - done, kept or steps)
            with jax.default_device(self.device):
                values, sums = _moved(self.values, self.generators.astype(np.uint32), some, *how, kept=kept)
                self.values = np.array(values)
            self.generators[..., 2] += np.uint64(some)
            if kept:
                trace[:, done : done + some] = np.moveaxis(np.asarray(sums[:some]), 0, 1)

    def _sums(self) -> NDArray[np.int64]:
        with jax.default_device(self.device):
            return np.asarray(_measured(self.values), np.int64)


def gpu() -> Any:
    """JAX's first GPU; raises ValueError with what JAX says where there is none."""
    try:
        return jax.devices("gpu")[0]
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"device 'gpu' needs a GPU; JAX has none, and says {error!r}. Choose device 'cpu'") from error


def served(model: Any, algorithm: str) -> Ising:
    """The model, where this file serves it; raises ValueError elsewhere."""
    lattice = model.lattice
    fits = lattice.kind == "square" and lattice.n_sites <= LARGEST and not any(extent % 2 for extent in lattice.shape)
    if fits and nearest(model) and not model.free and algorithm in ("auto", "multi-spin"):
        return model
    raise ValueError(
        "device 'gpu' serves multi-spin updates of Ising spins with one coupling, not 0, on a square lattice of even "
        f"extents and at most {LARGEST} sites; got {model} by {algorithm}. Choose device 'cpu'"
    )


def _thresholds(model: Ising) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Of the heat bath by the number of neighbours up, then of Metropolis by that of unlike neighbours, in two parts.

    Masks of the direct bits, all lanes or none, (2, 5, DIRECT), and the 64 bits that follow, (2, 5, 2).
    """
    gains = [min(max(2 * (model.K * (2 * n - 4) + model.h), -700.0), 700.0) for n in range(5)]  # -dH of being up
    chances = [[1 / (1 + math.exp(-gain)) for gain in gains], [math.exp(min(gain, 0.0)) for gain in gains]]
    whole = np.array([[min(int(chance * 2.0**64), 2**64 - 1) for chance in some] for some in chances], object)
    masks = np.stack([ALL * (whole >> (63 - k) & 1) for k in range(DIRECT)], axis=-1)
    rest = np.stack([whole << DIRECT >> 32 & ALL, whole << DIRECT & ALL], axis=-1)
    return masks.astype(np.uint32), rest.astype(np.uint32)


@partial(jax.jit, static_argnames=("kept",))
def _moved(values: Any, generators: Any, steps: Any, *how: Any, kept: int) -> Any:
    """Values after so many sweeps, and the sums (kept, block, replica, 3) after each of the first of them."""
    first, second, made = jnp.moveaxis(generators[:, None, None], -1, 0)

    def step(n: Any, carry: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        # one program for both colours and both rules takes less time to compile
        half = partial(_half_swept, (first, second), made[0, 0, 0, 0] + n.astype(jnp.uint32), *how)
        spins = jax.lax.fori_loop(0, 2, half, carry[0])
        return spins, carry[1].at[n].set(_measured(spins)) if kept else carry[1]

    sums = jnp.zeros((kept, len(values), 32 * WORDS, 3), jnp.int32)
    return jax.lax.fori_loop(0, steps, step, (values, sums))


def _half_swept(key: Any, sweep: Any, thresholds: Any, every: Any, colour: Any, spins: jax.Array) -> jax.Array:
    """The spins after the sites of one colour have moved: set by the heat bath, or turned by Metropolis."""
    turning = (sweep % every != 0).astype(jnp.uint32)
    before = spins[:, colour] & (turning * jnp.uint32(ALL))
    ones, twos, fours = _count(*(before ^ near for near in _near(spins[:, 1 - colour], colour)))
    classes = [~(ones | twos | fours), ones & ~twos, twos & ~ones, ones & twos, fours]
    sites = jnp.arange(before[0, ..., 0].size, dtype=jnp.uint32).reshape(*before.shape[1:3], 1)
    counters = jnp.uint32(COUNTERS) * (sites + jnp.uint32(sites.size) * colour.astype(jnp.uint32))
    masks, rest = (one[turning] for one in thresholds)

    def random(k: Any) -> tuple[Lanes, Lanes]:
        return randomness.threefry(key, (counters + k, sweep))

    return spins.at[:, colour].set(before ^ _below(classes, masks, rest, random))


def _below(classes: list[Lanes], masks: Any, rest: Any, random: Any) -> Lanes:
    """The lanes whose uniform number lies below the threshold of their class; random(k): 64 bits a word and site."""
    found, open_ = jnp.zeros_like(classes[0]), jnp.full_like(classes[0], ALL)
    for k in range(DIRECT):
        bits = random(jnp.uint32(k // 2))[k % 2]
        limit = reduce(or_, (one & mask for one, mask in zip(classes, masks[:, k], strict=True)))
        found, open_ = found | (open_ & limit & ~bits), open_ & ~(limit ^ bits)

    def next_lane(state: tuple[Any, Lanes, Lanes]) -> tuple[Any, Lanes, Lanes]:
        k, open_, found = state
        lane = open_ & (~open_ + jnp.uint32(1))  # the lowest that is open, of each word
        high, low = random(k)
        own = ((one & lane != 0, part) for one, part in zip(classes, rest[..., None, None, None, None], strict=True))
        above, level = reduce(or_, (jnp.where(*one, 0) for one in own))
        under = (high < above) | ((high == above) & (low < level))
        return k + jnp.uint32(1), open_ ^ lane, found | jnp.where(under, lane, 0)

    state = jnp.uint32(DIRECT // 2), open_, found
    return jax.lax.while_loop(lambda state: (state[1] != 0).any(), next_lane, state)[2]


def _near(other: Lanes, colour: Any) -> list[Lanes]:
    """The four neighbours of the sites of a colour, which are of the other one."""
    odd = ((jnp.arange(other.shape[1]) + colour) % 2 == 1)[:, None, None]  # rows where the colour has the odd columns
    side = jnp.where(odd, jnp.roll(other, -1, 2), jnp.roll(other, 1, 2))
    return [other, side, jnp.roll(other, 1, 1), jnp.roll(other, -1, 1)]


def _count(a: Lanes, b: Lanes, c: Lanes, d: Lanes) -> tuple[Lanes, Lanes, Lanes]:
    """How many of four bits are set, a lane, in binary."""
    x, y = a ^ b, c ^ d
    return x ^ y, (a & b) ^ (c & d) ^ (x & y), a & b & c & d


@jax.jit
def _measured(values: Any) -> jax.Array:
    """Bonds between unlike spins, and spins up on even and on odd sites, of each replica: (block, replica, 3)."""

    def lanes(bits: Lanes) -> jax.Array:
        return (bits[..., None] >> LANE & 1).sum((1, 2), dtype=jnp.int32).reshape(len(bits), -1)

    even, odd = values[:, 0], values[:, 1]
    ones, twos, fours = map(lanes, _count(*(even ^ near for near in _near(odd, 0))))
    return jnp.stack([ones + 2 * twos + 4 * fours, lanes(even), lanes(odd)], axis=-1)


@jax.jit
def _unpacked(values: Any) -> jax.Array:
    """Spins -1/+1 of the replicas, (512 blocks, N)."""
    odd = (jnp.arange(values.shape[2]) % 2 == 1)[:, None, None]  # rows that begin with an odd site
    words = jnp.where(odd, values[:, ::-1], values).transpose(0, 4, 2, 3, 1)[:, :, None]
    return (2 * (words >> LANE[:, None, None, None] & 1).astype(jnp.int8) - 1).reshape(-1, values[0, ..., 0].size)
