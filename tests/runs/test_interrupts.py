"""Ctrl-C ends every command with 130, at once and quietly, whatever it is in, and leaves whole files.

Tried on purpose, each fails a test below: raising in every frame; no thread that looks again; leaving by sys.exit;
`held` that does not hold; nothing done at the last; Ctrl-C heard though the shell has it ignored; raising in the first
and last lines of `Ending`; no flush at the end; no functions of atexit; a word about exceptions that were swallowed.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from interrupting import begun, blockspin, interrupt, partial, results

import blockspin as bs

SIZES = (
    "L=8", "n_samples=400", "n_critical=400", "chains=10", "layers=[16]", "recipe.n_iter=[30]", 'variants=["none"]',
    "null_variants=[]", "conditions.n_samples=[100]", "conditions.L=8", "conditions.units=16", "conditions.updates=20",
)  # fmt: skip
TRAINING = ("run", "mehta-schwab", *(word for size in SIZES for word in ("--set", size)))
TRIES = 300


# --- a small experiment that trains


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], float]:
    """What the run gives when nothing interrupts it, and its seconds."""
    folder, started = tmp_path_factory.mktemp("whole") / "run", time.monotonic()
    subprocess.run(blockspin(*TRAINING, "--out", folder), check=True, capture_output=True)
    return results(folder), time.monotonic() - started


def compiling(folder: Path, n: int, kind: str = "train") -> None:
    """Ctrl-C inside the first compilation of a training, by JAX, or of a sampler, by numba."""
    command = blockspin(*TRAINING, "--out", folder / "run", "--workers", 1 + n % 2)
    cache = {"train": "JAX_COMPILATION_CACHE_DIR", "sample": "NUMBA_CACHE_DIR"}[kind]
    moment = random.Random(n).uniform(0, 2)
    ended = interrupt(command, moment, lambda: begun(folder / "run", kind), **{cache: str(folder / "cache")})
    assert ended.well, (moment, ended)
    assert partial(folder / "run") == [], moment


def at_random(folder: Path, n: int, most: float) -> None:
    """Ctrl-C at any moment, twice in every third try."""
    command = blockspin(*TRAINING, "--out", folder / "run", "--workers", 1 + n % 2)
    moment = random.Random(n).uniform(0, most)
    ended = interrupt(command, moment, again=random.Random(n).uniform(0, 1) if n % 3 == 0 else None)
    assert ended.well, (moment, ended)
    assert partial(folder / "run") == [], moment


@pytest.mark.slow
@pytest.mark.parametrize("n", [0, 1])
def test_ctrl_c_while_a_training_compiles(tmp_path: Path, n: int) -> None:
    compiling(tmp_path, n)


@pytest.mark.parametrize("n", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_ctrl_c_at_a_random_moment(tmp_path: Path, n: int) -> None:
    at_random(tmp_path, n, 6)


@pytest.mark.slow
@pytest.mark.parametrize("n", range(TRIES))
def test_ctrl_c_a_hundred_times(tmp_path: Path, n: int, whole: tuple[dict[str, bytes], float]) -> None:
    reference, seconds = whole
    if n % 3:
        at_random(tmp_path, n, seconds)
    else:
        compiling(tmp_path, n, "sample" if n % 4 == 0 else "train")
    if (tmp_path / "run").exists():
        assert results(tmp_path / "run").items() <= reference.items()
    if n % 10 == 0:
        subprocess.run(blockspin(*TRAINING, "--out", tmp_path / "run"), check=True, capture_output=True)
        assert results(tmp_path / "run") == reference


# --- the other commands


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("samples") / "s.nc"
    bs.write_samples(bs.sample(bs.Ising(bs.Lattice.square(8), K=0.4), 400, seed=1), path)
    return path


COMMANDS = {
    "sample": ("sample", "ising", "--shape", "64x64", "--set", "K=0.44", "-n", "200000", "--out", "{folder}/s.nc"),
    "judge": ("judge", "{samples}", "--map", "majority", "--critical", "{samples}", "--json", "{folder}/card.json"),
    "dry run": (*TRAINING, "--dry-run", "--out", "{folder}/run"),
    "list": ("list",),
    "runs list": ("runs", "list", "{folder}"),
}


@pytest.mark.parametrize(
    ("name", "moment"),
    [
        ("sample", 3.0),
        ("judge", 1.0),
        *(pytest.param(name, m, marks=pytest.mark.slow) for name in COMMANDS for m in (0.0, 0.2, 0.7, 1.3, 2.0, 4.0)),
    ],
)
def test_ctrl_c_in_every_command(tmp_path: Path, samples: Path, name: str, moment: float) -> None:
    words = [word.format(folder=tmp_path, samples=samples) for word in COMMANDS[name]]
    ended = interrupt(blockspin(*words), moment)
    assert ended.well, ended
    assert partial(tmp_path) == []
    assert not (tmp_path / "s.nc").exists() or np.isfinite(bs.read_samples(tmp_path / "s.nc")).all()


# --- what it meets: programs of a few lines that end on Ctrl-C as the command line does


PROGRAM = """
import sys, time, types
from blockspin.runs.interrupts import Ending, hearing

