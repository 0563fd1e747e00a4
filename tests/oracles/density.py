"""The exact density of states by energy of the square-lattice Ising torus without a field, in whole numbers.

Z exp(-2 N K) = sum_k g_k x^k with x = exp(-2K) is Kaufman's solution, a polynomial whose factors hold cosines. Beale
expands it with exact arithmetic (Phys. Rev. Lett. 76, 78 (1996)). Here the cosines are numbers modulo primes that
have the roots of unity: Z is evaluated at as many roots as it has coefficients, transformed back, and the
coefficients follow from their remainders by the Chinese remainder theorem. Nothing is rounded.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from blockspin.lattice import Lattice

IntArray = NDArray[np.int64]

MOST_SITES = 64 * 64


def energies_and_counts(lattice: Lattice) -> tuple[IntArray, list[int]]:
    """The energies E = -sum_<ij> s_i s_j, ascending, and the number of states of each (Python integers, up to 2^N).

    Energies that no state has are left out. 32 x 32 takes two seconds; the time grows as N^2 L.
    Raises ValueError for another lattice or more than 4096 sites.
    Source: B. Kaufman, Phys. Rev. 76, 1232 (1949); P. D. Beale, Phys. Rev. Lett. 76, 78 (1996).
    """
    if lattice.kind != "square":
        raise ValueError(f"Kaufman's solution is of the square lattice; got {lattice}")
    if lattice.n_sites > MOST_SITES:
        raise ValueError(f"the density of states is computed for at most {MOST_SITES} sites; got {lattice}")
    m, n = max(lattice.shape), min(lattice.shape)
    N = m * n
    points = 1 << (2 * N).bit_length()  # more than the 2 N + 1 coefficients
    counts, modulus = np.zeros(2 * N + 1, object), 1
    for p in _primes(math.lcm(points, 2 * n)):
        remainders = _coefficients(m, n, points, p)[: 2 * N + 1]
        step = (remainders - counts % p) * pow(modulus, -1, p) % p
        counts, modulus = counts + modulus * step, modulus * p
        if modulus > 2**N:
            break
    energies = np.arange(-2 * N, 2 * N + 1, 2)
    found = np.flatnonzero(counts)
    return energies[found], [int(count) for count in counts[found]]


def _coefficients(m: int, n: int, points: int, p: int) -> NDArray[np.object_]:
    """The coefficients g_k modulo p of sum_k g_k x^k, from its values at the powers of a root of unity."""
    x = _powers(_root(points, p), points, p)
    values = _partition(x, m, n, p)
    return _transform(values, x[-np.arange(points)], p).astype(object)


def _partition(x: IntArray, m: int, n: int, p: int) -> IntArray:
    """Z exp(-2 N K) modulo p at x = exp(-2K), half the sum of Kaufman's four products.

    A pair of modes l, 2n - l gives D_m +- 2 u^m with u = x (1 - x^2), D_0 = 2, D_1 = A, D_(j+1) = A D_j - u^2 D_(j-1),
    A = (1 + x^2)^2 - 2 u cos(pi l/n); the modes l = 0 and l = n give single factors.
    """
    square = x * x % p
    u = x * (1 - square) % p
    omega = _powers(_root(2 * n, p), 2 * n, p)
    up, down = _power((1 + x) % p, m, p), _power((1 - x) % p, m, p)
    shifted_up, shifted_down = _power(x, m, p) * up % p, _power(x, m, p) * down % p
    power = _power(u, m, p)
    total = np.zeros_like(x)
    for parity in (1, 0):
        products = [np.ones_like(x), np.ones_like(x)]
        for l in range(parity, n + 1, 2):
            if l == 0:
                parts = down, shifted_up
            elif l == n:
                parts = up, shifted_down
            else:
                cosine = int(omega[l] + omega[-l]) % p
                A = ((1 + square) % p * ((1 + square) % p) - u * cosine % p) % p
                parts = _chebyshev(A, u * u % p, m, p), 2 * power
            products = [
                product * ((parts[0] + sign * parts[1]) % p) % p
                for product, sign in zip(products, (1, -1), strict=True)
            ]
        total += products[0] + products[1]
    return total % p * pow(2, -1, p) % p


def _chebyshev(A: IntArray, square: IntArray, m: int, p: int) -> IntArray:
    """D_m, from D_2j = D_j^2 - 2 u^2j and D_(2j+1) = D_j D_(j+1) - u^2j A, the bits of m from the highest."""
    low, high, u = np.full_like(A, 2), A, np.ones_like(A)  # D_0, D_1, u^0
    for bit in bin(m)[2:]:
        middle = (low * high - u * A) % p
        if bit == "0":
            low, high = (low * low - 2 * u) % p, middle
            u = u * u % p
        else:
            low, high = middle, (high * high - 2 * (u * square % p)) % p
            u = u * u % p * square % p
    return low


def _power(base: IntArray, exponent: int, p: int) -> IntArray:
    result, square = np.ones_like(base), base
    while exponent:
        if exponent & 1:
            result = result * square % p
        square = square * square % p
        exponent >>= 1
    return result


def _powers(root: int, count: int, p: int) -> IntArray:
    """1, root, root^2, ..., by doubling."""
    powers = np.ones(1, np.int64)
    while len(powers) < count:
        powers = np.concatenate([powers, powers * pow(root, len(powers), p) % p])
    return powers[:count]


def _transform(values: IntArray, inverse: IntArray, p: int) -> IntArray:
    """(1/n) sum_j values_j w^(-j k), for n a power of 2 and inverse_j = w^-j: the fast Fourier transform modulo p."""
    n = len(values)
    rows = values.reshape(n, 1)  # of each residue of j, and what its transform is so far
    while len(rows) > 1:
        half = len(rows) // 2
        even, odd = rows[:half], rows[half:]
        size = rows.shape[1]
        turned = odd * inverse[np.arange(size) * half % n] % p
        rows = np.concatenate([(even + turned) % p, (even - turned) % p], axis=1)
    whole: IntArray = rows[0] * pow(n, -1, p) % p
    return whole


def _root(order: int, p: int) -> int:
    """A primitive root of unity of this order modulo p, where the order divides p - 1."""
    factors = [k for k in range(2, order + 1) if order % k == 0 and all(k % d for d in range(2, math.isqrt(k) + 1))]
    for base in range(2, p):
        root = pow(base, (p - 1) // order, p)
        if all(pow(root, order // factor, p) != 1 for factor in factors):
            return root
    raise AssertionError("a prime has primitive roots")


def _primes(order: int) -> Iterator[int]:
    """The primes below 2^31 that leave 1 when divided by the order, from the largest: products fit into 64 bits."""
    for p in range((2**31 - 2) // order * order + 1, order, -order):
        if all(p % d for d in range(2, 50)) and _is_prime(p):
            yield p


def _is_prime(p: int) -> bool:
    # Miller and Rabin with these bases is exact below 3.2e9 (Jaeschke 1993, for 2, 3, 5, 7)
    odd, twos = p - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for base in (2, 3, 5, 7):
        power = pow(base, odd, p)
        if power in (1, p - 1):
            continue
        for _ in range(twos - 1):
            power = power * power % p
            if power == p - 1:
                break
        else:
            return False
    return True
