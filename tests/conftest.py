"""For all tests: one thread of BLAS, as tasks have it, and the same examples for the same tree.

`./run test --hypothesis-profile=explore` tries other examples each time.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

from blockspin import blas

pytest.register_assert_rewrite("in_browser")  # shared by tests of two rooms

settings.register_profile("fixed", derandomize=True, deadline=None)
settings.register_profile("explore", derandomize=False, deadline=None)
settings.load_profile("fixed")


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> Iterator[None]:
    with blas.one_thread():
        yield
