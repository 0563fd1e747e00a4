"""What is published: a wheel and an sdist of the package alone, which import and find their page templates."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = {path.relative_to(ROOT / "src").as_posix() for path in (ROOT / "src" / "blockspin").rglob("*.*")}
PACKAGED = {name for name in SOURCES if "__pycache__" not in name}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    return folder


def test_the_wheel_holds_the_package_alone(built: Path) -> None:
    (path,) = built.glob("*.whl")
    with zipfile.ZipFile(path) as wheel:
        names = set(wheel.namelist())
        metadata = next(name for name in names if name.endswith(".dist-info/METADATA"))
        listed = Parser().parsestr(wheel.read(metadata).decode())
    assert {name for name in names if ".dist-info/" not in name} == PACKAGED
    assert listed["Name"] == "blockspin"
    assert listed["License-Expression"] == "MIT"


def test_the_sdist_holds_no_tests_and_no_caches(built: Path) -> None:
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as sdist:
        inside = {name.partition("/")[2] for name in sdist.getnames()}
    assert {name.removeprefix("src/") for name in inside if name.startswith("src/")} == PACKAGED
    beyond = {name for name in inside if not name.startswith("src/")}
    own = {"README.md", "CHANGELOG.md", "CITATION.cff", "VISION.md", "LICENSE", "pyproject.toml"}
    assert beyond == {*own, ".gitignore", "PKG-INFO"}


def test_the_wheel_runs_where_the_checkout_is_not(built: Path, tmp_path: Path) -> None:
    (path,) = built.glob("*.whl")
    with zipfile.ZipFile(path) as wheel:
        wheel.extractall(tmp_path / "site")
    code = "import blockspin, blockspin.report.page as page; print(blockspin.__file__); page.filled"
    code += "; from blockspin.report import explorer; explorer.render(explorer.data())"
    say = [sys.executable, "-P", "-c", f"import sys; sys.path.insert(0, {str(tmp_path / 'site')!r}); {code}"]
    said = subprocess.run(say, cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert Path(said.strip()).parent == tmp_path / "site" / "blockspin"


def test_versions_are_one() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    citation = (ROOT / "CITATION.cff").read_text()
    assert re.search(r"^version: (.*)$", citation, flags=re.MULTILINE)[1] == project["version"]
    assert f'__version__ = "{project["version"]}"' in (ROOT / "src" / "blockspin" / "__init__.py").read_text()
