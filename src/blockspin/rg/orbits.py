"""All operators up to a number of spins and a range: the orbits of shapes under the lattice's symmetry group."""

import math
from itertools import combinations, product

import numpy as np

from blockspin import checks
from blockspin.lattice import Lattice
from blockspin.rg.operators import TABLES, Operator, Shape, Site


def orbits(lattice: Lattice, most: int = 4, reach: float = 2.0) -> tuple[Operator, ...]:
    """Every operator of at most `most` spins whose sites lie within `reach` of each other, one a symmetry orbit.

    lattice: gives dimension and kind, not the extents (a shape longer than half the lattice winds around it);
    reach: largest distance between two sites of a shape, in lattice spacings. In the order of their largest distance,
    then of the number of spins, so that the first k make nested sets. Named as in the table of `operators`, or by their
    sites ("00-10-21"), which `operators.named` reads. Raises ValueError unless most >= 1 and 0 <= reach < 10
    (8.66 on the triangular lattice), which keeps coordinates to one digit.
    """
    checks.whole("most", most, 1)
    checks.number("reach", reach, 0, 10 * _height(lattice), open_end=True)
    known = {_canonical(operator): name for name, operator in TABLES[lattice.kind].items()}
    found = set()
    for n in range(1, most + 1):
        found |= {_canonical(Operator("", shape, lattice.kind)) for shape in _shapes(lattice, n, reach)}
    names = {shape: known.get(shape, "-".join("".join(map(str, site)) for site in shape)) for shape in found}
    # the table's own representative, where there is one, so that names mean one thing
    operators = [
        TABLES[lattice.kind][names[shape]] if shape in known else Operator(names[shape], shape, lattice.kind)
        for shape in found
    ]
    return tuple(sorted(operators, key=lambda one: (_widest(lattice, one.sites), len(one.sites), one.name)))


def _shapes(lattice: Lattice, n: int, reach: float) -> list[Shape]:
    """Shapes of n sites, their first in lexicographic order at the origin."""
    origin: Site = (0,) * lattice.dimension
    most = int(reach / _height(lattice) + 1e-9)
    span = range(-most, most + 1)
    limit = reach**2 + 1e-9
    around = [
        site for site in product(span, repeat=lattice.dimension) if site > origin and _square(lattice, site) <= limit
    ]
    near = {one: {two for two in around if _square(lattice, one, two) <= limit} for one in around}
    return [
        (origin, *others)
        for others in combinations(around, n - 1)
        if all(two in near[one] for one, two in combinations(others, 2))
    ]


def _canonical(operator: Operator) -> Shape:
    """The least of the images, moved so that every coordinate starts at 0."""
    images = []
    for image in operator.images:
        array = np.array(image)
        images.append(tuple(sorted(map(tuple, (array - array.min(axis=0)).tolist()))))
    return min(images)


def _widest(lattice: Lattice, sites: Shape) -> float:
    return max((_square(lattice, one, two) for one, two in combinations(sites, 2)), default=0.0)


def _square(lattice: Lattice, one: Site, two: Site | None = None) -> float:
    """The squared distance of two sites, or of one from the origin: a whole number on all lattices here."""
    step = one if two is None else tuple(a - b for a, b in zip(one, two, strict=True))
    return round(float(lattice.length(step)) ** 2)


def _height(lattice: Lattice) -> float:
    """How far a site at least lies from the origin, per step of its largest coordinate."""
    return math.sqrt(0.75) if lattice.kind == "triangular" else 1.0
