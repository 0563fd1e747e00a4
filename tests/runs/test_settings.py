from __future__ import annotations

import tomllib
from typing import get_args

import pytest
from pydantic import BaseModel, Field
from toy_experiment import EXPERIMENT, Layer, Settings

from blockspin.experiments import EXPERIMENTS, find
from blockspin.runs.described import described
from blockspin.runs.settings import Section, SettingsError, build, differences, document, read, validated, write


def test_defaults_then_preset_then_overrides():
    preset = {"samples": 5, "layer": {"penalty": 0.1}}
    made = build(Settings, preset, ["samples=7", "steps=2", "steps=3"])
    assert (made.samples, made.steps, made.name) == (7, 3, "toy")
    assert made.layer == Layer(n_hidden=9, penalty=0.1)  # the default of the field, not of its class
    assert build(Settings, {}, ["layer.penalty=0.2"]).layer == Layer(n_hidden=9, penalty=0.2)
    assert preset == {"samples": 5, "layer": {"penalty": 0.1}}


@pytest.mark.parametrize(
    ("override", "name", "value"),
    [
        ("field=0.25", "field", 0.25),
        ("field=none", "field", None),
        ("field = -1e-3 ", "field", -1e-3),
        ("name=plain words", "name", "plain words"),
        ('name="5"', "name", "5"),
        ("name=none", "name", "none"),
        ("name=a=b", "name", "a=b"),
        ("sizes=[400, 100]", "sizes", (400, 100)),
        ("sizes=[]", "sizes", ()),
        ("sizes=400,100", "sizes", (400, 100)),
        ("sizes=400, 100,", "sizes", (400, 100)),
        ("name=first,second", "name", "first,second"),
        ("name=1\nsamples = 9", "name", "1\nsamples = 9"),
    ],
)
def test_values_are_toml_or_words(override, name, value):
    assert getattr(build(Settings, {}, [override]), name) == value


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("sampels=3", r"no setting is called 'sampels'; did you mean 'samples'\? The choices are: samples, steps,"),
        ("layer.n_hiden=3", r"no setting is called 'layer.n_hiden'; did you mean 'layer.n_hidden'\?"),
        ("layr.n_hidden=3", r"did you mean 'layer'\?"),
        ("xyzzy=3", r"no setting is called 'xyzzy'\. The choices are: samples"),
        ("samples.inner=3", r"samples: input should be a valid integer; got {'inner': 3}"),
        ("samples=0", "samples: input should be greater than 0; got 0"),
        ("samples=3,4", "samples: input should be a valid integer.*; got '3,4'"),
        ("layer.penalty=0.1,0.2", "layer.penalty: input should be a valid number.*; got '0.1,0.2'"),
        ("sizes=4,two", r"sizes.1: input should be a valid integer.*; got 'two'"),
        ("sizes=4", "sizes: input should be a valid tuple; got 4"),
        ("samples=many", "samples: input should be a valid integer.*; got 'many'"),
        ("layer.n_hidden=-1", "layer.n_hidden: input should be greater than 0; got -1"),
        ("layer=3", "layer: .*got 3"),
        ("name=paper", r"^a toy named paper needs 5 samples; got 3$"),
        ("samples", r"must read key=value; got 'samples'"),
        ("=3", "must read key=value"),
    ],
)
def test_wrong_overrides_name_the_thing_the_rule_and_the_choices(override, words):
    with pytest.raises(SettingsError, match=words):
        build(Settings, {}, [override])


def test_words_with_commas_are_a_list_of_words():
    class Maps(Section):
        maps: tuple[str, ...] = ()
        few: tuple[int, ...] | None = None

    assert build(Maps, {}, ["maps=majority, decimation"]).maps == ("majority", "decimation")
    assert build(Maps, {}, ["maps=majority,"]).maps == ("majority",)
    assert build(Maps, {}, ["few=1,2"]).few == (1, 2)
    assert build(Maps, {}, ["few=none"]).few is None


def test_every_setting_is_described_with_type_default_and_value():
    chosen = build(Settings, EXPERIMENT.presets["paper"])
    rows = {name: rest for name, *rest in described(Settings.model_construct(), chosen)}
    assert list(rows)[:4] == ["samples", "steps", "pause", "layer.n_hidden"]
    assert rows["samples"] == ["whole number > 0", "3", "5"]
    assert rows["layer.n_hidden"] == ["whole number > 0", "9", "9"]
    assert rows["layer.penalty"] == ["number or none", "none", "0.1"]
    assert rows["sizes"] == ["values, each whole number", "4,2", "4,2"]


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_a_described_value_is_one_that_set_takes(name):
    found = find(name)
    preset = next(iter(found.presets.values()))
    rows = list(described(found.Settings.model_construct(), build(found.Settings, preset)))
    assert all(all(row) for row in rows)
    for setting, kind, _, value in rows:
        if kind != "table":
            assert build(found.Settings, preset, [f"{setting}={value}"]) == build(found.Settings, preset)


def test_wrong_presets_are_refused():
    with pytest.raises(SettingsError, match="'sampels'; did you mean 'samples'"):
        build(Settings, {"sampels": 3})


@pytest.mark.parametrize("overrides", [[], ["field=none", "layer.penalty=0.5", 'name="a\\"γ"'], ["sizes=[]"]])
@pytest.mark.parametrize("preset", ["quick", "paper"])
def test_the_file_is_complete_and_reads_back(tmp_path, preset, overrides):
    made = build(Settings, EXPERIMENT.presets[preset], overrides)
    stored = document("toy", preset, 3, made)
    write(tmp_path, stored)
    assert read(tmp_path) == stored
    assert validated(Settings, read(tmp_path)["settings"]) == made
    raw = tomllib.loads((tmp_path / "settings.toml").read_text())
    assert set(raw["settings"]) | {"field"} == set(Settings.model_fields)
    assert ("field" in raw["settings"]) == (made.field is not None)
    assert (raw["experiment"], raw["preset"], raw["seed"]) == ("toy", preset, 3)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_a_setting_that_may_be_none_is_none_unless_given(name):
    """So that what settings.toml leaves out is None again when it is read."""
    waiting = [find(name).Settings]
    for model in waiting:
        for field in model.model_fields.values():
            if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
                waiting.append(field.annotation)
            assert type(None) not in get_args(field.annotation) or field.default is None


def test_a_file_has_its_own_plain_tables_and_an_override_a_part_of_one():
    class Planes(Section):
        planes: dict[str, int] = Field(default_factory=dict)

    assert build(Planes, {"planes": {"a": 1}}, file={"planes": {"b": 2}}).planes == {"b": 2}
    assert build(Planes, {"planes": {"a": 1}}, ["planes.b=2"]).planes == {"a": 1, "b": 2}


def test_differences_name_the_keys():
    a = document("toy", "quick", 1, build(Settings, {}))
    assert differences(a, a) == []
    assert differences(a, {**a, "preset": "paper"}) == []
    b = document("toy", "quick", 2, build(Settings, {}, ["field=0.5", "layer.n_hidden=5"]))
    assert sorted(differences(a, b)) == [
        "seed (1 there, 2 here)",
        "settings.field (none there, 0.5 here)",
        "settings.layer.n_hidden (9 there, 5 here)",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "is not the folder of a run: it has no settings.toml"),
        ("experiment = ", "cannot be read"),
        ('experiment = "toy"\nseed = 1\n', "it lacks preset, settings"),
    ],
)
def test_other_files_are_refused(tmp_path, text, words):
    if text is not None:
        (tmp_path / "settings.toml").write_text(text)
    with pytest.raises(SettingsError, match=words):
        read(tmp_path)
