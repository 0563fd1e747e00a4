"""For all tests: one thread of BLAS, as tasks have it, the same examples for the same tree, and programs compiled once.

`./run test --hypothesis-profile=explore` tries other examples each time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from blockspin import blas

pytest.register_assert_rewrite("in_browser")  # shared by tests of two rooms
from in_browser import browser as browser  # noqa: E402  one for all: playwright opens no second one in a process

# what JAX compiles serves all workers, the processes that tests start, and the next run of the tests
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(Path(__file__).parents[1] / ".pytest_cache" / "jax"))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")

settings.register_profile("fixed", derandomize=True, deadline=None)
settings.register_profile("explore", derandomize=False, deadline=None)
settings.load_profile("fixed")


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> Iterator[None]:
    with blas.one_thread():
        yield
