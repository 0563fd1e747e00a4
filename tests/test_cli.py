"""The command line, with the made-up experiment of tests/runs."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

RUNS = Path(__file__).parent / "runs"
sys.path.insert(0, str(RUNS))

import interrupting  # noqa: E402
import toy_experiment  # noqa: E402

from blockspin import cli, experiments  # noqa: E402
from blockspin.experiments.closing import closing  # noqa: E402
from blockspin.judging.card import Scorecard  # noqa: E402
from blockspin.judging.measurement import Side, State  # noqa: E402
from blockspin.judging.rules import Outcome  # noqa: E402
from blockspin.judging.verdict import Row  # noqa: E402
from blockspin.own_data.sources import READERS  # noqa: E402

COMMANDS = ["run", "list", "sample", "check", "judge", "report", "explore", "runs"]
SAMPLE = ["sample", "ising", "--shape", "4x4", "--set", "K=0.4", "-n", "9", "--out"]
TOY = [sys.executable, str(RUNS / "toy_experiment.py")]


@pytest.fixture(autouse=True)
def toy(monkeypatch):
    monkeypatch.setitem(experiments.EXPERIMENTS, "toy", "toy_experiment:EXPERIMENT")


def call(*words, code=0):
    outcome = CliRunner().invoke(cli.app, [str(word) for word in words])
    if outcome.exception is not None and not isinstance(outcome.exception, SystemExit):
        raise outcome.exception
    assert outcome.exit_code == code, outcome.output
    if code:
        assert "Traceback" not in outcome.output
    return outcome


def numbers(folder: Path) -> dict[str, bytes]:
    """All that a run computed: the tasks and the conclusions; its page also says when."""
    chosen = [*(folder / "tasks").glob("*"), *(folder / name for name in ("scorecards.json", "claims.json"))]
    return {path.name: path.read_bytes() for path in sorted(chosen)}


# --- run


def test_run_leaves_a_complete_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    outcome = call("run", "toy", "--set", "layer.n_hidden=3")
    folder = Path("runs/toy-quick")
    *table, claims, path = outcome.stdout.splitlines()
    assert [re.split(r"  +", line)[:2] for line in table] == [["map", "verdict"], ["toy layer 1", "cannot tell"]]
    assert [claims, path] == ["claims: 1 partly", "runs/toy-quick/report.html"]
    assert {path.name for path in folder.iterdir()} == {
        "settings.toml", "provenance.json", "tasks", "scorecards.json", "claims.json", "SHA256SUMS", "report.html",
        "log.jsonl",
    }  # fmt: skip
    scorecards = json.loads((folder / "scorecards.json").read_text())
    assert scorecards["schema"] == 2
    assert scorecards["scorecards"][0]["rows"][0]["error"] is None
    assert json.loads((folder / "claims.json").read_text())["claims"][0]["id"] == "T-1"
    session = json.loads((folder / "provenance.json").read_text())["sessions"][0]
    assert session["command"] == "blockspin run toy --preset quick --set layer.n_hidden=3 --seed 1 --workers 1"
    assert session["outcome"] == "finished"


def test_the_same_command_computes_nothing_again(tmp_path):
    call("run", "toy", "--out", tmp_path / "a")
    before = numbers(tmp_path / "a")
    outcome = call("run", "toy", "--out", tmp_path / "a")
    assert "5 tasks, 5 done before" in outcome.stderr
    assert numbers(tmp_path / "a") == before
    events = [json.loads(line)["event"] for line in (tmp_path / "a" / "log.jsonl").read_text().splitlines()]
    assert events.count("start") == 5
    call("run", "toy", "--out", tmp_path / "b", "--workers", 2)
    assert numbers(tmp_path / "b") == before
    call("run", "toy", "--out", tmp_path / "c", "--seed", 2)
    assert numbers(tmp_path / "c") != before


def test_another_runs_folder_is_refused(tmp_path):
    call("run", "toy", "--out", tmp_path / "a")
    before = numbers(tmp_path / "a")
    outcome = call("run", "toy", "--out", tmp_path / "a", "--set", "field=0.5", "--seed", 2, code=2)
    assert (
        "holds another run, which differs in seed (1 there, 2 here), settings.field (none there, 0.5 here)"
        in outcome.stderr
    )
    assert "choose another --out" in outcome.stderr
    assert numbers(tmp_path / "a") == before


def test_a_folder_that_is_no_runs_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    assert "is not empty and not the folder of a run" in call("run", "toy", "--out", tmp_path, code=2).stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
    assert "is a file" in call("run", "toy", "--out", tmp_path / "thesis.tex", code=2).stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run", "toi"], "no experiment is called 'toi'; did you mean 'toy'? The choices are: mehta-schwab, "),
        (["run", "toy", "--preset", "quik"], "did you mean 'quick'? The choices are: quick, paper"),
        (["run", "toy", "--set", "sampels=3"], "no setting is called 'sampels'; did you mean 'samples'?"),
        (["run", "toy", "--set", "samples=0"], "samples: input should be greater than 0; got 0"),
        (["run", "toy", "--set", "samples=13"], "these settings do not fit: samples must not be 13"),
        (["run", "toy", "--seed", "-1"], "'--seed': Input should be greater than or equal to 0"),
        (["run", "toy", "--workers", "0"], "'--workers': Input should be"),
        (["run", "toy", "--workrs", "2"], "--workrs"),
        (["run"], "EXPERIMENT"),
        (["rnu", "toy"], "rnu"),
        (["report", "nowhere"], "nowhere is not the folder of a run"),
        ([*SAMPLE, "s.nc", "--shape", "4y4"], "a shape reads 100 (ring), 40x40"),
        ([*SAMPLE, "s.nc", "--shape", "1x4"], "at least 2; got 1"),
        ([*SAMPLE, "s.nc", "--set", "K=nan"], "coupling K must be a finite number; got nan"),
        ([*SAMPLE, "s.nc", "--set", "K=x"], "K of the model ising must be a number; got 'x'"),
        ([*SAMPLE, "s.nc", "--set", "D=1"], "settings of the model ising are K, h"),
        (["sample", "blume-capel", *SAMPLE[2:], "s.nc"], "needs D: give it as --set D="),
        (["sample", "nowhere.models:Clock", *SAMPLE[2:], "s.nc"], "'nowhere.models:Clock' cannot be imported"),
        ([*SAMPLE, "s.nc", "--algorithm", "magic"], "algorithm must be one of auto"),
        ([*SAMPLE, "s.csv"], "samples are written as .nc; got 's.csv'"),
        ([*SAMPLE, "no/s.nc"], "there is no folder no"),
        (["sample", "isng", *SAMPLE[2:], "s.nc"], "blume-capel, dimers, package.module:Class; got 'isng'"),
        (["judge", "nowhere.nc", "--map", "majority"], "no such file: nowhere.nc"),
        (["judge", "nowhere.nc"], "--map"),
    ],
)  # fmt: skip
def test_wrong_input_is_one_line_and_code_2(tmp_path, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    outcome = call(*words, code=2)
    assert message in re.sub(r"\s+", " ", outcome.stderr)
    assert list(tmp_path.iterdir()) == []


def test_a_failing_task_gives_code_1_and_the_rest_is_kept(tmp_path):
    outcome = call("run", "toy", "--out", tmp_path / "a", "--set", "behaviour=fail", code=1)
    assert "1 task failed: the [bold]bad[/bold] one (fail " in outcome.stderr
    assert "ValueError: no [bold]such[/] luck" in outcome.stderr
    assert len(list((tmp_path / "a" / "tasks").glob("*.npz"))) == 5
    assert not (tmp_path / "a" / "report.html").exists()
    assert json.loads((tmp_path / "a" / "provenance.json").read_text())["sessions"][0]["outcome"] == "failed"
    assert "has no scorecards.json" in call("report", tmp_path / "a", code=2).stderr


def test_an_interrupt_gives_code_130_and_the_way_on(tmp_path):
    words = ["run", "toy", "--out", tmp_path / "a", "--set", f"behaviour=interrupt {tmp_path / 'mark'}"]
    outcome = call(*words, code=130)
    assert "interrupted; run the same command again to resume: blockspin" in outcome.stderr
    assert "6 tasks, 5 done before" in call(*words).stderr
    sessions = json.loads((tmp_path / "a" / "provenance.json").read_text())["sessions"]
    assert [entry["outcome"] for entry in sessions] == ["interrupted", "finished"]


def test_a_full_disk_gives_code_1(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    outcome = call("run", "toy", "--out", tmp_path / "a", code=1)
    assert "No space left on device" in outcome.stderr
    monkeypatch.undo()
    experiments.EXPERIMENTS["toy"] = "toy_experiment:EXPERIMENT"
    call("run", "toy", "--out", tmp_path / "a")
    del experiments.EXPERIMENTS["toy"]


def test_a_folder_without_permission_is_told(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "mkdir", refuse)
    outcome = call("run", "toy", "--out", tmp_path / "a", code=1)
    assert "cannot make the folder" in outcome.stderr
    assert "Permission denied" in outcome.stderr


def test_killed_runs_end_with_the_same_bytes(tmp_path):
    settings = ["--set", "samples=3", "--set", "steps=2", "--set", "pause=0.05"]
    call("run", "toy", *settings, "--out", tmp_path / "whole")
    command = [*TOY, "run", "toy", *settings, "--out", str(tmp_path / "killed")]
    log = tmp_path / "killed" / "log.jsonl"
    for moment in (0.0, 0.13):
        size = log.stat().st_size if log.exists() else 0
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None and (not log.exists() or log.stat().st_size == size):
            time.sleep(0.005)
        time.sleep(moment)
        process.kill()
        process.wait()
    subprocess.run(command, check=True, timeout=60, capture_output=True)
    assert numbers(tmp_path / "killed") == numbers(tmp_path / "whole")
    outcomes = [
        entry["outcome"] for entry in json.loads((tmp_path / "killed" / "provenance.json").read_text())["sessions"]
    ]
    assert outcomes[0] == "killed"
    assert outcomes[-1] == "finished"


@pytest.mark.parametrize("workers", ["1", "2"])
def test_ctrl_c_in_a_terminal(tmp_path, workers):
    command = [*TOY, "run", "toy", "--set", "pause=0.3", "--out", str(tmp_path / "a"), "--workers", workers]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=interrupting.hearing,
    )
    log = tmp_path / "a" / "log.jsonl"
    while process.poll() is None and not log.exists():
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert "run the same command again" in said


def test_report_redraws_from_the_files_alone(tmp_path):
    call("run", "toy", "--out", tmp_path / "a")
    page = (tmp_path / "a" / "report.html").read_bytes()
    (tmp_path / "a" / "report.html").unlink()
    tasks = {path: path.stat().st_mtime_ns for path in (tmp_path / "a" / "tasks").glob("*.npz")}
    assert call("report", tmp_path / "a").stdout.strip() == str(tmp_path / "a" / "report.html")
    assert (tmp_path / "a" / "report.html").read_bytes() == page
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "a" / "tasks").glob("*.npz")} == tasks


def card(name: str, y_t: float, layer: int = 1) -> dict:
    row = Row(
        "spectrum", "y_t", y_t, 0.02, State.MEASURED, Outcome.PASS, "agrees", "", None, None, Side("exact", 1.0, 0.0)
    )
    return Scorecard(name, layer, 2.0, (row,)).to_dict()


def test_a_run_closes_with_a_table_of_its_maps_without_controls():
    cards = [card("majority", 0.96), card("l1", 0.8), card("l1", 0.9, 2), card("l1, untrained", 0.1)]
    claims = [{"status": status} for status in ("partly", "reproduced", "partly")]
    head, *rows, counted = closing({"scorecards": cards, "claims": claims}).splitlines()
    assert re.split(r"  +", head)[:3] == ["map", "verdict", "y_t - exact"]
    assert [re.split(r"  +", row)[:1] + re.split(r"  +", row)[2:4] for row in rows] == [
        ["majority layer 1", "-0.04(2)", "-2.0"],
        ["l1 layer 1", "-0.20(2)", "-10.0"],
        ["l1 layer 2", "-0.10(2)", "-5.0"],
    ]
    assert counted == "claims: 1 reproduced, 2 partly"


def test_many_maps_are_counted():
    cards = [card(f"m{n}", 1.0) for n in range(30)]
    assert closing({"scorecards": cards, "claims": []}) == "30 maps: coarse-grains"
    swept = cards[:2] * 2  # of several points
    assert closing({"scorecards": swept, "claims": []}) == "4 maps: coarse-grains"
    assert closing({"scorecards": [], "claims": []}) == ""


# --- sample and judge


def test_sample_then_judge(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    draw = ["sample", "ising", "--shape", "8x8", "--set", "K=0.4", "-n", "200", "--chains", "20", "--out", "s.nc"]
    assert "s.nc: 20 chains of 10 draws, Ising model on square 8x8, K = 0.4, h = 0" in call(*draw).stdout
    first = Path("s.nc").read_bytes()
    before = Path("s.nc").stat().st_mtime_ns
    call(*draw)  # there already
    assert Path("s.nc").stat().st_mtime_ns == before
    assert "seed" in call(*draw, "--seed", 2, code=2).stderr
    call(*draw, "--force")
    assert Path("s.nc").stat().st_mtime_ns > before
    assert Path("s.nc").read_bytes() == first
    outcome = call("judge", "s.nc", "--map", "majority", "--json", "o.json")
    assert "majority, layer 1 (b = 2)" in outcome.stdout
    stored = json.loads(Path("o.json").read_text())
    assert stored["schema"] == 2
    assert stored["scorecards"][0]["map"] == "majority"
    two = ("judge", "s.nc", "--map", "majority", "--critical", "s.nc", "--critical", "s.nc", "--json", "two.json")
    call(*two)
    (card,) = json.loads(Path("two.json").read_text())["scorecards"]
    assert "starts that meet" in [row["quantity"] for row in card["rows"]]
    assert "map must be one of majority, decimation" in call("judge", "s.nc", "--map", "majorty", code=2).stderr
    assert "divide every extent" in call("judge", "s.nc", "--map", "majority", "-b", 3, code=2).stderr
    assert (
        "only .npz weights can be stacked"
        in call("judge", "s.nc", "--map", "majority", "--map", "decimation", code=2).stderr
    )
    np.savez("w.npz", a=np.arange(3))
    assert "w.npz" in call("judge", "s.nc", "--map", "w.npz", code=2).stderr
    assert "no such file" in call("judge", "s.nc", "--map", "gone.npz", code=2).stderr
    assert "no such file" in call("judge", "s.nc", "--map", "majority", "--train", "gone.nc", code=2).stderr


def test_judge_own_data_and_pickles(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(1)
    np.save("own.npy", random.integers(0, 2, (60, 64)))
    assert "decimation, layer 1" in call("judge", "own.npy", "--map", "decimation", "--shape", "8x8").stdout
    assert "expected" in call("judge", "own.npy", "--map", "decimation", code=2).stderr
    np.save("evil.npy", np.array([print], object), allow_pickle=True)
    assert "evil.npy" in call("judge", "evil.npy", "--map", "decimation", code=2).stderr


def test_judge_trained_weights_and_a_stack(tmp_path, monkeypatch):
    import blockspin as bs

    monkeypatch.chdir(tmp_path)
    bs.write_samples(bs.sample(bs.Ising(bs.Lattice.square(8), K=0.4), 200, seed=1, chains=20), "s.nc")
    data = bs.to_matrix(bs.read_samples("s.nc"))
    first = bs.RBM(16, n_iter=2, random_state=1).fit(data)
    first.save("first.npz")
    bs.RBM(4, n_iter=2, random_state=1).fit(first.transform(data)).save("second.npz")
    assert "first, layer 1" in call("judge", "s.nc", "--map", "first.npz").stdout
    assert "first + second, layer" in call("judge", "s.nc", "--map", "first.npz", "--map", "second.npz").stdout
    bs.RBM(16, n_iter=2, random_state=2).fit(data).save("third.npz")
    several = call("judge", "s.nc", "--map", "first.npz", "--map", "third.npz", "--trainings").stdout
    assert "first, third, layer 1" in several
    assert "mean of 2 trainings" in several
    mixed = call("judge", "s.nc", "--map", "first.npz", "--map", "second.npz", "--trainings", code=2)
    assert "n_components" in mixed.stderr
    bs.RBM(16, units="binary", n_iter=1, random_state=1).fit((data + 1) // 2).save("bits.npz")  # samples are -1/+1
    assert "bits, layer 1" in call("judge", "s.nc", "--map", "bits.npz").stdout


def test_judge_a_map_of_ones_own_and_any_rule(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    call("sample", "ising", "--shape", "8x8", "--set", "K=0.4", "-n", "200", "--chains", "20", "--out", "s.nc")
    Path("own_map.py").write_text("""
