"""Cut a figure out of a report: ./run python docs/picture.py runs/mehta-schwab-quick 1 fields.png

Arguments: the folder of a finished run, the number of the figure on the page (from 1), the file to write. In place of
the folder, any page, and in place of the number, a name in it: the explorer's picture is made by

    ./run explore
    ./run python docs/picture.py explorer.html steps docs/images/explorer.png

The pictures of these pages are in docs/images. Needs a chromium on the machine.
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

SECONDS = 8  # that a live page takes to have its numbers


def main(source: Path, figure: str, target: Path) -> None:
    """Write a figure of the report in a folder, or of a page, to the file `target`, .png."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1100, "height": 900})
        page.goto((source / "report.html" if source.is_dir() else source).resolve().as_uri())
        found = page.locator("figure").nth(int(figure) - 1) if figure.isdecimal() else page.locator(f"#{figure}")
        found.scroll_into_view_if_needed()
        if source.is_file():
            page.wait_for_timeout(1000 * SECONDS)
        found.screenshot(path=target)
        browser.close()
    print(target)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
