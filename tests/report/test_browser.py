"""The made-up page in a browser: a phone and a desk, light and dark, by keyboard and by tap."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import in_browser
import made_up
import pytest
from in_browser import MODES, opened


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = Path(tmp_path_factory.mktemp("page")) / "report.html"
    path.write_text(made_up.fake_page(), encoding="utf-8")
    return path.as_uri()


@pytest.mark.parametrize(("width", "scheme"), MODES)
def test_the_page_opens_whole(browser: Any, address: str, width: int, scheme: str) -> None:
    with opened(browser, address, width, scheme) as page:
        in_browser.check_contrast(page)
        in_browser.unfold(page)
        in_browser.check_whole(page)
        in_browser.check_contrast(page)
        assert len(page.evaluate(in_browser.PLOTS)) >= 10


@pytest.mark.parametrize("width", [390, 1200])
def test_a_table_says_where_it_must_be_scrolled(browser: Any, address: str, width: int) -> None:
    with opened(browser, address, width) as page:
        in_browser.unfold(page)
        in_browser.check_hints(page)


def test_the_page_is_read_by_keyboard_and_by_tap(browser: Any, address: str) -> None:
    with opened(browser, address, 1200) as page:
        in_browser.check_keyboard(page)
    with opened(browser, address, 390) as page:
        in_browser.check_terms(page)


@pytest.mark.parametrize(
    ("selector", "style", "check"),
    [
        (".verdict p", "color: #bbb", in_browser.check_contrast),
        ("#claims h2", "margin-top: -6rem", in_browser.check_whole),
        ("figcaption", "white-space: nowrap; margin-left: 80rem", in_browser.check_whole),
        ("svg.plot text", "font-size: 5px", in_browser.check_whole),
        ("nav a", "outline: none", in_browser.check_keyboard),
        ("#scorecard .scroll", "max-width: 10rem; animation-timeline: none; overflow: visible", in_browser.check_whole),
    ],
)
def test_what_is_broken_is_found(browser: Any, address: str, selector: str, style: str, check: Any) -> None:
    with opened(browser, address, 1200) as page:
        page.evaluate("([s, style]) => document.querySelector(s).style.cssText = style", [selector, style])
        with pytest.raises(AssertionError):
            check(page)
