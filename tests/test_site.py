"""The documentation site of `./run docs`: no warning of Sphinx, and a search that works from the file system.

Skipped where the packages of requirements-docs.lock or a browser are not installed.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
ROOT = Path(__file__).parents[1]
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
WIDTHS = (1200, 390)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for name in ("sphinx", "myst_nb", "numpydoc", "pydata_sphinx_theme", "latex2mathml", "ziamath"):
        pytest.importorskip(name)
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-P", "-m", "sphinx", "-q", "-j2", "-W", "--keep-going", "-d", str(folder / "doctrees")]
    built = subprocess.run([*command, "docs", str(folder / "html")], cwd=ROOT, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    return folder / "html"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if BROWSER is None:
        pytest.skip("no chromium on this machine")
    api = pytest.importorskip("playwright.sync_api")
    with api.sync_playwright() as session:
        opened = session.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


def test_every_page_is_read_without_a_network(site: Path, browser: Any) -> None:
    wrong: list[str] = []
    page = browser.new_page()
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on(
        "request", lambda request: None if request.url.startswith(("file:", "data:")) else wrong.append(request.url)
    )
    page.on("requestfailed", lambda one: wrong.append(f"{one.url} is missing in {page.url}"))
    pages = sorted(path for path in site.rglob("*.html") if "_static" not in path.parts)
    assert len(pages) > 50
    for path in pages:
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(path.as_uri())
            if page.evaluate("document.documentElement.scrollWidth") > width:
                wrong.append(f"{path.relative_to(site)} is wider than {width} pixels")
    page.close()
    assert wrong == []


@pytest.mark.parametrize("word", ["majority", "RSMI", "scorecards.json"])
def test_the_search_finds_words(site: Path, browser: Any, word: str) -> None:
    page = browser.new_page()
    page.goto((site / "index.html").as_uri())
    page.locator("button.search-button__button:visible").first.click()
    page.keyboard.type(word)
    page.keyboard.press("Enter")
    page.wait_for_selector("#search-results li a", timeout=20_000)
    assert page.locator("#search-results li a").count() >= 2
    page.locator("#search-results li a").first.click()
    page.wait_for_load_state()
    assert "search.html" not in page.url
    page.close()


def test_formulas_and_pictures_are_drawn(site: Path, browser: Any) -> None:
    page = browser.new_page()
    page.goto((site / "explanation" / "mapping.html").as_uri())
    assert page.locator("math").count() > 20
    assert page.locator("merror").count() == 0
    page.goto((site / "gallery.html").as_uri())
    sizes = page.evaluate("[...document.querySelectorAll('.cell_output img')].map(one => one.naturalWidth)")
    assert len(sizes) >= 9
    assert min(sizes) > 200
    page.close()
