"""The whole page in a browser: a phone and a desk, light and dark, asking for nothing outside, nothing too small."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import made_up
import pytest

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
WIDTHS = (390, 1280)
SMALLEST = 9.0  # px, subscripts set aside

TEXTS = """
() => [...document.querySelectorAll('svg.plot')].map((svg, i) => {
  const frame = svg.getBoundingClientRect(), scale = frame.width / svg.viewBox.baseVal.width;
  return [...svg.querySelectorAll('text')].map(text => {
    const box = text.getBoundingClientRect();
    return {plot: i, text: text.textContent, size: parseFloat(getComputedStyle(text).fontSize) * scale,
            colour: getComputedStyle(text).fill, left: box.left, right: box.right, top: box.top, bottom: box.bottom,
            outside: Math.max(frame.left - box.left, box.right - frame.right, frame.top - box.top,
                              box.bottom - frame.bottom)};
  });
})
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if BROWSER is None:
        pytest.skip("no chromium on this machine: the page is not opened in a browser")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as session:
        opened = session.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = Path(tmp_path_factory.mktemp("page")) / "report.html"
    path.write_text(made_up.fake_page(), encoding="utf-8")
    return path.as_uri()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_opens_whole(browser: Any, address: str, width: int, scheme: str) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    asked: list[str] = []
    errors: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: errors.append(message.text))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address)
    page.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")

    assert [url for url in asked if url != address and not url.startswith("data:")] == []
    assert errors == []
    assert page.locator("h1").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("[...document.images].every(image => image.complete && image.naturalWidth > 0 && image.alt)")
    assert page.evaluate("[...document.querySelectorAll('figure')].every(f => f.querySelector('figcaption').innerText)")
    assert (
        page.evaluate("new Set([...document.querySelectorAll('[id]')].map(e => e.id)).size")
        == page.locator("[id]").count()
    )
    plots = page.evaluate(TEXTS)
    assert len(plots) >= 10
    small = [text for plot in plots for text in plot if text["size"] < SMALLEST]
    assert small == []
    assert [text for plot in plots for text in plot if text["outside"] > 0.5] == []
    assert [pair for plot in plots for pair in overlaps(plot)] == []
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    for text in (text for plot in plots for text in plot):
        assert contrast(text["colour"], ground) >= 4.5, text
    context.close()


@pytest.mark.parametrize(("width", "hinted"), [(390, True), (1280, False)])
def test_a_wide_table_says_where_it_must_be_scrolled(browser: Any, address: str, width: int, hinted: bool) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(address)
    page.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")
    hints = page.evaluate(
        "[...document.querySelectorAll('.scroll:has(> .wide)')]"
        ".map(e => [getComputedStyle(e, '::before').content != 'none', e.scrollWidth > e.clientWidth])"
    )
    assert hints
    assert {(hint, scrolls) for hint, scrolls in hints} == {(hinted, hinted)}
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_their_ground(browser: Any, address: str, scheme: str) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    page.goto(address)
    for selector in (".badge", ".caption", "figcaption", "a", "th small", ".verdict p", ".mark"):
        found = page.evaluate(
            """selector => [...document.querySelectorAll(selector)].map(element => {
              let ground = element;
              while (getComputedStyle(ground).backgroundColor === 'rgba(0, 0, 0, 0)') ground = ground.parentElement;
              return [getComputedStyle(element).color, getComputedStyle(ground).backgroundColor];
            })""",
            selector,
        )
        assert found
        for ink, ground in found:
            assert contrast(ink, ground) >= 4.5, (selector, ink, ground)
    context.close()


def overlaps(texts: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Pairs of texts of a plot whose boxes share more than a sliver."""
    pairs = []
    for i, a in enumerate(texts):
        for b in texts[i + 1 :]:
            wide = min(a["right"], b["right"]) - max(a["left"], b["left"])
            high = min(a["bottom"], b["bottom"]) - max(a["top"], b["top"])
            if wide > 1 and high > 3:
                pairs.append((a["text"], b["text"]))
    return pairs


def contrast(ink: str, ground: str) -> float:
    """Contrast ratio of two css colours, WCAG 2.1."""
    light, dark = sorted((_luminance(ink), _luminance(ground)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [float(part) / 255 for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    red, green, blue = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
