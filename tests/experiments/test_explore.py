"""What the explorer takes from runs: exponents of scorecards, layers over the penalty, and which runs it refuses."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from blockspin import cli
from blockspin.coarse.embedding import embed
from blockspin.experiments import explore, find
from blockspin.experiments.core import Run
from blockspin.experiments.locality_map.tasks import layers
from blockspin.lattice import Lattice
from blockspin.report import explorer
from blockspin.runs.settings import SettingsError

Folder = Callable[[str], Path]


def test_stars_are_the_scorecards(tiny_folder: Folder) -> None:
    folder = tiny_folder("mcrg")
    cards = json.loads((folder / "scorecards.json").read_text())["scorecards"]
    stars = explore.of_runs([folder])["stars"]
    assert [star["map"] for star in stars] == [card["map"] for card in cards]
    measured = 0
    for star, card in zip(stars, cards, strict=True):
        rows = {row["quantity"]: row for row in card["rows"] if row["criterion"] == "spectrum"}
        for y in ("y_t", "y_h"):
            known = rows[y]["state"] == "measured"
            assert star[y] == ([rows[y]["value"], rows[y]["error"]] if known else [None, None])
            measured += known
    assert measured > 0


def test_a_run_says_how_many_trainings_it_has() -> None:
    assert "3 trainings" in explore.called("mcrg", "paper", 3)
    assert "training" not in explore.called("mcrg", "quick")


def test_layers_over_the_penalty_are_the_run_s(tiny_folder: Folder, tiny_run: Callable[[str], Run]) -> None:
    run, found = tiny_run("locality-map"), explore.of_runs([tiny_folder("locality-map")])["penalty"]
    assert (found["seeds"], found["l1"], found["other"]["values"]) == (2, [0.01, 0.1], [0.4, 0.44])
    weights = {}
    for (at, layer), task in zip(layers(run.settings, "small", run.seed), run.plan["planes"]["small"], strict=True):
        trained = run.read(task.parents[0])
        weights[at.seed, layer.l1, layer.K] = trained.weights[trained.layers.index(layer)]
    points = iter(found["points"])
    for l1 in (0.01, 0.1):
        for K in (0.4, 0.44):
            point, here = next(points), run.data["small"].sel(l1=l1, K=K)
            covered = here["participation"].values
            assert point["participation"] == pytest.approx([covered.mean(), abs(covered[0] - covered[1]) / 2])
            assert point["local"] == int((here["local"] == 1).sum())
            own, scale = weights[found["seed"], l1, K], point["scale"]
            steps = np.frombuffer(zlib.decompress(base64.b64decode(point["fields"])), np.int8).reshape(own.shape)
            assert np.abs(steps * scale - own).max() <= 0.5001 * scale
            placed = embed(steps * scale, Lattice.square(8))
            assert placed is not None
            assert (point["site"], point["sign"]) == (placed.site.tolist(), placed.sign.tolist())
    assert next(points, None) is None


def test_the_command_writes_a_page_of_runs(tiny_folder: Folder, tmp_path: Path) -> None:
    target = tmp_path / "mine.html"
    words = [
        "explore",
        "--out",
        str(target),
        "--run",
        str(tiny_folder("mcrg")),
        "--run",
        str(tiny_folder("locality-map")),
    ]
    done = CliRunner().invoke(cli.app, words)
    assert (done.exit_code, done.stdout) == (0, f"{target}\n")
    data = json.loads(target.read_text().partition('id="data">')[2].partition("</script>")[0])
    assert {star["run"] for star in data["stars"]} == {"mcrg"}
    assert data["penalty"]["run"] == "locality-map"
    assert data["rules"] == explorer.data()["rules"]
    assert data["own"] == ["stars", "penalty"]
    assert all(star["title"].endswith(find("mcrg").summary + " (folder mcrg)") for star in data["stars"])


def test_runs_without_anything_to_show_are_refused(tiny_folder: Folder, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="exact-mapping"):
        explore.page([tiny_folder("exact-mapping")])
    with pytest.raises(SettingsError, match="exact-mapping"):  # also beside a run that has something
        explore.page([tiny_folder("mcrg"), tiny_folder("exact-mapping")])
    with pytest.raises(SettingsError, match=r"settings\.toml"):
        explore.page([tmp_path])
