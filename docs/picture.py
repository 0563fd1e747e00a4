"""Cut a figure out of a report as docs/images/NAME.png: ./run python docs/picture.py runs/mehta-schwab-quick fields 1

Arguments: the folder of a finished run, the name of the picture, the number of the figure on the page (from 1).
Needs a chromium on the machine.
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright


def main(folder: Path, name: str, number: int) -> None:
    """Write docs/images/NAME.png from figure `number` of the report in `folder`."""
    target = Path(__file__).parent / "images" / f"{name}.png"
    target.parent.mkdir(exist_ok=True)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1100, "height": 900})
        page.goto((folder / "report.html").resolve().as_uri())
        page.locator("figure").nth(number - 1).screenshot(path=target)
        browser.close()
    print(target)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
