from __future__ import annotations

import io
import itertools

import pytest
import toy_tasks as toy
from rich.console import Console

from blockspin.runs import display
from blockspin.runs.display import Bars, Lines, duration, for_stream
from blockspin.runs.execute import TaskFailed, execute
from blockspin.runs.store import Store
from blockspin.runs.task import Task


def terminal() -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=100, color_system=None)


def test_bars_show_text_as_it_is(tmp_path):
    console = terminal()
    tasks = [*toy.graph(2), Task("bad", "the [bold]bad[/bold] [one]", toy.fail, {})]
    with pytest.raises(TaskFailed), Bars(console) as bars:
        execute(tasks, Store(tmp_path), progress=bars)
    said = console.file.getvalue()
    assert "sample 0  0." in said
    assert "the [bold]bad[/bold] [one]  failed after 0.0 s: ValueError: no [bold]such[/] luck" in said
    assert bars.percent == 100
    assert bars.rows == {}


def test_the_share_done_follows_the_weights_and_the_time_left_the_pace(monkeypatch):
    clock = itertools.count(step=0)
    now = [100.0]
    monkeypatch.setattr(display.time, "monotonic", lambda: now[0] + next(clock))
    heavy = Task("a", "heavy", toy.sample, {"i": 1}, weight=600.0)
    light = Task("a", "light", toy.sample, {"i": 2}, weight=200.0)
    before = Task("a", "before", toy.sample, {"i": 3}, weight=200.0)
    lines = Lines(io.StringIO())
    lines.begin([before, heavy, light], [before])
    assert lines.percent == 20
    assert lines.time_left == ""  # nothing done in this session, so no pace
    lines.start(heavy)
    now[0] += 1000
    lines.update(heavy, 0.5, "half")
    assert lines.percent == 50
    # 300 of 800 took 1000 s, 500 remain, and 20 s at the pace that was expected: 500 (1000 + 20) / (300 + 20)
    assert lines.time_left == "26 min 34 s left"
    lines.finish(heavy, 2000)
    assert lines.percent == 80
    lines.start(light)
    lines.finish(light, 5, "it broke")
    assert lines.percent == 100
    assert "light: failed after 5.0 s: it broke" in lines.stream.getvalue()


def test_lines_speak_at_most_every_few_seconds():
    stream = io.StringIO()
    task = Task("a", "a", toy.sample, {})
    lines = Lines(stream)
    lines.begin([task], [])
    lines.start(task)
    for step in range(1000):
        lines.update(task, step / 1000, "step")
    assert len(stream.getvalue().splitlines()) == 1


def test_a_stream_that_is_no_terminal_gets_lines(monkeypatch):
    assert isinstance(for_stream(io.StringIO()), Lines)
    monkeypatch.setenv("TERM", "xterm")  # a dumb one gets lines
    monkeypatch.setattr(display, "Console", lambda file: terminal())
    assert isinstance(for_stream(io.StringIO()), Bars)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.7, "1 min 0 s"), (125, "2 min 5 s"), (7810, "2 h 10 min")],
)
def test_durations(seconds, text):
    assert duration(seconds) == text
