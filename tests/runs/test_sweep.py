from __future__ import annotations

import tomllib

import pytest
import tomli_w
from toy_experiment import EXPERIMENT

from blockspin.experiments.plan import prepare
from blockspin.runs.settings import SettingsError
from blockspin.runs.sweep import Sweep, axis, build_sweep
from blockspin.runs.task import ordered


@pytest.mark.parametrize(
    ("given", "values"),
    [
        ("1e-4:1e-1:4:log", (1e-4, 1e-3, 1e-2, 1e-1)),
        ("0.3:0.5:5", (0.3, 0.35, 0.4, 0.45, 0.5)),
        ("0.3:0.5:3:lin", (0.3, 0.4, 0.5)),
        ("5:1:3", (5, 3, 1)),
        ([0.4, "critical", [1, 2]], (0.4, "critical", [1, 2])),
    ],
)
def test_an_axis_is_a_list_or_a_range(given, values):
    assert axis(given) == values


def test_whole_ends_give_whole_numbers_where_all_are():
    assert [type(value) for value in axis("2:8:4")] == [int] * 4
    assert [type(value) for value in axis("2:9:3")] == [float] * 3
    assert axis("1:100:3:log") == (1, 10, 100)


def test_grid_zip_and_seeds_combine_and_the_last_runs_fastest():
    sweep = Sweep.model_validate({"grid": {"l1": [0.1, 0.2]}, "zip": {"L": [8, 16], "units": [4, 16]}, "seeds": 3})
    points = sweep.points(7)
    assert sweep.shape == {"l1": 2, "L": 2, "seed": 3}
    assert len(points) == 12
    assert points[0].values == {"l1": 0.1, "L": 8, "units": 4}
    assert [point.seed for point in points[:3]] == [7, 8, 9]
    assert points[3].values == {"l1": 0.1, "L": 16, "units": 16}
    assert points[3].place == (0, 1, 0)
    assert str(points[6]) == "l1=0.2, L=8, units=4, seed=7"


def test_options_and_tables_say_the_same():
    table = tomllib.loads('seeds = 2\n[grid]\nl1 = "1e-3:1e-1:3:log"\n[zip]\nL = [8, 16]\nunits = [4, 16]\n')
    options = ["l1=1e-3:1e-1:3:log", "L=8,16 units=[4, 16]", "seeds=2"]
    assert build_sweep(table) == build_sweep(None, options)
    assert build_sweep(None) is None
    # an option takes the place of the table's axis, wherever that stood
    assert build_sweep(table, ["units=4,9", "L=8,12"]).grid["units"] == (4, 9)
    stored = tomllib.loads(tomli_w.dumps({"sweep": build_sweep(table).model_dump()}))
    assert build_sweep(stored["sweep"]) == build_sweep(table)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["l1"], "--sweep must read NAME=VALUES; got 'l1'. An axis is a list of values, or a range"),
        (["l1="], "must read NAME=VALUES"),
        (["l1=1:2:log"], "sweep: grid.l1: an axis is a list of values, or a range .* got '1:2:log'"),
        (["l1=1:2:1"], "a range has two ends that differ and at least 2 values; got '1:2:1'"),
        (["l1=1:2:5:cubic"], "an axis is .* got '1:2:5:cubic'"),
        (["l1=0:1:5:log"], "equal ratios need positive ends; got '0:1:5:log'"),
        (["l1=1,2,1"], "the values of an axis must differ; 1 is there twice"),
        (["l1=1,2 L=8,16,32"], "as many values each; got l1 2, L 3"),
        (["seeds=0"], "sweep: seeds: input should be greater than or equal to 1"),
        (["seeds=1"], "needs at least one axis, or more than one seed"),
        (["a=1:100:400", "b=1:100:400"], "at most 100000 points; this one has 160000"),
    ],
)
def test_wrong_sweeps_are_told_the_rule(options, message):
    with pytest.raises(SettingsError, match=message):
        build_sweep(None, options)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"grid": {"a": [1]}, "zip": {"a": [1]}}, "a must be in the grid or among the axes that go together"),
        ({"gird": {"a": [1]}}, "no part is called 'gird'; did you mean 'grid'"),
        ({"grid": {"a": []}}, "sweep: grid.a: an axis is a list"),
    ],
)
def test_wrong_tables_are_told_the_rule(table, message):
    with pytest.raises(SettingsError, match=message):
        build_sweep(table)


def test_a_point_is_the_settings_with_its_values_and_the_tasks_are_shared():
    plan = prepare(EXPERIMENT, sweep=("samples=2,3", "layer.penalty=0.1,0.2"), overrides=("steps=2",))
    assert [cell.settings.samples for cell in plan.cells] == [2, 2, 3, 3]
    assert [cell.settings.layer.penalty for cell in plan.cells] == [0.1, 0.2, 0.1, 0.2]
    assert {cell.settings.steps for cell in plan.cells} == {2}
    # the toy's tasks know nothing of the penalty: three samples, three trainings, two scores
    tasks = ordered(plan.tasks)
    assert len(tasks) == 8
    assert tasks[0].label == "sample 0 (samples=2, layer.penalty=0.1, seed=1)"
    alone = prepare(EXPERIMENT, overrides=("samples=3", "steps=2"))
    assert {task.key for task in ordered(alone.tasks)} < {task.key for task in tasks}


@pytest.mark.parametrize(
    ("sweep", "message"),
    [
        ("sampels=2,3", "at the point sampels=2, seed=1: no setting is called 'sampels'; did you mean 'samples'"),
        ("samples=2,0", "at the point samples=0, seed=1: samples: input should be greater than 0; got 0"),
        ("samples=2,13", "these settings do not fit: samples must not be 13"),
    ],
)
def test_a_point_that_does_not_fit_is_named(sweep, message):
    with pytest.raises(SettingsError, match=message):
        prepare(EXPERIMENT, sweep=(sweep,))


def test_settings_from_a_file(tmp_path):
    path = tmp_path / "my.toml"
    path.write_text(
        'preset = "paper"\nseed = 5\n[settings]\nsteps = 2\nlayer = {n_hidden = 3}\n'
        "[sweep]\nseeds = 2\n[sweep.grid]\nsamples = [5, 6]\n"
    )
    plan = prepare(EXPERIMENT, file=path)
    assert (plan.preset, plan.seed, plan.settings.steps) == ("paper", 5, 2)
    assert (plan.settings.layer.n_hidden, plan.settings.layer.penalty) == (3, 0.1)
    assert [cell.point.seed for cell in plan.cells] == [5, 6, 5, 6]
    over = prepare(EXPERIMENT, file=path, seed=9, overrides=("steps=4",), sweep=("samples=7,8",))
    assert [(cell.settings.samples, cell.point.seed) for cell in over.cells] == [(7, 9), (7, 10), (8, 9), (8, 10)]
    assert {cell.settings.steps for cell in over.cells} == {4}
    assert over.command()[2:8] == ["toy", "--preset", "paper", "--settings", "my.toml", "--set"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seeds = 3", "no entry is called 'seeds'; did you mean 'seed'"),
        ("settings = 3", "settings: .*; got 3"),
        ("[settings]\nstep = 3", "no setting is called 'step'; did you mean 'steps'"),
        ('experiment = "mcrg"', "is for the experiment mcrg, not for toy"),
        ("a = ", "cannot be read"),
    ],
)
def test_a_wrong_file_is_told(tmp_path, text, message):
    (tmp_path / "my.toml").write_text(text)
    with pytest.raises(SettingsError, match=message):
        prepare(EXPERIMENT, file=tmp_path / "my.toml")
