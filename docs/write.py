"""Run the code blocks of a page in order, and write what they print under them: ./run python docs/write.py PAGE.md ...

A block "```python", "```python sampled" or "```python long" that is followed by a "```text" block prints that text. All
blocks of a page share their names, so that every number of the page is from one go. tests/test_documents.py runs the
pages too: digits of "python" must come again, those of "sampled" within their errors, and "long" is left out. The cells
of notebooks ("{code-cell}") are run, and `./run docs` shows what they give.
"""

from __future__ import annotations

import contextlib
import io
import re
import sys
import tempfile
import time
from pathlib import Path

BLOCK = re.compile(  # fence, code (of a notebook's cell without its options), end, printed text
    r"(```(?:python[^\n]*|\{code-cell\}[^\n]*)\n(?::[^\n]*\n)*)(.*?)(```\n)(```text\n.*?```\n)?", flags=re.DOTALL
)


def written(page: str) -> str:
    """The page with the text under its blocks printed anew."""
    names: dict[str, object] = {}

    def block(found: re.Match[str]) -> str:
        start = time.process_time()
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(compile(found[2], "a block", "exec", dont_inherit=True), names)
        print(f"{time.process_time() - start:6.1f} processor seconds: {found[2].strip().splitlines()[-1]}")
        return found[1] + found[2] + found[3] + (f"```text\n{printed.getvalue()}```\n" if found[4] else "")

    return BLOCK.sub(block, page)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))  # where `oracles` is
    for path in [Path(name).resolve() for name in sys.argv[1:]]:
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):  # where pages may leave files
            path.write_text(written(path.read_text()))
