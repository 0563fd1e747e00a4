"""Disks that fail: whatever writes names the file, leaves the old one, and nothing half-written."""

from __future__ import annotations

import errno
import os
import resource
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

import blockspin as bs
from blockspin import files
from blockspin.models import Ising
from blockspin.runs.store import Store, StoreError
from blockspin.runs.task import Result, Task
from blockspin.samples import write_packed

LATTICE = bs.Lattice.square(32)


@contextmanager
def quota(size: int) -> Iterator[None]:
    """The system lets no file grow beyond so many bytes (EFBIG), as a quota or a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def _samples(path: Path) -> None:
    spins = np.where(np.random.default_rng(1).random((4, 500, 32, 32)) < 0.5, 1, -1)
    bs.write_samples(bs.samples.make(spins, LATTICE), path)


def _packed(path: Path) -> None:
    part = np.random.default_rng(1).integers(0, 256, (4, 100, 128), dtype=np.uint8)
    write_packed((part for _ in range(5)), path, LATTICE, (4, 500))


def _drawn(path: Path) -> None:
    bs.sample(Ising(LATTICE, 0.0), 2000, seed=1, out=path)


def _machine(path: Path) -> None:
    bs.RBM(64, n_iter=0, random_state=1).fit(np.where(np.random.default_rng(1).random((20, 1024)) < 0.5, 1, -1)).save(
        path
    )


WRITERS: dict[str, Callable[[Path], None]] = {
    "samples.nc": _samples,
    "packed.nc": _packed,
    "independent.nc": _drawn,
    "machine.npz": _machine,
    "text.txt": lambda path: files.write_text(path, "x" * 100_000),
    "card.json": lambda path: files.write_json(path, {"x": list(range(50_000))}),
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_quota_is_an_error_with_the_files_name(tmp_path: Path, name: str) -> None:
    target = tmp_path / name
    target.write_text("old")
    target.rename(tmp_path / "kept") if name == "independent.nc" else None
    with pytest.raises(OSError, match="File too large") as caught, quota(20_000):
        WRITERS[name](target)
    assert caught.value.errno == errno.EFBIG
    assert caught.value.filename == str(target)
    (left,) = tmp_path.iterdir()
    assert left.read_text() == "old"
    WRITERS[name](target)  # HDF5 is in order still
    assert stat.S_IMODE(target.stat().st_mode) == 0o644


def test_a_store_says_it_in_its_own_exception(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(StoreError), quota(20_000):
        store.save(Task("t", "t", print, {}), Result({"a": np.arange(10_000)}))
    assert list(store.tasks.iterdir()) == []


def test_an_error_of_another_file_keeps_its_name(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught, files.writing(tmp_path / "a"):
        open(tmp_path / "gone")  # noqa: SIM115
    assert caught.value.filename == str(tmp_path / "gone")
    assert list(tmp_path.iterdir()) == []


def test_an_error_without_a_number_is_named_too(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="half of it") as caught, files.writing(tmp_path / "a"):
        raise OSError("half of it")
    assert (caught.value.errno, caught.value.filename) == (errno.EIO, str(tmp_path / "a"))


def test_a_place_is_looked_at_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "old").write_text("old")
    for good in ("new", "old"):
        files.check_place(tmp_path / good)
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
    monkeypatch.chdir(tmp_path)
    files.check_place(Path("bare"))
    for bad in (tmp_path, tmp_path / "gone" / "a", tmp_path / "old" / "a", Path(os.devnull)):
        with pytest.raises(ValueError, match=bad.name):
            files.check_place(bad)
    with pytest.raises(OSError, match="File name too long"):
        files.check_place(tmp_path / ("n" * 300))
    with pytest.raises(OSError, match="File too large") as caught, quota(1000):
        files.check_place(tmp_path / "new")
    assert caught.value.filename == str(tmp_path / "new")

    def read_only(*_: object, **__: object) -> int:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(tmp_path / "probe"))

    monkeypatch.setattr(os, "open", read_only)
    with pytest.raises(OSError, match="Read-only") as caught:
        files.check_place(tmp_path / "new")
    assert caught.value.filename == str(tmp_path / "new")


def test_what_a_disk_does_not_take_is_kept_for_later(tmp_path: Path) -> None:
    with open(tmp_path / "a", "w+b") as file:
        stream = files.Deferring(file)
        assert (stream.write(b"abc"), stream.tell()) == (3, 3)
        with quota(5):
            assert (stream.write(b"defg"), stream.tell()) == (4, 7)
        assert stream.failed is not None
        assert stream.failed.errno == errno.EFBIG
        assert stream.write(b"h") == 1  # after the first error nothing is written any more
        stream.seek(1)
        buffer = bytearray(9)
        assert (stream.readinto(buffer), bytes(buffer[:4])) == (4, b"bcde")
        assert (stream.seek(-1, os.SEEK_END), stream.seek(1, os.SEEK_CUR)) == (4, 5)
        assert stream.truncate(2) == 2
    assert (tmp_path / "a").read_bytes() == b"ab"