class Sums:
    def transform(self, X):
        return X.reshape(-1, 4, 2, 4, 2).sum(axis=(2, 4)).reshape(len(X), -1)
class Broken(Sums):
    def transform(self, X):
        raise RuntimeError("expected Float")
def build(lattice):
    assert lattice.shape == (8, 8)
    return Sums()
def alone():
    return Sums()
def none():
    return 3
def fails(lattice):
    raise OSError("no weights")
""")
    for place in ("own_map:build", "own_map:alone", "own_map:Sums"):
        assert f"{place}, layer 1 (b = 2)" in call("judge", "s.nc", "--map", place).stdout
    for place in ("own_map:none", "own_map:fails", "own_map:gone", "nowhere:build", "own_map:Broken"):
        said = call("judge", "s.nc", "--map", place, code=2).stderr.strip().splitlines()[-1]
        assert said.startswith("blockspin: ")
        assert place.partition(":")[0] in said or "expected Float" in said
    assert "plurality, layer 1 (b = 2)" in call("judge", "s.nc", "--map", "plurality").stdout


# --- the program


def test_list_shows_every_table():
    from blockspin.judging import CRITERIA
    from blockspin.models import MODELS

    said = call("list").stdout
    for name in [
        *experiments.EXPERIMENTS,
        *toy_experiment.EXPERIMENT.presets,
        *MODELS,
        *CRITERIA,
        "majority",
        "decimation",
    ]:
        assert name in said


def test_list_shows_the_settings_of_an_experiment():
    lines = call("list", "toy").stdout.splitlines()
    assert "quick, paper" in lines[0]
    assert [line.split()[0] for line in lines[1:]] == [
        "samples", "steps", "pause", "layer.n_hidden", "layer.penalty", "sizes", "field", "name", "behaviour",
    ]  # fmt: skip
    assert lines[1].split() == ["samples", "whole", "number", ">", "0;", "default", "3;", "quick", "2"]
    assert "toy" in call("list", "toi", code=2).stderr


def test_every_command_and_option_is_documented():
    import typer

    group = typer.main.get_command(cli.app)
    assert sorted(group.commands) == sorted(COMMANDS)
    inner = {f"runs {name}": command for name, command in group.commands["runs"].commands.items()}
    assert sorted(inner) == ["runs gc", "runs list"]
    for name, command in (group.commands | inner).items():
        assert command.help, name
        assert "Exit codes: 0" in command.epilog
        said = call(*name.split(), "--help").stdout
        for parameter in command.params:
            if parameter.name != "help":
                assert parameter.help, f"{name} {parameter.name}"
            for option in parameter.opts:
                assert option in said or parameter.metavar in said
    assert "Exit codes: 0" in call("--help").stdout
    for name in ("judge", "check"):
        said = call(name, "--help").stdout
        assert [one for one in (".nc", *READERS) if one not in said] == []


def test_version():
    from importlib.metadata import version

    assert call("--version").stdout == f"blockspin {version('blockspin')}\n"


def test_help_answers_at_once():
    # Measured 0.09 s of processor time where 0.4 s is the promise; numpy alone takes 0.1 s, jax or numba 0.5 s.
    script = (
        "import sys, time\nfrom blockspin.cli import app\n"
        "try:\n    app(['--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'numpy', 'scipy', 'jax', 'numba', 'xarray', 'sklearn', 'pydantic', 'matplotlib'} & set(sys.modules)\n"
        "print(f'{time.process_time():.3f}', *heavy)"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    seconds, *heavy = said.splitlines()[-1].split()
    assert heavy == []
    assert float(seconds) < 0.4
