"""One thread for products of small matrices: threads of BLAS wait for each other longer than they work, and by far the
longest where something else uses a core.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


@contextmanager
def one_thread() -> Iterator[None]:
    """BLAS and LAPACK work in one thread while the block lasts, unless one of `VARIABLES` says in how many."""
    if any(name in os.environ for name in VARIABLES):
        yield
        return
    with _libraries().limit(limits=1, user_api="blas"):
        yield


@cache
def _libraries() -> Any:
    """The libraries with threads, looked for once: reading a large process's map takes longer than a small task."""
    import scipy.linalg  # noqa: F401  brings a BLAS of its own; only those that are loaded can be limited
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
