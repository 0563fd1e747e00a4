from __future__ import annotations

import io

import pytest
import toy_tasks as toy

from blockspin.progress import duration
from blockspin.runs import display
from blockspin.runs.costs import Costs
from blockspin.runs.display import Display, Shown
from blockspin.runs.execute import execute
from blockspin.runs.schedule import TaskFailed
from blockspin.runs.store import Store
from blockspin.runs.task import Task


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


BAD = Task("bad", "the [bold]bad[/bold] [one]", toy.fail, {})


@pytest.mark.parametrize("width", [100, 20])
def test_a_terminal_shows_bars_and_text_as_it_is(tmp_path, monkeypatch, width):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", str(width))
    terminal = Terminal()
    with pytest.raises(TaskFailed), Shown(terminal) as shown:
        execute([*toy.graph(2), BAD], Store(tmp_path), progress=shown)
    said = terminal.getvalue()
    assert "\x1b" in said
    if width == 100:
        assert "sample 0: done in 0." in said
        assert "the [bold]bad[/bold] [one]: failed after 0.0 s: ValueError: no [bold]such[/] luck" in said
    assert shown.percent == 100
    assert shown.rows == {}


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()])
def test_a_file_and_a_dumb_terminal_get_lines_without_control_characters(tmp_path, monkeypatch, stream):
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("FORCE_COLOR", "1")
    with pytest.raises(TaskFailed), Shown(stream, first=["two results are old"]) as shown:
        execute([*toy.graph(2), BAD], Store(tmp_path), progress=shown)
    lines = stream.getvalue().splitlines()
    assert lines[0] == "two results are old"
    assert len(lines) == 8
    assert all(line.isprintable() for line in lines)
    assert any("[one]: failed after 0.0 s: ValueError: no [bold]such[/] luck" in line for line in lines)


def test_lines_speak_at_most_every_few_seconds():
    stream = io.StringIO()
    shown = Shown(stream)
    task = Task("a", "a", toy.sample, {})
    shown.begin([task], [], Costs(), 1)
    shown.hear("start", task)
    for step in range(1000):
        shown.hear("progress", task, fraction=step / 1000, words="step")
    assert len(stream.getvalue().splitlines()) == 1


def test_the_share_done_follows_the_weights_and_the_time_left_the_pace(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(display.time, "monotonic", lambda: now[0])
    heavy, light, before = (
        Task("a", "a", toy.sample, {"i": i}, weight=weight) for i, weight in enumerate((600.0, 200.0, 200.0))
    )
    forecast = Display()
    forecast.begin([before, heavy, light], [before], Costs(), 1)
    assert forecast.percent == pytest.approx(20)
    assert forecast.time_left == ""  # nothing done in this session, so no pace
    now[0] += 1000
    forecast.hear("progress", heavy, fraction=0.5)
    assert forecast.percent == pytest.approx(50)
    # 300 of 800 took 1000 s, 500 remain, and 20 s at the pace that was expected: 500 (1000 + 20) / (300 + 20)
    assert forecast.time_left == "26 min 34 s left"
    forecast.hear("done", heavy, seconds=2000)
    assert forecast.percent == pytest.approx(80)
    forecast.hear("start", light)
    forecast.hear("failed", light)
    assert forecast.percent == 100
    assert forecast.time_left == ""


def test_the_time_left_is_told_at_once_where_most_of_the_work_is_measured():
    costs = Costs()
    costs.add("measured", 10.0, 30.0, 500)
    left = [Task(kind, kind, toy.sample, {}, weight=weight) for kind, weight in (("other", 1.0), ("measured", 3.0))]
    forecast = Display()
    for done, told in ([], True), (left[1:], False):
        forecast.begin(left, done, costs, 1)
        assert bool(forecast.time_left) == told


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.7, "1 min 0 s"), (125, "2 min 5 s"), (7810, "2 h 10 min")],
)
def test_durations(seconds, text):
    assert duration(seconds) == text
