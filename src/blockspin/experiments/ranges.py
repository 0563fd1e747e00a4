"""Ranges that settings of several experiments share, and rules about several keys at once.

A rule raises ValueError in a sentence that names the keys. `key` is a key's full name, such as "conditions.units".
"""

import math
from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from blockspin import memory

Coupling = Annotated[float, Field(gt=0, le=3)]  # at K = 3 one spin in 10^10 is turned over in the square lattice
Rate = Annotated[float, Field(gt=0, le=1)]  # of learning: more makes weights of order 1 in one update
Penalty = Annotated[float, Field(ge=0, le=100)]
Momentum = Annotated[float, Field(ge=0, lt=1)]
Repetitions = Annotated[int, Field(ge=1, le=1000)]


def _different(some: tuple[Any, ...]) -> tuple[Any, ...]:
    named = [f"{one:.12g}" if isinstance(one, float) else str(one) for one in some]
    if len(set(named)) < len(named):
        raise ValueError("this setting must hold no entry twice")
    return some


Different = AfterValidator(_different)  # numbers that differ in the twelfth digit only are one

SPIN = 8  # bytes of a spin at work: its int8 in several copies, and a float32 to train on
WEIGHT = 64  # bytes of a weight at work: gradients, momenta, nulls, and distances to the field's centre


def check_split(n: int, chains: int, held_out: float) -> None:
    """Two whole chains at least on either side, since errors are those between chains."""
    draws = -(-n // chains)
    running = -(-n // draws)  # as few chains as reach n with equal numbers of draws
    kept = running - round((1 - held_out) * running)
    if not 2 <= kept <= running - 2:
        raise ValueError(
            f"held_out must leave at least 2 whole chains to train on and 2 to test on; got held_out = {held_out:g}, "
            f"{kept} of the {running} chains that give n_samples = {n} (chains = {chains})"
        )


def check_block(L: int, units: int, key: str) -> None:
    """So many units are the blocks of a whole side b >= 2 that tile the L x L lattice, 2 x 2 of them at least."""
    side = math.isqrt(units)
    if side**2 != units or side < 2 or L % side or L // side < 2:
        fits = [n * n for n in range(2, min(L // 2, 1000) + 1) if L % n == 0]
        raise ValueError(
            f"{key} must be as many units as blocks of a whole side of at least 2 tile L = {L}, one of "
            f"{', '.join(map(str, fits[-8:])) or 'none for this L'}; got {units}"
        )


def check_window(L: int, b: int, buffer: int, environment: int, key: str) -> None:
    """Blocks of side b tile the lattice, and one with buffer and environment around it fits it."""
    side = b + 2 * (buffer + environment)
    if L % b or L // b < 2 or side > L:
        raise ValueError(
            f"{key} must tile L = {L} with blocks of side {b}, at least 2 a side, and the window of {b} + 2 ({buffer} "
            f"+ {environment}) = {side} sites of block, buffer and environment must fit it"
        )


def check_distances(distances: Iterable[float], centre: float, key: str) -> None:
    """Couplings on both sides of the critical one, different, within `Coupling`."""
    some = list(distances)
    if not min(some, default=0) < 0 < max(some, default=0) or 0 in some:
        raise ValueError(f"{key} must lie on both sides of 0 and not at it; got {some}")
    if not all(0 < centre + one <= 3 and abs(one) > 1e-9 for one in some):
        raise ValueError(f"{key} must leave couplings K = {centre:.4g} + distance above 0 and up to 3; got {some}")


def check_samples(L: int, n: int, key: str, spin: int = SPIN) -> None:
    """The memory holds n samples of the L x L lattice at work, at so many bytes a spin."""
    memory.require(spin * L**2 * n, f"{key}: {n} samples of L = {L}")


def check_weights(L: int, units: int, key: str) -> None:
    """The memory holds a layer of so many units on the L x L lattice at work."""
    memory.require(WEIGHT * L**2 * units, f"{key}: {units} units on L = {L}")


def penalty_on_spins(l1: float, momentum: float = 0.5) -> float:
    """The proximal L1 penalty of -1/+1 units that acts as one in the gradient of 0/1 units does: 4 l1 / (1 - momentum).

    W(+-1) = W(0/1) / 4, and a penalty inside of the momentum shrinks a weight by rate l1 / (1 - momentum) a batch.
    """
    return 4 * l1 / (1 - momentum)
