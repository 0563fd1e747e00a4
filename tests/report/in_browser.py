"""What a page must keep in a browser: whole, readable, reachable by keyboard. Functions of an opened page."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SMALLEST = 9.0  # px, subscripts set aside
MODES = [(1200, "light"), (1200, "dark"), (390, "light"), (390, "dark")]
TALLEST = {1200: 8_000, 390: 14_000}  # px of a page as it opens

PLOTS = """
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
# every line of text outside of plots: its box, the box that it must stay in, its colours
TEXTS = """
() => {
  const found = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), blocks = new Map();
  while (walk.nextNode()) {
    const node = walk.currentNode, inline = node.parentElement;
    if (!node.data.trim() || inline.closest('svg') || !inline.checkVisibility({visibilityProperty: true})) continue;
    let block = inline, ground = inline;
    while (getComputedStyle(block).display.startsWith('inline')) block = block.parentElement;
    while (getComputedStyle(ground).backgroundColor === 'rgba(0, 0, 0, 0)') ground = ground.parentElement;
    if (!blocks.has(block)) blocks.set(block, blocks.size);
    const range = document.createRange(), scrolled = inline.closest('.scroll');
    range.selectNodeContents(node);
    for (const box of range.getClientRects())
      found.push({text: node.data.trim().slice(0, 60), block: blocks.get(block), scrolled: !!scrolled,
                  left: box.left, right: box.right, top: box.top + scrollY, bottom: box.bottom + scrollY,
                  colour: getComputedStyle(inline).color, ground: getComputedStyle(ground).backgroundColor});
  }
  return found;
}
"""
STOPS = "[...document.querySelectorAll('summary, a, .term, .scroll[tabindex]')].filter(e => e.checkVisibility())"
OUTLINED = """
() => { const e = document.activeElement, style = getComputedStyle(e), all = [...document.querySelectorAll('*')];
        return e === document.body ? null : [all.indexOf(e), style.outlineStyle, style.outlineWidth]; }
"""


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    if BROWSER is None:
        pytest.skip("no chromium here: the page is not opened in a browser")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as session:
        opened = session.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


@contextmanager
def opened(browser: Any, address: str, width: int, scheme: str = "light") -> Iterator[Any]:
    """The page at a width; afterwards it has requested nothing outside and no error has occurred."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    requests: list[str] = []
    errors: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: errors.append(message.text))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address)
    yield page
    own = address.partition("#")[0]
    assert [url for url in requests if url.partition("#")[0] != own and not url.startswith("data:")] == []
    assert errors == []
    context.close()


def height(page: Any) -> int:
    return int(page.evaluate("document.documentElement.scrollHeight"))


def unfold(page: Any) -> None:
    page.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")
    # the hints of what scrolls are drawn by an animation, in the frame after the layout
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def check_whole(page: Any) -> None:
    """Nothing is wider than the page, images are there, ids are unique, figures and their texts are whole."""
    assert page.locator("h1").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("[...document.images].every(image => image.complete && image.naturalWidth > 0 && image.alt)")
    assert page.evaluate("[...document.querySelectorAll('figure')].every(f => f.querySelector('figcaption').innerText)")
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(set(ids)) == len(ids)
    plots = page.evaluate(PLOTS)
    assert [text for plot in plots for text in plot if text["size"] < SMALLEST] == []
    assert [text for plot in plots for text in plot if text["outside"] > 0.5] == []
    assert [pair for plot in plots for pair in overlaps(plot)] == []
    texts = page.evaluate(TEXTS)
    wide = page.evaluate("innerWidth")
    assert [one for one in texts if not one["scrolled"] and not 0 <= one["left"] < one["right"] <= wide + 0.5] == []
    free = sorted((one for one in texts if not one["scrolled"]), key=lambda one: one["top"])
    assert overlaps(free, apart="block") == []


def check_contrast(page: Any) -> None:
    """WCAG AA, 4.5 to 1, for every text; letters on the boxes of phase maps have their own grounds."""
    pairs = {(one["colour"], one["ground"]): one for one in page.evaluate(TEXTS)}
    for (ink, ground), one in pairs.items():
        assert contrast(ink, ground) >= 4.5, one
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    boxed = ("rgb(255, 255, 255)", "rgb(0, 0, 1)")
    for one in (one for plot in page.evaluate(PLOTS) for one in plot if one["colour"] not in boxed):
        assert contrast(one["colour"], ground) >= 4.5, one


def check_hints(page: Any) -> None:
    """A table says that it scrolls where it does, and nowhere else."""
    found = page.evaluate(
        "[...document.querySelectorAll('.scroll')].map(e => [parseFloat(getComputedStyle(e, '::before').height) > 0,"
        " e.scrollWidth > e.clientWidth, e.getAttribute('aria-label')])"
    )
    assert found
    assert [one for one in found if one[0] != one[1]] == []


def check_keyboard(page: Any) -> None:
    """Tab reaches every fold, link, term and table in order, and one sees where it is; Enter opens, Escape closes."""
    everything = "[...document.querySelectorAll('*')]"
    waiting = page.evaluate(f"(() => {{ const all = {everything}; return {STOPS}.map(e => all.indexOf(e)); }})()")
    reached = []
    for _ in range(len(waiting) + 2):
        page.keyboard.press("Tab")
        if (at := page.evaluate(OUTLINED)) is None:
            break
        reached.append(at[0])
        assert at[1] != "none", at
        assert float(at[2].removesuffix("px")) >= 1, at
    assert reached == waiting
    fold, term = page.locator("summary").first, page.locator(".term").first
    fold.focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.querySelector('details').open")
    name = term.get_attribute("popovertarget")
    term.focus()
    for key, shown in (("Enter", True), ("Escape", False)):
        page.keyboard.press(key)
        assert page.locator(f"#{name}").is_visible() is shown


def check_terms(page: Any) -> None:
    """A tap opens each explanation within the window; the link in it leads to the glossary, which has it too."""
    explained = page.locator("#glossary dt").evaluate_all("some => some.map(e => e.textContent)")
    assert len(explained) == page.locator(".tip").count()
    wide = page.evaluate("innerWidth")
    for term in page.locator(".term:visible").all()[:12]:
        term.scroll_into_view_if_needed()
        term.click()
        tip = page.locator(f"#{term.get_attribute('popovertarget')}")
        box = tip.bounding_box()
        assert box is not None
        assert 0 <= box["x"] < box["x"] + box["width"] <= wide
        assert 0 <= box["y"] < box["y"] + box["height"] <= 900
        assert term.get_attribute("title").replace("_", "") in tip.inner_text()  # y_t is set
        page.keyboard.press("Escape")


def overlaps(texts: list[dict[str, Any]], apart: str = "text") -> list[tuple[str, str]]:
    """Pairs of texts, from top to bottom, whose boxes share more than a sliver; apart: pairs alike in this are none."""
    pairs = []
    order = sorted(texts, key=lambda one: one["top"])
    for i, a in enumerate(order):
        for b in order[i + 1 :]:
            if b["top"] > a["bottom"]:
                break
            wide = min(a["right"], b["right"]) - max(a["left"], b["left"])
            high = min(a["bottom"], b["bottom"]) - max(a["top"], b["top"])
            if wide > 1 and high > 3 and (apart == "text" or a[apart] != b[apart]):
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
