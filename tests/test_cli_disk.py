"""The command line where the disk fails: one line with the file's name, exit code 1, and no work lost."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

RUNS = Path(__file__).parent / "runs"
sys.path.insert(0, str(RUNS))

import toy_experiment  # noqa: E402, F401

import blockspin as bs  # noqa: E402
from blockspin import cli, experiments, files, locks, seals  # noqa: E402
from blockspin.experiments.plan import prepare  # noqa: E402
from blockspin.judging.card import Scorecard  # noqa: E402
from blockspin.runs import settings  # noqa: E402
from blockspin.runs.store import Store  # noqa: E402
from blockspin.runs.task import Result as Stored  # noqa: E402
from blockspin.runs.task import Task  # noqa: E402

DRAW = ["sample", "ising", "--shape", "32x32", "--set", "K=0.4", "-n", "2000", "--chains", "20", "--out", "s.nc"]


@pytest.fixture(autouse=True, scope="module")
def _compiled(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The kernels of `sample` are compiled: numba keeps them in files too, which a quota would stop first."""
    out = str(tmp_path_factory.mktemp("compiled") / "s.nc")
    assert CliRunner().invoke(cli.app, [*DRAW[:-1], out]).exit_code == 0


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(experiments.EXPERIMENTS, "toy", "toy_experiment:EXPERIMENT")
    monkeypatch.chdir(tmp_path)


def call(*words: str, code: int = 0) -> Result:
    outcome = CliRunner().invoke(cli.app, words)
    assert outcome.exit_code == code, (outcome.output, outcome.exception)
    assert outcome.exception is None or isinstance(outcome.exception, SystemExit)
    assert len(outcome.stderr.splitlines()) == bool(code)
    return outcome


@contextmanager
def quota(size: int) -> Iterator[None]:
    """No file may grow beyond so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def full(path: object, *_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))


def test_sample_says_which_file_and_goes_on_when_there_is_room() -> None:
    with quota(20_000):
        assert "s.nc" in call(*DRAW, code=1).stderr
    assert not Path("s.nc").exists()
    call(*DRAW)
    assert sorted(os.listdir()) == ["s.nc"]
    with quota(1000):
        call(*DRAW)  # there already: nothing is written


def test_sample_does_not_start_beside_another() -> None:
    Path("s.nc.parts").mkdir()
    held = locks.claim(Path("s.nc.parts") / locks.LOCK)
    assert held is not None
    assert "s.nc" in call(*DRAW, code=1).stderr
    held.release()
    call(*DRAW[:-6], "-n", "20", "--chains", "20", "--out", "s.nc")


@pytest.mark.parametrize("words", [DRAW[:-1], ["judge", "data.npy", "--map", "majority", "--json"]], ids=lambda w: w[0])
def test_what_cannot_be_written_is_refused_before_the_work(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def work(*_: object, **__: object) -> None:
        raise AssertionError("worked for nothing")

    monkeypatch.setattr(bs, "judge", work, raising=False)
    monkeypatch.setattr(bs, "sample", work, raising=False)
    Path("data.npy").write_bytes(b"")
    Path("folder.nc").mkdir()
    for target in ("folder.nc", "gone/a.nc", "data.npy/a.nc"):
        assert target.split("/")[0] in call(*words, target, code=2).stderr
    with quota(1000):
        assert "new.nc" in call(*words, "new.nc", code=1).stderr
    assert sorted(os.listdir()) == ["data.npy", "folder.nc"]


def test_a_card_is_printed_before_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    card = Scorecard("the map", 1, 2.0, ())
    monkeypatch.setattr(bs, "judge", lambda *_, **__: card, raising=False)
    bs.write_samples(bs.sample(bs.Ising(bs.Lattice.square(4), 0.0), 20, seed=1), "s.nc")
    words = ("judge", "s.nc", "--map", "majority", "--json", "card.json")
    assert "the map" in call(*words).stdout
    before = Path("card.json").read_bytes()
    monkeypatch.setattr(files, "write_text", full)
    outcome = call(*words, code=1)
    assert "the map" in outcome.stdout
    assert "card.json" in outcome.stderr
    assert Path("card.json").read_bytes() == before


def begun(folder: str) -> Path:
    """A run's folder that has its settings."""
    Path(folder).mkdir()
    settings.write(Path(folder), prepare(experiments.find("toy"), overrides=("samples=2", "steps=1")).document)
    return Path(folder)


def test_run_says_which_file() -> None:
    with quota(200):
        assert "settings.toml" in call("run", "toy", "--out", "a", code=1).stderr
    assert [path.name for path in Path("a").rglob("*") if not path.name.startswith(".lock")] == ["tasks"]


def test_report_looks_first_whether_the_page_can_be_written() -> None:
    folder = begun("a")
    for name in ("scorecards.json", "claims.json"):
        (folder / name).write_text("{}")
    seals.write_sums(folder, ["scorecards.json", "claims.json", "settings.toml"])
    (folder / "report.html").mkdir()
    assert "report.html" in call("report", "a", code=2).stderr
    (folder / "report.html").rmdir()
    with quota(1000):
        assert "report.html" in call("report", "a", code=1).stderr


def test_gc_says_which_file(monkeypatch: pytest.MonkeyPatch) -> None:
    store, spare = Store(begun("a")), Task("spare", "spare", print, {})
    store.save(spare, Stored())
    unlink = Path.unlink

    def guarded(path: Path, missing_ok: bool = False) -> None:
        if path.suffix == ".npz":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        unlink(path, missing_ok)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", guarded)
        assert spare.key in call("runs", "gc", "a", code=1).stderr
    assert store.has(spare)
    call("runs", "gc", "a")
    assert not store.has(spare)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_an_output_that_is_full_or_gone() -> None:
    command = [sys.executable, "-m", "blockspin", "list"]
    with open("/dev/full", "w") as nowhere:
        done = subprocess.run(command, stdout=nowhere, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert done.stderr == ""
