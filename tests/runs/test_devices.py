"""Where JAX computes. No GPU is here: `devices.look` is replaced by one that sees what a test says.

JAX_PLATFORMS=cuda without CUDA is a real backend that does not start. Mutants tried: the variable not set where the CPU
must do; JAX_PLATFORMS=cpu looked at all the same; a dead look taken for a GPU; memory reserved as JAX would.
"""

from __future__ import annotations

import json
import os
import sys

import pytest
from typer.testing import CliRunner

from blockspin import cli, experiments
from blockspin.runs import devices
from blockspin.runs.execute import execute
from blockspin.runs.provenance import Provenance
from blockspin.runs.store import Store, read_log
from blockspin.runs.task import Result, Task

BROKEN = ("cpu", "RuntimeError: cuInit(0) failed")


@pytest.fixture(autouse=True)
def variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test may set them: they are put back."""
    for name in (devices.VARIABLE, *devices.SHARED):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setattr(devices, "DRIVERS", ())
    monkeypatch.setattr(devices, "entry_points", lambda group: ())


def seen(monkeypatch: pytest.MonkeyPatch, platform: str, said: str = "") -> None:
    monkeypatch.setattr(devices, "look", lambda: (platform, said))


def on_the_device(settings, parents, progress):
    import jax

    return Result(meta={"platform": jax.devices()[0].platform, **{name: os.environ[name] for name in devices.SHARED}})


def on_no_device(settings, parents, progress):
    return Result(meta={})


@pytest.mark.parametrize(("platforms", "said"), [("cpu", ""), ("cuda", "Error"), ("nonsense", "nonsense")])
def test_a_look_says_what_jax_says(monkeypatch, platforms, said):
    monkeypatch.setenv(devices.VARIABLE, platforms)
    platform, found = devices.look()
    assert platform == "cpu"
    assert said in found
    assert bool(said) == bool(found)
    assert not [word for word in ("Traceback", "File", "\n") if word in found]


def test_a_look_that_dies_or_never_ends_finds_no_gpu(monkeypatch):
    monkeypatch.setattr(devices, "LOOK", "print('gpu'); import os; os._exit(11)")
    assert devices.look() == ("cpu", "it ended with code 11")
    monkeypatch.setattr(devices, "LOOK", "import time; print('gpu', flush=True); time.sleep(60)")
    monkeypatch.setattr(devices, "LONGEST", 0.3)
    assert devices.look() == ("cpu", "nothing for 0 s")


@pytest.mark.parametrize("found", [("gpu", ""), ("tpu", "")])
def test_auto_takes_what_works(monkeypatch, found):
    seen(monkeypatch, *found)
    monkeypatch.setenv(devices.VARIABLE, "cuda,cpu")
    assert devices.choose("auto") == ""
    assert os.environ[devices.VARIABLE] == "cuda,cpu"


def test_auto_goes_on_with_the_cpu_and_says_why(monkeypatch):
    seen(monkeypatch, *BROKEN)
    for drivers in ((), ("/dev/null",)):  # nothing to look for; a driver
        monkeypatch.setattr(devices, "DRIVERS", drivers)
        said = devices.choose("auto")
        assert (BROKEN[1] in said) == bool(drivers)
    assert os.environ[devices.VARIABLE] == "cpu"


@pytest.mark.parametrize("wanted", ["auto", "cpu"])
def test_nothing_is_looked_at_where_the_cpu_is_wanted(monkeypatch, wanted):
    monkeypatch.setattr(devices, "look", lambda: pytest.fail("looked"))
    monkeypatch.setattr(devices, "DRIVERS", ("/dev/null",))
    if wanted == "auto":
        monkeypatch.setenv(devices.VARIABLE, "cpu")
    assert devices.choose(wanted) == ""
    assert os.environ[devices.VARIABLE] == "cpu"


@pytest.mark.parametrize("found", [BROKEN, ("cpu", ""), ("tpu", "")])
def test_gpu_where_there_is_none_names_the_choices(monkeypatch, found):
    seen(monkeypatch, *found)
    with pytest.raises(ValueError, match="cpu or auto") as refused:
        devices.choose("gpu")
    assert (found[1] or found[0]) in str(refused.value)
    assert devices.VARIABLE not in os.environ
    seen(monkeypatch, "gpu")
    assert devices.choose("gpu") == ""
    with pytest.raises(ValueError, match="auto, cpu, gpu"):
        devices.choose("tpu")


def test_workers_share_a_device_which_is_recorded(monkeypatch, tmp_path):
    monkeypatch.setenv(devices.VARIABLE, "cuda")  # four workers that each reserve 75 % of a GPU would end
    assert "cuda" in devices.choose("auto")
    session = Provenance(Store(tmp_path), seed=1, command=["blockspin"], workers=2)
    tasks = [Task("on", str(i), on_the_device, {"i": i}) for i in range(2)]
    tasks.append(Task("none", "none", on_no_device, {}))
    execute(tasks, Store(tmp_path), workers=2)
    session.end("finished")
    assert Store(tmp_path).load(tasks[0]).meta == {"platform": "cpu", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
    done = [event["device"] for event in read_log(tmp_path) if event["event"] == "done"]
    assert done == ["cpu"] * 3
    assert json.loads((tmp_path / "provenance.json").read_text())["devices"] == ["cpu"]


def test_what_is_in_use_is_named_as_jax_names_it(monkeypatch):
    class Fake:
        device_kind = "NVIDIA H200"

        @classmethod
        def devices(cls):
            return [cls]

        @classmethod
        def broken(cls):
            raise AssertionError

    monkeypatch.setitem(sys.modules, "jax", Fake)
    assert devices.in_use() == "NVIDIA H200"
    monkeypatch.setattr(Fake, "devices", Fake.broken)
    assert devices.in_use() == "cpu"
    monkeypatch.delitem(sys.modules, "jax")
    assert devices.in_use() == "cpu"


def call(*words: object, code: int = 0) -> str:
    outcome = CliRunner().invoke(cli.app, [str(word) for word in words])
    assert outcome.exit_code == code, outcome.output
    return outcome.stderr


def test_a_run_goes_on_or_is_refused(monkeypatch, tmp_path):
    monkeypatch.setitem(experiments.EXPERIMENTS, "toy", "toy_experiment:EXPERIMENT")
    monkeypatch.setenv(devices.VARIABLE, "cuda")
    refused = call("run", "toy", "--out", tmp_path / "none", "--device", "gpu", code=2)
    assert devices.VARIABLE in refused
    assert not (tmp_path / "none").exists()
    assert "auto" in call("run", "toy", "--out", tmp_path / "none", "--device", "both", code=2)
    assert "--device" in call("run", "toy", "--cluster", "tcp://x:1", "--device", "cpu", code=2)
    assert "the CPU computes" in call("run", "toy", "--out", tmp_path / "one")
    assert "the CPU computes" not in call("run", "toy", "--out", tmp_path / "other", "--device", "cpu")
    keys = [{path.name for path in (tmp_path / name / "tasks").glob("*.npz")} for name in ("one", "other")]
    assert keys[0] == keys[1]
    assert "JAX computed on" in (tmp_path / "one" / "report.html").read_text()
