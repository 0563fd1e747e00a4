"""Compiled loops that hold no lock, run on slices of the chains in as many threads as numba may use."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any, TypeVar

import numba
import numpy as np
from numpy.typing import NDArray

Result = TypeVar("Result")


def in_threads(n: int, run: Callable[[slice], Result]) -> list[Result]:
    """What `run` returns for consecutive slices that cover 0..n-1, in order."""
    threads = min(numba.get_num_threads(), n)
    if threads <= 1:
        return [run(slice(0, n))]
    ends = np.linspace(0, n, threads + 1).astype(int)
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(run, [slice(first, last) for first, last in pairwise(ends)]))


def over_chains(kernel: Callable[..., NDArray[Any]], *arrays: NDArray[Any], about: tuple[Any, ...]) -> NDArray[Any]:
    """What the kernel returns for slices of arrays (chain, ...), joined; about: its other arguments."""
    return np.concatenate(in_threads(len(arrays[0]), lambda part: kernel(*(one[part] for one in arrays), *about)))
