from __future__ import annotations

import getpass
import json
import platform
import subprocess
from pathlib import Path

import toy_tasks as toy

from blockspin.runs import provenance
from blockspin.runs.execute import execute
from blockspin.runs.provenance import Provenance
from blockspin.runs.store import Store, read_log


def test_sessions_add_up(tmp_path):
    store = Store(tmp_path)
    for command in (["blockspin", "run", "a b"], ["blockspin", "run", "c"]):
        session = Provenance(store, seed=4, command=command, workers=1)
        execute(toy.graph(2), store)
        session.end("finished")
    stored = json.loads((tmp_path / "provenance.json").read_text())
    assert stored["schema"] == 2
    assert stored["seed"] == 4
    assert set(stored["tasks"]) == {"sample 0", "sample 1", "train 0", "train 1", "score"}
    assert [entry["command"] for entry in stored["sessions"]] == ["blockspin run 'a b'", "blockspin run c"]
    for entry in stored["sessions"]:
        assert entry["outcome"] == "finished"
        assert entry["start"] <= entry["end"]
        assert {"python", "blockspin", "numpy", "jax", "numba", "scikit-learn", "scipy", "xarray"} <= set(
            entry["versions"]
        )
        assert entry["machine"]["cores"] >= 1


def test_a_killed_session_is_told_from_the_log(tmp_path):
    store = Store(tmp_path)
    Provenance(store, seed=1, command=["blockspin"], workers=1)
    execute(toy.graph(2), store)
    last = read_log(store.folder)[-1]["time"]
    Provenance(store, seed=1, command=["blockspin"], workers=1)
    killed, running = json.loads((tmp_path / "provenance.json").read_text())["sessions"]
    assert (killed["outcome"], killed["end"]) == ("killed", last)
    assert running["end"] is None
    assert len(json.loads((tmp_path / "provenance.json").read_text())["tasks"]) == 5


def test_it_names_no_host_user_or_path(tmp_path):
    Provenance(Store(tmp_path), seed=1, command=["blockspin", "run", "toy"], workers=1)
    text = (tmp_path / "provenance.json").read_text()
    assert platform.node() not in text
    assert str(tmp_path) not in text
    assert str(Path.home()) + "/" not in text
    if len(getpass.getuser()) > 4:  # shorter names are part of other words
        assert getpass.getuser() not in text


def test_commit_and_changes(tmp_path, monkeypatch):
    def git(*words):
        subprocess.run(["git", "-C", str(tmp_path), "-c", "user.name=n", "-c", "user.email=e", *words], check=True)

    assert provenance.commit(tmp_path) is None
    git("init", "-q")
    (tmp_path / "provenance.py").write_text("a = 1\n")
    assert provenance.commit(tmp_path) is None  # in a checkout, but not part of it
    git("add", ".")
    git("commit", "-q", "-m", "first")
    found = provenance.commit(tmp_path)
    assert found is not None
    assert len(found["hash"]) == 40
    assert found["modified"] is False
    (tmp_path / "provenance.py").write_text("a = 2\n")
    assert provenance.commit(tmp_path)["modified"] is True
    monkeypatch.setenv("PATH", "/nowhere")
    assert provenance.commit(tmp_path) is None
