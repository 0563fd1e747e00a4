"""Which axis is which: values of any order of axes as (set, chain, draw, *sites) of a lattice."""

import math
from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from blockspin import checks
from blockspin.lattice import AXES, DIMENSION, HYPERCUBIC, Lattice

LEADING = ("set", "chain", "draw")
LONG = 16  # times as long as wide: a lattice that nobody meant


def lattice_of_words(lattice: Any, shape: Any) -> Lattice | None:
    """The lattice where it is given, by itself or by its shape, else None."""
    extents = None if shape is None else tuple(checks.listed("shape", shape, "extents, such as (40, 40) or (100,)"))
    if isinstance(lattice, Lattice):
        if extents not in (None, lattice.shape):
            raise ValueError(f"shape must be that of the lattice, {lattice.shape}; got {extents}")
        return lattice
    if lattice is not None:
        checks.choice("lattice, or a Lattice, or None,", lattice, ("auto", *DIMENSION))
    if extents is None or lattice is None:
        return None
    if lattice == "auto" and len(extents) not in HYPERCUBIC:
        raise ValueError(f"shape must have {' or '.join(map(str, HYPERCUBIC))} extents; got {checks.shown(shape)}")
    return Lattice(HYPERCUBIC[len(extents)] if lattice == "auto" else lattice, extents)


def ordered(
    values: NDArray[Any], names: Any, axis: Any, lattice: Any, shape: Any, sets: bool
) -> tuple[NDArray[Any], tuple[str, ...], Lattice]:
    """Values (*lead, *sites), the names of the leading axes, and the lattice.

    names: of all axes, of `LEADING` and x, y, z (or x alone where sites are flat); axis: of the configurations; neither
    where the axes are in order. sets: whether there are several sets.
    """
    known = lattice_of_words(lattice, shape)
    guessed = known is None and names is None and axis is None
    if names is None:
        names = _by_axis(values.ndim, axis, sets) if axis is not None else _in_order(values, lattice, known, sets)
    wanted = (*LEADING, *AXES)
    if len(names) != values.ndim or len(set(names)) != len(names) or not set(names) <= set(wanted):
        raise ValueError(
            f"dims must name each of the {values.ndim} axes of shape {values.shape} by one of {', '.join(wanted)}; "
            f"got {', '.join(map(str, names))}: give dims={{'own name': 'x'}}"
        )
    order = [name for name in wanted if name in names]
    if not values.size:
        raise ValueError(f"values must hold at least one draw; got shape {values.shape}")
    values = values.transpose([names.index(name) for name in order])
    lead = tuple(name for name in order if name in LEADING)
    sites = values.shape[len(lead) :]
    if known is None and len(sites) in HYPERCUBIC:
        if guessed and lattice is not None:
            _check_meant(values.shape, sites)
        kind = HYPERCUBIC[len(sites)] if lattice == "auto" else lattice
        known = Lattice.chain(math.prod(sites)) if lattice is None else Lattice(kind, sites)
    if known is None or not lead or sites not in (known.shape, (known.n_sites,)):
        hint = "shape, lattice, or axis=-1 where configurations lie along the last axis"
        if known is not None and sites == (known.n_sites + 1,):
            hint = "the name of the column that is no site, such as a temperature, as in T='T'"
        raise ValueError(
            f"values must have shape (draw, *sites) or (chain, draw, *sites)"
            f"{f' with {known.n_sites} sites ({known})' if known else ''}; got {values.shape}: give {hint}"
        )
    return values, lead, known


def renamed(own: tuple[str, ...] | None, ndim: int, dims: Any) -> tuple[str, ...]:
    """The names of the axes by `dims`: one each, or a dictionary from own names."""
    if not isinstance(dims, Mapping):
        return checks.words("dims", dims, "a name for every axis, such as ('draw', 'x', 'y')")
    own = own or tuple(map(str, range(ndim)))
    for name in dims:
        checks.choice("every one of dims", str(name), own)
    return tuple({str(name): str(new) for name, new in dims.items()}.get(name, name) for name in own)


def _by_axis(ndim: int, axis: Any, sets: bool) -> tuple[str, ...]:
    axes = [checks.whole("axis", one, -ndim, ndim - 1) % ndim for one in (axis if isinstance(axis, tuple) else (axis,))]
    if len(set(axes)) != len(axes) or not 1 <= len(axes) <= 2 + sets:
        raise ValueError(f"axis must be that of the configurations, or those of (chain, draw); got {axis}")
    lead, rest = _lead(len(axes), sets), iter((*AXES, *["too many"] * ndim))
    return tuple(lead[axes.index(n)] if n in axes else next(rest) for n in range(ndim))


def _lead(n: int, sets: bool) -> tuple[str, ...]:
    return ("set", "draw") if n == 2 and sets else LEADING[-n:] if n in (1, 2) or (n == 3 and sets) else ()


def _in_order(values: NDArray[Any], lattice: Any, known: Lattice | None, sets: bool) -> tuple[str, ...]:
    if known is not None:
        n = known.dimension if values.shape[-known.dimension :] == known.shape else 1
    else:
        n = 1 if lattice is None else DIMENSION.get(lattice, 2)
    lead = _lead(values.ndim - n, sets)
    if known is None and lattice == "auto" and values.ndim == 4 and len(set(values.shape[1:])) == 1:
        raise ValueError(
            f"an array of shape {values.shape} can be cubic lattices (draw, x, y, z) or square ones "
            f"(chain, draw, x, y); give the lattice's shape"
        )
    if not lead and known is None:
        side = math.isqrt(max(values.shape[1:], default=0))
        flat = side > 1 and values.shape[1:] == (side**2,)
        hint = f"({side}, {side}), or --shape {side}x{side}, if a row is a configuration of {side} x {side} sites"
        raise ValueError(
            f"values of shape (draw, x, y) or (chain, draw, x, y) are expected where no lattice shape is given; "
            f"got {values.shape}: give shape{f'={hint}' if flat else ', as in shape=(40, 40), or --shape 40x40'}"
        )
    return (*lead, *AXES[:n])


def _check_meant(shape: tuple[int, ...], sites: tuple[int, ...]) -> None:
    """Refuse a lattice that cannot be meant: (L, L, n) read as L configurations of L x n."""
    alike = len(shape) == 3 and len(set(sites)) == 2 and shape[0] in sites
    if len(sites) > 1 and (alike or max(sites) >= LONG * min(sites)):
        n = max(range(len(shape)), key=lambda i: shape[i])
        raise ValueError(
            f"values of shape {shape} would be a lattice of {' x '.join(map(str, sites))} sites: give "
            f"axis={n - len(shape)} if configurations lie along the axis of {shape[n]}, else shape={sites}"
        )
