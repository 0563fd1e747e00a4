"""Where the kernels find a run of packed cells and its neighbours, and how ghosts repeat the edges."""

from typing import Any

from numba import njit

from blockspin.sampling.multispin.lanes import WORDS, after, before, load, store


@njit(cache=True)
def base(row: Any, colour: Any, half: Any) -> Any:
    return ((2 * row + colour) * (half + 2) + 1) * WORDS


@njit(cache=True)
def beside(row: Any, colour: Any, half: Any, shift: Any) -> Any:
    """Where the columns begin that lie `shift` (-1, 0, 1) from those of a colour, in another row or the same."""
    if shift == 0:
        return base(row, colour, half)
    return base(row, 1 - colour, half) + WORDS * ((shift - 1) // 2 + colour)


@njit(cache=True)
def place(at: Any, row: Any, colour: Any, half: Any, rows: Any) -> None:
    """Where a run of cells begins, and its neighbours along and across the row, + and - in turn: at (1 + z,)."""
    at[0] = base(row, colour, half)
    at[1] = beside(row, colour, half, 1)
    at[2] = beside(row, colour, half, -1)
    for k in range(rows.near.shape[1]):
        shift = rows.shift if k == 2 else -rows.shift if k == 3 else 0
        at[3 + k] = beside(rows.near[row, k], colour, half, shift)


@njit(cache=True)
def wrap(cells: Any, row: int, colour: int, half: int, stripes: int) -> None:
    """Repeat the edge of a run in the ghost at the other end: that of the next stripe, or the one before."""
    first = base(row, colour, half)
    if colour == 0:
        store(cells, first + WORDS * half, after(load(cells, first), stripes))
    else:
        store(cells, first - WORDS, before(load(cells, first + WORDS * (half - 1)), stripes))


@njit(cache=True)
def fill_ghosts(cells: Any, rows: int, half: int, stripes: int) -> None:
    for block in range(cells.shape[0]):
        for row in range(rows):
            wrap(cells[block], row, 0, half, stripes)
            wrap(cells[block], row, 1, half, stripes)
