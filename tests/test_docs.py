"""What the documents say is run, not trusted: the README's Python page, its commands, the names it links to."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


@pytest.mark.parametrize("samples", [pytest.param(n, marks=pytest.mark.slow) for n in ("a tenth", "all")])
def test_the_python_page_runs(samples: str, tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    if samples == "a tenth":
        code, n = re.subn(r"\b(\d+)0_000\b", r"\1_000", code)
        assert n == 2
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    for word in ("layer 3", "locality", "spectrum", "y_t", "majority"):
        assert word in done.stdout


@pytest.mark.parametrize("page", ["docs/explanation/sampling.md"])
def test_the_examples_of_a_page_run(page: str, tmp_path: Path) -> None:
    code = "\n".join(re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), flags=re.DOTALL))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def blocks_of_the_machines() -> list[tuple[str, str]]:
    """Python blocks of docs/rbm.md, each with the output that stands below it, if any."""
    page = (ROOT / "docs" / "rbm.md").read_text()
    return re.findall(r"```python\n(.*?)```\n(?:\n```text\n(.*?)```)?", page, flags=re.DOTALL)


@pytest.mark.parametrize("number", [pytest.param(n, marks=pytest.mark.slow) for n in range(3)])
def test_the_page_on_machines_runs(number: int) -> None:
    code, expected = blocks_of_the_machines()[number]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout == expected


def test_every_block_of_that_page_is_run() -> None:
    assert len(blocks_of_the_machines()) == 3


def test_links_lead_somewhere() -> None:
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")):
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("command", sorted(set(re.findall(r"^blockspin (\w+)", README, flags=re.MULTILINE))))
def test_commands_of_the_readme_exist(command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "blockspin.cli", command, "--help"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_every_decision_names_a_dependency() -> None:
    decisions = (ROOT / "docs" / "decisions.md").read_text()
    project = (ROOT / "pyproject.toml").read_text()
    (listed,) = re.findall(r"^dependencies = \[(.*?)^\]", project, flags=re.DOTALL | re.MULTILINE)
    for name in re.findall(r'"([a-z0-9-]+)', listed):
        assert name in decisions, f"docs/decisions.md says nothing of {name}"


def test_public_names_exist() -> None:
    import blockspin

    for name in blockspin.__all__:
        assert getattr(blockspin, name) is not None
    with pytest.raises(AttributeError, match="public names are"):
        blockspin.no_such_thing  # noqa: B018


def test_every_public_name_is_listed() -> None:
    import blockspin

    listed = (ROOT / "docs" / "names.md").read_text()
    for name in blockspin.__all__:
        assert name == "__version__" or f"| `bs.{name}` |" in listed, f"docs/names.md has no row for {name}"
