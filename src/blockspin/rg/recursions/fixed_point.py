"""A fixed point of a recursion K' = R(K), and the exponents of its linearisation."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class FixedPoint:
    """Where K' = R(K) = K, with the eigenvalues of dR/dK there.

    couplings: K*, reduced, those the recursion keeps; b: ratio of the lattice spacings, 1 for the limit b -> 1;
    eigenvalues: of the even sector, largest modulus first, without that of the constant (in the limit b -> 1 they
    are e^y, of a step of dl = 1); y_t = ln(leading eigenvalue)/ln b; y_h: of the field, nan where the recursion
    keeps none.
    """

    couplings: tuple[float, ...]
    b: float
    eigenvalues: tuple[float, ...]
    y_t: float
    y_h: float = math.nan

    @property
    def K(self) -> float:
        """The nearest-neighbour coupling."""
        return self.couplings[0]

    @property
    def nu(self) -> float:
        """Exponent of the correlation length, 1/y_t."""
        return 1 / self.y_t


def exponent(eigenvalue: float, b: float) -> float:
    """y = ln(lambda)/ln b; raises ValueError unless lambda > 0 and b > 1."""
    if not (eigenvalue > 0 and b > 1):
        raise ValueError(f"an exponent needs an eigenvalue above 0 and b above 1; got {eigenvalue} and b = {b}")
    return math.log(eigenvalue) / math.log(b)


def check_coupling(K: float) -> float:
    """K as a float; raises ValueError unless it is finite and not negative (the recursions are of ferromagnets)."""
    if not (math.isfinite(K) and K >= 0):
        raise ValueError(f"the coupling K of a recursion must be finite and not negative; got {K}")
    return float(K)
