"""For all tests: one thread of BLAS, as tasks have it, so that they are as fast beside other work."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from blockspin import blas


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> Iterator[None]:
    with blas.one_thread():
        yield
