"""Memory: what is free by the system and by control groups, and what is refused before it is begun."""

from __future__ import annotations

from pathlib import Path

import pytest

from blockspin import memory


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A system of 8 GB, 4 of them free, whose process is in the group a/b."""
    (tmp_path / "meminfo").write_text("MemTotal:  8000000 kB\nMemAvailable:  4000000 kB\n")
    (tmp_path / "cgroup").write_text("4:memory:/old\n0::/a/b\n")
    (tmp_path / "groups" / "a" / "b").mkdir(parents=True)
    monkeypatch.setattr(memory, "INFO", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "OWN_GROUP", tmp_path / "cgroup")
    monkeypatch.setattr(memory, "GROUPS", tmp_path / "groups")
    return tmp_path


def limit(folder: Path, most: str, held: int, cached: int) -> None:
    (folder / "memory.max").write_text(f"{most}\n")
    (folder / "memory.current").write_text(f"{held}\n")
    (folder / "memory.stat").write_text(f"anon 5\ninactive_file {cached}\n")


def test_the_system_says_what_is_free(system: Path) -> None:
    assert memory.free() == 4000000 * 1024


def test_a_group_and_those_above_it_limit_what_is_free(system: Path) -> None:
    own, above = system / "groups" / "a" / "b", system / "groups" / "a"
    limit(own, "max", 100, 0)
    assert memory.free() == 4000000 * 1024
    limit(own, "3000", 1000, 500)
    assert memory.free() == 2500
    limit(above, "3000", 2000, 0)
    assert memory.free() == 1000
    limit(above, "3000", 4000, 0)  # over its limit for a moment
    assert memory.free() == 0
    (own / "memory.max").write_text("garbled")
    (above / "memory.max").unlink()
    assert memory.free() == 4000000 * 1024


def test_without_proc_the_pages_of_the_system_count(system: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (system / "meminfo").unlink()
    (system / "cgroup").unlink()
    pages = {"SC_AVPHYS_PAGES": 10, "SC_PHYS_PAGES": 30, "SC_PAGE_SIZE": 4096}
    monkeypatch.setattr(memory.os, "sysconf", lambda name: pages[name])
    assert memory.free() == 40960

    def without(name: str) -> int:
        if name == "SC_AVPHYS_PAGES":
            raise ValueError(name)
        return pages[name]

    monkeypatch.setattr(memory.os, "sysconf", without)
    assert memory.free() == 30 * 4096
    monkeypatch.delattr(memory.os, "sysconf")
    assert memory.free() > 1e18  # nothing is known, and nothing is refused


def test_what_wants_more_than_is_free_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free", lambda: 10**9)
    memory.require(10**9, "n = 5")
    with pytest.raises(ValueError, match=r"n = 5.* 1\.5 GB.*GB"):
        memory.require(1.5e9, "n = 5")
    monkeypatch.setattr(memory, "free", lambda: 0)
    memory.require(memory.SMALL, "n = 5")


def test_disk_is_that_of_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free_disk", lambda path: 1000)
    memory.require_disk(1000, tmp_path / "s.nc", "n = 5")
    with pytest.raises(ValueError, match="n = 5"):
        memory.require_disk(1001, tmp_path / "s.nc", "n = 5")
