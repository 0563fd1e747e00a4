"""The infinite square lattice at Kc: correlations of even numbers of spins, and the normal of the critical manifold.

Kac and Ward: Z^2 is a determinant over directed bonds, det(1 - t W), with t = tanh K and W a step to a next bond that
does not turn back, weighted by e^(i angle/2). A product of spins is one of bonds s s' along paths, and

    <prod s s'> = t^n sqrt(det(1 - (1/t - t) G)),    G = (1 - t W)^-1 W on both directions of these n bonds:

K + i pi/2 in place of K on a bond puts s s' there and turns t into 1/t. At Kc, W has the eigenvalue 1/t at wave number
0, so that dG/dK diverges as ln abs(K - Kc) times the projector P on its eigenvectors, the same for all distances. The
amplitude of that logarithm in d<S_b>/dK is how far a coupling K_b moves the model off criticality: the normal of the
critical manifold, up to a factor. Source: M. Kac and J. C. Ward, Phys. Rev. 88, 1332 (1952).
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from blockspin.arrays import FloatArray
from blockspin.lattice import Lattice
from blockspin.rg.operators import Shape, named

T = np.sqrt(2) - 1  # tanh Kc
STEPS = np.array([(1, 0), (0, 1), (-1, 0), (0, -1)])
MODES = 256  # a side, odd multiples of pi/MODES: the distance from the infinite lattice, 1e-9, falls as 1/MODES^4
ANGLES = (np.arange(4) - np.arange(4)[:, None] + 1) % 4 - 1  # quarter turns between directions; 2 is back, never taken
TURNS = np.where(ANGLES == 2, 0, np.exp(0.25j * np.pi * ANGLES))

Bond = tuple[int, int, int]  # from site (x, y) along STEPS[0] or STEPS[1]


def critical_normal(operators: Sequence[str]) -> FloatArray:
    """The exact normal of the critical manifold at Kc of the square lattice, by even operators, 1 for "nn".

    Entry b says how far K_b moves the model off criticality, for one of K: the critical manifold is sum_b normal_b
    (K_b - K_b at Kc) = 0 there. Raises ValueError for an operator that is unknown or odd.

    >>> critical_normal(["nn", "nnn", "plaquette", "third"]).round(4)
    array([1.    , 1.4142, 0.5139, 1.8006])
    """
    amplitude = {name: _extensive(name)[1] for name in ("nn", *operators)}
    return np.array([amplitude[name] / amplitude["nn"] for name in operators])


def _extensive(name: str) -> FloatArray:
    """Mean a site and amplitude of an operator: those of its first shape, times its images, which are alike."""
    (operator,) = named(Lattice.square(2), [name])
    if not operator.even:
        raise ValueError(f"operators must be even here; {name!r} is odd")
    return len(operator.images) * np.array(_correlation(operator.sites))


@cache
def _correlation(sites: Shape) -> tuple[float, float]:
    """The correlation of spins at these sites, and the amplitude of the logarithm in its slope."""
    # both directions of each bond of the paths: where they start, and which way they go
    ends = [end for x, y, m in _paths(sites) for end in ((x, y, m), (*(STEPS[m] + (x, y)).tolist(), m + 2))]
    G = np.array([[_green(X - x, Y - y)[m, n] for X, Y, n in ends] for x, y, m in ends])
    direction = [m for _, _, m in ends]
    A = np.eye(len(ends)) - (1 / T - T) * G
    value = T ** (len(ends) // 2) * np.sqrt(np.linalg.det(A))
    slope = -value * np.trace(np.linalg.solve(A, _projector()[np.ix_(direction, direction)]))
    return float(value.real), float(slope.real)


def _paths(sites: Shape) -> set[Bond]:
    """The bonds of paths that join the sites in pairs; a bond on two paths is on none, for s s' squared is 1."""
    bonds: set[Bond] = set()
    for (x, y), (X, Y) in zip(sites[::2], sites[1::2], strict=True):
        along = {(min(x, X) + i, y, 0) for i in range(abs(X - x))}
        bonds ^= along | {(X, min(y, Y) + j, 1) for j in range(abs(Y - y))}
    return bonds


@cache
def _modes() -> tuple[FloatArray, NDArray[np.complex128]]:
    """Wave numbers (n,) and G (n, n, 4, 4) at Kc."""
    k = (2 * np.arange(MODES) + 1) * np.pi / MODES
    angle = k[:, None, None] * STEPS[:, 0] + k[None, :, None] * STEPS[:, 1]
    walk = np.exp(1j * angle)[..., None] * TURNS
    return k, np.linalg.solve(np.eye(4) - T * walk, walk)


@cache
def _green(x: int, y: int) -> NDArray[np.complex128]:
    """G between directed bonds whose starts lie (x, y) apart, (4, 4)."""
    k, G = _modes()
    found: NDArray[np.complex128] = np.einsum(
        "x,y,xymn->mn", np.exp(-1j * k * x), np.exp(-1j * k * y), G, optimize=True
    )
    return found / MODES**2


def _projector() -> NDArray[np.complex128]:
    """On the eigenvectors of the walk at wave number 0 that make 1 - t W singular."""
    values, vectors = np.linalg.eig(TURNS)
    found: NDArray[np.complex128] = (vectors * (np.abs(values - 1 / T) < 1e-9)) @ np.linalg.inv(vectors)
    return found
