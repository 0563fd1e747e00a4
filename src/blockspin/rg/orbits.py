"""All operators up to a number of spins and a range: the orbits of shapes under the lattice's symmetry group."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np

from blockspin.lattice import Lattice
from blockspin.rg.operators import TABLES, Operator, Shape, Site


def orbits(lattice: Lattice, most: int = 4, reach: float = 2.0, *, even: bool | None = None) -> tuple[Operator, ...]:
    """Every operator of at most `most` spins whose sites lie within `reach` of each other, one a symmetry orbit.

    lattice: gives dimension and kind, not the extents (a shape longer than half the lattice winds around it);
    reach: largest distance between two sites of a shape, in lattice spacings; even: True for the even sector alone,
    False for the odd one, None for both. In the order of their largest distance, then of the number of spins, so that
    the first k make nested sets. Named as in the table of `operators`, or by their sites ("00-10-21"), which
    `operators.named` reads. Raises ValueError unless most >= 1 and 0 <= reach < 10.
    """
    if most < 1 or not 0 <= reach < 10:
        raise ValueError(f"most must be at least 1 and reach from 0 to below 10; got most = {most}, reach = {reach}")
    known = {_canonical(operator.sites): name for name, operator in TABLES.get(lattice.kind, {}).items()}
    found = set()
    for n in range(1, most + 1):
        if even is None or even == (n % 2 == 0):
            found |= {_canonical(shape) for shape in _shapes(lattice.dimension, n, reach)}
    names = {shape: known.get(shape, "-".join("".join(map(str, site)) for site in shape)) for shape in found}
    # the table's own representative, where there is one, so that names mean one thing
    operators = [TABLES[lattice.kind][names[s]] if s in known else Operator(names[s], s) for s in found]
    return tuple(sorted(operators, key=lambda one: (_widest(one.sites), len(one.sites), one.name)))


def _shapes(dimension: int, n: int, reach: float) -> list[Shape]:
    """Shapes of n sites, their first in lexicographic order at the origin."""
    origin: Site = (0,) * dimension
    span = range(-int(reach), int(reach) + 1)
    limit = reach**2 + 1e-9
    around = [site for site in product(span, repeat=dimension) if site > origin and _square(site, origin) <= limit]
    return [
        (origin, *others)
        for others in combinations(around, n - 1)
        if all(_square(one, two) <= limit for one, two in combinations(others, 2))
    ]


def _canonical(sites: Shape) -> Shape:
    """The least of the images, moved so that every coordinate starts at 0."""
    images = []
    for image in Operator("", sites).images:
        array = np.array(image)
        images.append(tuple(sorted(map(tuple, (array - array.min(axis=0)).tolist()))))
    return min(images)


def _widest(sites: Shape) -> int:
    return max((_square(one, two) for one, two in combinations(sites, 2)), default=0)


def _square(one: Site, two: Site) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, two, strict=True))
