"""The page of each experiment's tiny run in a browser, and the height of the demo's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import in_browser
import pytest
from in_browser import MODES, TALLEST, opened

from blockspin.experiments import EXPERIMENTS, find
from blockspin.experiments.run import prepare, run

FAST = [("mehta-schwab", 1200, "light"), ("mehta-schwab", 390, "dark"), ("mcrg", 390, "light")]
ALL = [(name, width, scheme) for name in EXPERIMENTS for width, scheme in MODES]


@pytest.mark.parametrize(
    ("name", "width", "scheme"), [pytest.param(*one, marks=[] if one in FAST else [pytest.mark.slow]) for one in ALL]
)
def test_a_page_is_whole_and_readable(
    browser: Any, tiny_folder: Callable[[str], Path], name: str, width: int, scheme: str
) -> None:
    address = (tiny_folder(name) / "report.html").as_uri()
    with opened(browser, address, width, scheme) as page:
        assert in_browser.height(page) <= TALLEST[width]
        in_browser.check_terms(page)
        in_browser.unfold(page)
        in_browser.check_whole(page)
        in_browser.check_contrast(page)
        in_browser.check_hints(page)


@pytest.mark.parametrize(
    "name", [name if name == "mehta-schwab" else pytest.param(name, marks=pytest.mark.slow) for name in EXPERIMENTS]
)
def test_a_page_is_read_by_keyboard(browser: Any, tiny_folder: Callable[[str], Path], name: str) -> None:
    with opened(browser, (tiny_folder(name) / "report.html").as_uri(), 1200) as page:
        in_browser.check_keyboard(page)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_demo_is_as_tall_as_it_may_be(browser: Any, tmp_path: Path) -> None:
    run(prepare(find("mehta-schwab"), preset="quick", seed=1), tmp_path / "demo")
    for width, scheme in MODES:
        with opened(browser, (tmp_path / "demo" / "report.html").as_uri(), width, scheme) as page:
            assert in_browser.height(page) <= TALLEST[width]
            in_browser.unfold(page)
            in_browser.check_whole(page)
            in_browser.check_contrast(page)
