"""Cut a figure out of a report: ./run python docs/picture.py runs/mehta-schwab-quick 1 fields.png

Arguments: the folder of a finished run, the number of the figure on the page (from 1), the file to write. The pictures
of these pages are in docs/images. Needs a chromium on the machine.
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright


def main(folder: Path, number: int, target: Path) -> None:
    """Write figure `number` of the report in `folder` to the file `target`, .png."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1100, "height": 900})
        page.goto((folder / "report.html").resolve().as_uri())
        page.locator("figure").nth(number - 1).screenshot(path=target)
        browser.close()
    print(target)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
