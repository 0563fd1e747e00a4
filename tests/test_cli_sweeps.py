"""Sweeps, shares and housekeeping from the command line, with the made-up experiment of tests/runs."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

RUNS = Path(__file__).parent / "runs"
sys.path.insert(0, str(RUNS))

import toy_experiment  # noqa: E402

from blockspin import cli, experiments  # noqa: E402
from blockspin.runs.store import Store, read_log  # noqa: E402

SWEEP = ["--sweep", "samples=2,3", "--sweep", "layer.penalty=0.1,0.2", "--sweep", "seeds=2"]


@pytest.fixture(autouse=True)
def toy(monkeypatch):
    monkeypatch.setitem(experiments.EXPERIMENTS, "toy", "toy_experiment:EXPERIMENT")


def call(*words, code=0):
    outcome = CliRunner().invoke(cli.app, [str(word) for word in words])
    if outcome.exception is not None and not isinstance(outcome.exception, SystemExit):
        raise outcome.exception
    assert outcome.exit_code == code, outcome.output
    return outcome


def numbers(folder: Path) -> dict[str, bytes]:
    names = ("scorecards.json", "claims.json", "report.html", "results.nc", "results.csv")
    return {path.name: path.read_bytes() for path in [*(folder / "tasks").glob("*.npz"), *map(folder.joinpath, names)]}


def starts(folder: Path) -> list[str]:
    return [event["label"] for event in read_log(folder) if event["event"] == "start"]


def test_a_sweep_leaves_a_dimension_an_axis_and_a_tidy_table(tmp_path):
    said = call("run", "toy", "--out", tmp_path / "a", *SWEEP).stdout
    assert "\n8 maps: cannot tell\nclaims: 8 partly\n" in f"\n{said}"
    results = xr.open_dataset(tmp_path / "a" / "results.nc", engine="h5netcdf")
    assert dict(results.sizes) == {"samples": 2, "layer.penalty": 2, "seed": 2, "map": 1, "quantity": 1}
    assert list(results["layer.penalty"].values) == [0.1, 0.2]
    values = results["value"].squeeze(drop=True)
    # the toy knows nothing of the penalty, and its sums differ with all else
    np.testing.assert_array_equal(values.isel({"layer.penalty": 0}), values.isel({"layer.penalty": 1}))
    assert len(np.unique(values)) == 4
    alone = call("run", "toy", "--out", tmp_path / "b", "--set", "samples=3", "--seed", 2)
    assert alone.exit_code == 0
    (card,) = json.loads((tmp_path / "b" / "scorecards.json").read_text())["scorecards"]
    assert values.sel(samples=3, seed=2).values[0] == card["rows"][0]["value"]
    rows = list(csv.DictReader((tmp_path / "a" / "results.csv").open()))
    assert len(rows) == 8
    assert {"samples", "layer.penalty", "seed", "map", "quantity", "value", "error", "passed"} <= set(rows[0])
    page = (tmp_path / "a" / "report.html").read_text()
    assert "toy over samples, layer.penalty" in page
    call("report", tmp_path / "a")
    assert (tmp_path / "a" / "report.html").read_text() == page
    stored = (tmp_path / "a" / "settings.toml").read_text()
    assert "[sweep.grid]" in stored
    # its settings.toml is a file of settings
    again = call("run", "toy", "--out", tmp_path / "a", "--settings", tmp_path / "a" / "settings.toml")
    assert "16 tasks, 16 done before" in again.stderr


def test_a_sweep_without_scorecards_leaves_no_empty_table(tmp_path, monkeypatch):
    monkeypatch.setattr(toy_experiment, "EXPERIMENT", replace(toy_experiment.EXPERIMENT, cards=lambda run: {}))
    call("run", "toy", "--out", tmp_path / "a", "--sweep", "samples=2,3")
    assert not [*(tmp_path / "a").glob("results.*")]
    assert len(json.loads((tmp_path / "a" / "claims.json").read_text())["claims"]) == 2
    page = (tmp_path / "a" / "report.html").read_text()
    assert "results.csv" not in page
    call("report", tmp_path / "a")
    assert (tmp_path / "a" / "report.html").read_text() == page


def test_a_value_more_computes_nothing_else_again(tmp_path):
    call("run", "toy", "--out", tmp_path, "--sweep", "seeds=2", "--sweep", "samples=2,3")
    written = {path: path.stat().st_mtime_ns for path in (tmp_path / "tasks").glob("*.npz")}
    before = len(starts(tmp_path))
    call("run", "toy", "--out", tmp_path, "--sweep", "seeds=2", "--sweep", "samples=2,3,4")
    new = starts(tmp_path)[before:]
    assert sorted(label.partition(" (")[0] for label in new) == 2 * ["sample 3"] + 2 * ["score"] + 2 * ["train 3"]
    assert all(path.stat().st_mtime_ns == time for path, time in written.items())
    # but other settings are another run
    assert "holds another run" in call("run", "toy", "--out", tmp_path, "--set", "steps=2", code=2).stderr


def test_a_dry_run_says_tasks_time_and_disk_and_writes_nothing(tmp_path):
    first = call("run", "toy", "--out", tmp_path / "a", "--dry-run", *SWEEP).stdout.splitlines()
    assert not (tmp_path / "a").exists()
    assert first[0] == "toy, preset quick: 8 points, 16 tasks, 0 stored"
    assert "6 sample: 12 s, size not known yet (not measured yet: from its weight)" in first[1]
    assert first[-1].startswith("expected disk: not known yet for the sample, train, score tasks")
    call("run", "toy", "--out", tmp_path / "b", "--set", "pause=0.05")
    told = call("run", "toy", "--out", tmp_path / "a", "--dry-run", "--workers", 2, *SWEEP).stdout.splitlines()
    assert "measured on 2" in told[1]
    # every task of a kind weighs the same, and so takes the mean of the two samples, two trainings and one score there
    sizes = {kind: [] for kind in ("sample", "train", "score")}
    for event in read_log(tmp_path / "b"):
        if event["event"] == "done":
            sizes[event["kind"]].append(event["bytes"])
    expected = 6 * np.mean(sizes["sample"]) + 6 * np.mean(sizes["train"]) + 4 * np.mean(sizes["score"])
    assert told[-1] == f"expected disk: {expected / 1000:.3g} kB"
    assert "on 2 workers" in told[-2]
    call("run", "toy", "--out", tmp_path / "a", *SWEEP)
    assert call("run", "toy", "--out", tmp_path / "a", "--dry-run", *SWEEP).stdout == (
        "toy, preset quick: 8 points, 16 tasks, 16 stored\n  done already: 6 sample, 6 train, 4 score\n"
    )
    more = call("run", "toy", "--out", tmp_path / "a", "--dry-run", *SWEEP[:-1], "seeds=3").stdout.splitlines()
    assert more[1] == "  done already: 6 sample, 6 train, 4 score"
    assert more[2].startswith("  3 sample: ")


def test_shares_together_are_the_run(tmp_path):
    call("run", "toy", "--out", tmp_path / "whole", *SWEEP)
    assert "share 1/3 is done" in call("run", "toy", "--out", tmp_path / "a", *SWEEP, "--shard", "1/3").stdout
    assert not (tmp_path / "a" / "report.html").exists()
    call("run", "toy", "--out", tmp_path / "a", *SWEEP, "--shard", "2/3")
    last = call("run", "toy", "--out", tmp_path / "a", *SWEEP, "--shard", "3/3")
    assert "report.html" in last.stdout
    assert len(starts(tmp_path / "a")) == len(set(starts(tmp_path / "a"))) == 16
    whole, shared = numbers(tmp_path / "whole"), numbers(tmp_path / "a")
    del whole["report.html"], shared["report.html"]  # provenance differs
    assert shared == whole
    assert "a share reads 3/16" in call("run", "toy", "--shard", "4/3", code=2).stderr


def test_runs_at_once_in_one_folder_share_the_work(tmp_path):
    words = ["run", "toy", "--out", str(tmp_path / "a"), "--set", "pause=0.05", "--sweep", "seeds=4"]
    command = [sys.executable, str(RUNS / "toy_experiment.py"), *words]
    together = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
    for process in together:
        _, complaints = process.communicate(timeout=120)
        assert process.returncode == 0, complaints
    labels = starts(tmp_path / "a")
    assert len(labels) == len(set(labels)) == 20
    sessions = json.loads((tmp_path / "a" / "provenance.json").read_text())["sessions"]
    assert [session["outcome"] for session in sessions] == ["finished"] * 2
    call("run", "toy", "--out", tmp_path / "b", "--set", "pause=0.05", "--sweep", "seeds=4")
    together, alone = numbers(tmp_path / "a"), numbers(tmp_path / "b")
    del together["report.html"], alone["report.html"]
    assert together == alone


def test_runs_are_listed_and_freed(tmp_path):
    call("run", "toy", "--out", tmp_path / "a", "--sweep", "samples=2,3")
    call("run", "toy", "--out", tmp_path / "a", "--sweep", "samples=2,4")
    call("run", "toy", "--out", tmp_path / "b", "--shard", "1/1")
    (tmp_path / "b" / "report.html").unlink()
    lines = call("runs", "list", tmp_path).stdout.splitlines()
    assert lines[0].startswith("a  toy quick, 10 of 10 tasks, 1 spare, ")
    assert lines[0].endswith(", finished")
    assert lines[1].startswith("b  toy quick, 5 of 5 tasks, ")
    assert lines[1].endswith(", stopped")
    with Store(tmp_path / "b").at_work():
        assert call("runs", "list", tmp_path).stdout.splitlines()[1].endswith(", at work")
        assert "a run is at work" in call("runs", "gc", tmp_path / "b", code=1).stderr
    before = numbers(tmp_path / "a")
    assert "would free" in call("runs", "gc", tmp_path / "a", "--dry-run").stdout
    assert numbers(tmp_path / "a") == before
    assert "in 1 results that its settings do not use" in call("runs", "gc", tmp_path / "a").stdout
    assert len(list((tmp_path / "a" / "tasks").glob("*.npz"))) == 10
    assert "10 done before" in call("run", "toy", "--out", tmp_path / "a", "--sweep", "samples=2,4").stderr
    assert "is not the folder of a run" in call("runs", "gc", tmp_path, code=2).stderr
    assert call("runs", "list", tmp_path / "a").stdout.startswith("a  toy quick, 10 of 10 tasks, ")
    (tmp_path / "empty").mkdir()
    assert "holds no run" in call("runs", "list", tmp_path / "empty", code=2).stderr


def test_a_file_of_jobs_that_is_none_leaves_no_folder(tmp_path):
    pytest.importorskip("dask_jobqueue", reason="the extra `cluster` is not installed")
    file = tmp_path / "slurm.yaml"
    for text in (None, "a: [", "distributed: {}", "jobqueue: 3", "jobqueue: {slum: {cores: 1}}"):
        if text is not None:
            file.write_text(text)
        said = call("run", "toy", "--out", tmp_path / "run", "--cluster", file, code=2).stderr
        assert "slurm.yaml" in said
        assert "slurm, pbs" in said or text is None
        assert not (tmp_path / "run").exists()


def test_a_run_without_the_packages_for_its_cluster_leaves_no_folder(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    said = call("run", "toy", "--out", tmp_path / "run", "--cluster", "tcp://127.0.0.1:1", code=1).stderr
    assert "distributed" in said
    assert "run extra cluster" in said
    assert ".[cluster]" in said
    assert not (tmp_path / "run").exists()


def test_the_package_runs_as_a_module():
    done = subprocess.run([sys.executable, "-m", "blockspin", "runs", "--help"], capture_output=True, text=True)
    assert "gc" in done.stdout
    assert done.returncode == 0