def library(name, text):
    module = types.ModuleType(name)
    exec(text, module.__dict__)
    return module

def say(word):
    print(word, file=sys.stderr, flush=True)

with Ending(130, "left"):
    with hearing() as interrupts:
{body}
"""
SPIN = """
import time
def work():
    while True: time.sleep(0.01)
"""
SWALLOW = """
import time
def work():
    while True:
        try: time.sleep(0.01)
        except BaseException: pass
"""
TURN = """
import time
def work():
    try: time.sleep(9)
    except BaseException: raise ValueError('other') from None
"""
DELETE = """
import time
class Left:
    def __del__(self): time.sleep(2)
def work():
    del [Left()][0]
    time.sleep(20)
"""
MEET = """
import time, sys
def work():
    try:
        while True: time.sleep(0.01)
    except BaseException:
        print('met', file=sys.stderr, flush=True)
        raise
"""


EARLY = """
import os, signal, threading, time
from blockspin.runs.interrupts import Ending

class Thread(threading.Thread):
    def start(self):
        super().start()
        os.kill(os.getpid(), signal.SIGINT)

threading.Thread = Thread
with Ending(130, "left"):
    time.sleep(20)
"""


def program(body: str) -> list[str]:
    lines = "\n".join(" " * 8 + line for line in body.splitlines())
    return [sys.executable, "-c", PROGRAM.format(body=lines)]


def test_it_is_raised_at_once_in_own_lines_and_all_is_put_in_order() -> None:
    ended = interrupt(program("try:\n    time.sleep(20)\nfinally:\n    say('in order')"), 0.2)
    assert ended.well, ended
    assert ended.seconds < 1
    assert ended.said.split() == ["in", "order", *ended.said.split()[2:]]
    assert "left" not in ended.said


def test_it_waits_for_a_block_that_is_being_entered() -> None:
    ended = interrupt([sys.executable, "-c", EARLY], 20)
    assert (ended.code, ended.said) == (130, "")


def test_it_is_heard_from_the_first_line_to_the_last() -> None:
    for moment in (*np.linspace(0, 0.004, 5), *np.linspace(0.296, 0.306, 5)):
        ended = interrupt(program("time.sleep(0.3)"), moment)
        assert ended.well, (moment, ended)


@pytest.mark.parametrize("text", [SWALLOW, TURN, SPIN, DELETE, MEET])
def test_libraries_that_swallow_it_or_turn_it_into_something_else(text: str) -> None:
    ended = interrupt(program(f"library('other', {text!r}).work()"), 0.2)
    assert ended.well, ended
    assert ("left" in ended.said) == (text == SWALLOW)
    assert ("met" in ended.said) == (text == MEET)


def test_it_is_never_raised_under_jax_and_the_last_acts_are_done() -> None:
    body = f"with interrupts.finally_do(lambda: say('in order')):\n    library('jax.deep', {MEET!r}).work()"
    ended = interrupt(program(body), 0.2)
    assert ended.well, ended
    assert sorted(ended.said.split()) == ["in", "left", "order"]


def test_what_must_not_be_cut_short_is_not() -> None:
    body = "with interrupts.held():\n    time.sleep(2)\n    say('written')\nsay('never')"
    ended = interrupt(program(body), 0.2, again=0.5)
    assert ended.well, ended
    assert "written" in ended.said
    assert "never" not in ended.said


def test_what_comes_after_the_work_is_not_disturbed() -> None:
    ended = interrupt(program("import atexit\natexit.register(lambda: (time.sleep(1.5), say('done')))"), 0.5)
    assert ended.well, ended
    assert ended.said.split() == ["done"]


@pytest.mark.parametrize(("body", "code", "said"), [("pass", 0, ""), ("sys.exit(2)", 2, ""), ("1 / 0", 1, "Zero")])
def test_without_ctrl_c_a_program_ends_with_its_own_code_and_all_that_it_said(body: str, code: int, said: str) -> None:
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    done = subprocess.run(program(f"print('x')\n{body}"), capture_output=True, text=True, env=buffered)
    assert (done.returncode, done.stdout) == (code, "x\n")
    assert said in done.stderr


@pytest.mark.parametrize("ignored", [True, False])
def test_a_program_for_which_the_shell_ignores_ctrl_c_goes_on(ignored: bool) -> None:
    process = subprocess.Popen(
        program("say('begun')\ntime.sleep(0.7)"),
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN if ignored else signal.default_int_handler),
    )
    assert process.stderr is not None
    process.stderr.readline()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == (0 if ignored else 130)
