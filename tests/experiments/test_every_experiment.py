"""What every experiment keeps: a complete folder, a page of the same bytes, nothing computed twice."""

from __future__ import annotations

import html
import json
import re
import runpy
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from plain_numbers import numbers, sentences
from tiny import TINY

from blockspin.experiments import EXPERIMENTS, find
from blockspin.experiments.claims import STATUSES
from blockspin.experiments.run import prepare, redraw, run
from blockspin.report.theme import known

DOCS = Path(__file__).parents[2] / "docs"
QUICK = ("exact-mapping", "mcrg", "mehta-schwab")  # half of their tasks take seconds
FILES = ("settings.toml", "provenance.json", "scorecards.json", "claims.json", "report.html", "log.jsonl")


@pytest.fixture(scope="module", params=EXPERIMENTS)
def finished(request: pytest.FixtureRequest, tiny_folder: Callable[[str], Path]) -> tuple[str, Path]:
    return request.param, tiny_folder(request.param)


def test_the_folder_is_complete(finished: tuple[str, Path]) -> None:
    name, folder = finished
    for file in FILES:
        assert (folder / file).stat().st_size > 0, file
    claims = json.loads((folder / "claims.json").read_text())["claims"]
    assert [claim["id"] for claim in claims] == [claim.id for claim in find(name).claims]
    for claim in claims:
        assert claim["status"] in STATUSES
        assert claim["rule"]
        assert claim["why"]
        assert not re.search(r"\bnan\b|(?<!T = )\binf\b|None", claim["why"]), claim["why"]


def test_the_page_opens_with_answer_and_picture_and_is_redrawn_to_the_same_bytes(
    finished: tuple[str, Path], tmp_path: Path
) -> None:
    name, folder = finished
    page = (folder / "report.html").read_bytes()
    again = tmp_path / "again"
    shutil.copytree(folder, again)
    assert redraw(again).read_bytes() == page
    text = page.decode()
    assert "<script" not in text
    assert not re.search(r">\s*nan\s*<|\x00|{{|{%", text, re.IGNORECASE)
    places = [text.index(word) for word in ('class="verdict"', "<figure>", 'id="claims"', 'id="limits"')]
    assert places == sorted(places)
    assert text.count('<article class="claim">') == len(find(name).claims)
    answer = text[text.index('class="verdict"') : text.index("</section>")]
    assert 1 <= answer.count("<p>") <= 3
    for section in re.findall(r"<section id=.*?</section>", text, re.DOTALL):
        # one figure is open in a section, all others are folded
        assert re.sub(r"<details>.*</details>", "", section, flags=re.DOTALL).count("<figure>") <= 1


def test_results_are_written_from_the_folder(finished: tuple[str, Path]) -> None:
    name, folder = finished
    results = runpy.run_path(str(DOCS / "results.py"))
    one = json.loads(json.dumps(results["extract"](folder)))
    text = results["written"]([one], f"## {name}\n\nA paragraph by hand.\n")
    assert "A paragraph by hand." in text
    for claim in json.loads((folder / "claims.json").read_text())["claims"]:
        assert f"### {claim['id']}\n" in text
        assert f"| {claim['status']} | {claim['why'].replace('|', chr(92) + '|')} |" in text
    for card in json.loads((folder / "scorecards.json").read_text())["scorecards"]:
        own = f"\n| {card['map']} | {card['layer']} | {card['verdict']} |"
        assert (own in text) == (", " not in card["map"])


def test_answers_and_claims_have_at_most_two_numbers_a_sentence(finished: tuple[str, Path]) -> None:
    folder = finished[1]
    text = (folder / "report.html").read_text()
    answer = text[text.index('class="verdict"') :].partition("</section>")[0]
    said = [html.unescape(re.sub(r"<[^>]+>", "", part)) for part in re.findall(r"<p>(.*?)</p>", answer, re.DOTALL)]
    assert 1 <= sum(len(sentences(part)) for part in said) <= 3
    claims = json.loads((folder / "claims.json").read_text())["claims"]
    said += [claim[part] for claim in claims for part in ("text", "why")]
    assert [one for part in said for one in sentences(part) if numbers(one) > 2] == []


@pytest.mark.parametrize(
    ("sentence", "n"),
    [
        ("Locality passes in 2 of 2 layers.", 1),
        ("A field covers 5.69(8) sites with L1, 163(4) without a penalty.", 2),
        ("y_t = 0.96(2) (exact: 1) and y_h = 1.88(1) (exact: 15/8).", 4),
        ("In 2014 the first layer of 24 x 24 units had w^2 = 3e-4 at K_c in 2D by CD-1.", 2),
        ("The filters of a 2 × 2 block keep ln 2 ± 0.1 nats in layer 1.", 1),
        ("10,000 samples give 1.0 +- 0.15.", 2),
    ],
)
def test_numbers_are_counted(sentence: str, n: int) -> None:
    assert numbers(sentence) == n


def test_a_map_looks_the_same_on_every_page(tiny_folder: Callable[[str], Path]) -> None:
    looks: dict[str, set[str]] = {}
    for experiment in EXPERIMENTS:
        text = (tiny_folder(experiment) / "report.html").read_text()
        for swatch, name in re.findall(r"<li><svg[^>]*>(.*?)</svg><span>(.*?)</span></li>", text):
            marker = re.sub(r'<path d="M1 7H35"[^>]*>', "", swatch)  # in some figures there is no line
            looks.setdefault(name, set()).add(marker)
    named = {name: found for name, found in looks.items() if known(name) is not None}
    assert len(named) >= 9
    assert {name: len(found) for name, found in named.items() if len(found) > 1} == {}


def test_a_second_run_computes_nothing(finished: tuple[str, Path], tmp_path: Path) -> None:
    name, folder = finished[0], tmp_path / "again"
    shutil.copytree(finished[1], folder)
    stamps = {path.name: path.stat().st_mtime_ns for path in (folder / "tasks").glob("*.npz")}
    claims = (folder / "claims.json").read_bytes()
    run(prepare(find(name), overrides=TINY[name], seed=1), folder)
    assert {path.name: path.stat().st_mtime_ns for path in (folder / "tasks").glob("*.npz")} == stamps
    assert (folder / "claims.json").read_bytes() == claims


@pytest.mark.parametrize(
    "name", [one if one in QUICK else pytest.param(one, marks=pytest.mark.slow) for one in EXPERIMENTS]
)
def test_a_run_that_lost_results_goes_on_to_the_same_numbers(
    name: str, tiny_folder: Callable[[str], Path], tmp_path: Path
) -> None:
    folder, again = tiny_folder(name), tmp_path / "again"
    shutil.copytree(folder, again)
    for path in sorted((again / "tasks").glob("*.npz"))[::2]:
        path.unlink()
    run(prepare(find(name), overrides=TINY[name], seed=1), again)
    for path in [*(folder / "tasks").glob("*.npz"), folder / "claims.json", folder / "scorecards.json"]:
        assert (again / path.relative_to(folder)).read_bytes() == path.read_bytes(), path.name
