"""What the values mean: spins, numbers, labels; continuous values become spins only as `binarize` says."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blockspin import checks, memory
from blockspin.alphabet import MOST, SPINS, Alphabet, distinct


def read(values: NDArray[Any], alphabet: Any, binarize: Any) -> tuple[NDArray[Any], Alphabet, str]:
    """Values as letters, with their alphabet and how they were read, "" where they are what they were."""
    if binarize is not None:
        return _binarized(values, binarize)
    letters, found = SPINS if alphabet is None else Alphabet.of(alphabet), _present(values)
    if letters.labels and np.isin(found, np.arange(1, letters.q + 1)).all() and letters.q in found:
        return _each(values, lambda part: part - 1), letters, f"labels 1..{letters.q} became 0..{letters.q - 1}"
    if alphabet is not None or np.isin(found, SPINS.letters).all():
        letters.check("values", found)
        return _each(values, np.asarray), letters, ""
    if np.isin(found, (0, 1)).all():
        return _each(values, lambda part: 2 * part.astype(np.int8) - 1), SPINS, "0/1 became -1/+1"
    how = f"give alphabet='labels:{found.size}', or numbers by alphabet=(...)"
    if found.size > MOST or (found % 1 != 0).any():
        how = "no alphabet holds them, give binarize='sign', a threshold or a function"
    raise ValueError(f"{distinct(found)} are no spins: {how}")


def _binarized(values: NDArray[Any], how: Any) -> tuple[NDArray[Any], Alphabet, str]:
    if callable(how):
        given = checks.array("what binarize gives", how(values))
        if given.shape != values.shape:
            raise ValueError(f"binarize must give an array of shape {values.shape}; got {checks.shown(given)}")
        return read(given, None, None)[0], SPINS, "made spins by a function"
    cut = 0.0 if isinstance(how, str) and how == "sign" else checks.number("binarize ('sign', or a function)", how)
    return _each(values, lambda part: np.where(part > cut, 1, -1)), SPINS, f"values above {cut:g} became +1, others -1"


def _present(values: NDArray[Any]) -> NDArray[Any]:
    """The values that occur, all finite; no more than shows that there are more than letters."""
    found: NDArray[Any] = np.zeros(0)
    for part in map(partial(checks.finite, "values of spins"), memory.parts(values)):
        spins = ((part == 1) | (part == -1)).all()
        found = np.union1d(found, [part.min(), part.max()] if spins else part)
        if found.size > MOST:
            break
    return found


def _each(values: NDArray[Any], function: Callable[[NDArray[Any]], NDArray[Any]]) -> NDArray[Any]:
    """A function of all values as int8, part by part; the values as they are where they lie so in a file."""
    if function is np.asarray and values.dtype == np.int8 and values.flags.c_contiguous and memory.mapped(values):
        return values
    made = memory.held(values.shape, np.int8)
    for at in memory.pieces(values.shape, memory.PART):
        made[at] = function(values[at])
        memory.release(made, values)
    return made
