"""What the documents say is run, not trusted: code with what it prints, commands, names, links.

A block marked "python" prints what stands below it to the last digit, one marked "sampled" the same within the errors
that it prints, since digits move with the sampler's version. Blocks marked "long" are run by docs/write.py alone.
"""

from __future__ import annotations

import json
import math
import operator
import re
import runpy
import shlex
from importlib import import_module
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import pytest
import typer

import blockspin
from blockspin.cli import app
from blockspin.experiments import EXPERIMENTS, find
from blockspin.statistics import Estimate, mean_over_trainings

ROOT = Path(__file__).parents[1]
PAGES = {str(page.relative_to(ROOT)): page.read_text() for page in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md"))}
BLOCK = runpy.run_path(str(ROOT / "docs" / "write.py"))["BLOCK"]
ROOMS = ("blockspin", "oracles", *(path.parent.name for path in (ROOT / "src" / "blockspin").glob("*/__init__.py")))
FORMULAS = "docs/explanation/mapping.md"
SLOW = {  # a document: what takes its time
    "docs/explanation/rbm.md": "RBMs trained until they are good",
    "docs/gallery.md": "a dozen pictures",
    "docs/notebooks/mcrg.md": "samples of three couplings, a training",
    "docs/notebooks/mehta-schwab.md": "a stack and its controls",
    "docs/notebooks/rsmi.md": "a training, exact sums at nine couplings",
    "docs/sharp-bits.md": "trainings with several seeds",
    "docs/tutorial/mehta-schwab.md": "stacks of RBMs",
}
PRINTED = {  # where no output is quoted
    "README.md": ("layer 2", "locality", "spectrum", "y_t", "majority"),
    "docs/notebooks/exact-mapping.md": ("decimation gives K' = 0.216890",),
    "docs/notebooks/mcrg.md": ("learned, step 2",),
    "docs/notebooks/mehta-schwab.md": ("share of w^2", "coarse-grains"),
    "docs/notebooks/rsmi.md": ("I(V:E) = 0.549401 nats", "renormalizes"),
}

NUMBER = re.compile(r"-?\d+(?:\.\d*)?(?:e[-+]?\d+)?(?:\([\d.]+\))?")
SIGMAS = 5


def blocks(page: str) -> list[tuple[str, str, str | None]]:
    """Mark, code and quoted output of every Python block of a page."""
    found = []
    for fence, code, _, output in BLOCK.findall(PAGES[page]):
        quoted = output.removeprefix("```text\n").removesuffix("```\n") if output else None
        mark = "cell" if fence.startswith("```{") else fence.removeprefix("```python").strip()
        found.append((mark, code, quoted))
    return found


def value(number: str) -> tuple[float, float]:
    """A printed number with its error, 0 where it has none: 0.963(6) is 0.963 with 0.006."""
    text, _, error = number.rstrip(")").partition("(")
    digits = len(text.partition(".")[2]) if "." not in error else 0
    return float(text), float(error or 0) / 10**digits


def agree(one: str, other: str) -> bool:
    """Whether two printed numbers are the same: within 5 of their errors, whole ones to the digit, others any two."""
    (a, error_a), (b, error_b) = value(one), value(other)
    if error_a and error_b:
        return abs(a - b) <= SIGMAS * math.hypot(error_a, error_b)
    return one == other if one.isdigit() and other.isdigit() else not error_a and not error_b


def words(text: str) -> list[str]:
    """Words and brackets of an output without its numbers; numpy's padding moves with the digits."""
    return re.findall(r"[A-Za-z]+|[\[\]]", NUMBER.sub(" ", text))


def with_marks(names: list[str]) -> list[Any]:
    slow = {name for name in names if name in SLOW}
    return [pytest.param(name, marks=[pytest.mark.slow] if name in slow else []) for name in names]


@pytest.mark.parametrize("page", with_marks([name for name in PAGES if blocks(name)]))
def test_code_prints_what_the_page_says(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    matplotlib.use("agg")
    names: dict[str, Any] = {}
    everything = ""
    for mark, code, quoted in blocks(page):
        assert mark in ("", "sampled", "long", "cell")
        if mark == "long":
            continue
        exec(compile(code, page, "exec", dont_inherit=True), names)
        found = capsys.readouterr().out
        everything += found
        if quoted is None:
            continue
        if not mark:
            assert found == quoted
            continue
        assert words(found) == words(quoted)
        pairs = zip(NUMBER.findall(found), NUMBER.findall(quoted), strict=True)
        assert not [pair for pair in pairs if not agree(*pair)]
    plt.close("all")
    assert [word for word in PRINTED.get(page, ()) if word not in everything] == []


def test_numbers_are_compared_by_their_errors() -> None:
    assert value("29.9(1.3)") == (29.9, 1.3)
    assert value("-0.943(10)") == (-0.943, 0.01)
    assert value("7e-05") == (7e-05, 0)
    assert agree("0.963(6)", "0.99(2)")
    assert not agree("0.963(6)", "0.999(2)")
    assert not agree("0.963(6)", "0.963")
    assert not agree("3", "4")
    assert words("K* [ 1.  -0.29] y_t 0.9(1)") == ["K", "[", "]", "y", "t"]


def test_tables_name_pages_with_code() -> None:
    assert {*SLOW, *PRINTED} <= {page for page in PAGES if blocks(page)}


def commands() -> list[str]:
    """What follows `blockspin`, or `./run`, in every line of a block without a language."""
    fenced = re.findall(r"^```([^\n]*)\n(.*?)^```$", "\n".join(PAGES.values()), flags=re.DOTALL | re.MULTILINE)
    lines = "\n".join(text for mark, text in fenced if not mark).replace("\\\n", " ").splitlines()
    called = [re.search(r"(?:^|^\$ |--wrap=')(?:blockspin|\./run) ([^']*.*?)'?$", line) for line in lines]
    return sorted({one[1] for one in called if one})


@pytest.mark.parametrize("command", commands())
def test_commands_have_these_options(command: str) -> None:
    words = shlex.split(command, comments=True)
    if words[0] in ("demo", "test", "docs", "extra", "python"):  # of the script `run`
        return
    one: Any = typer.main.get_command(app)
    while hasattr(one, "commands"):
        one = one.commands[words.pop(0)]
    one.make_context(one.name, words)


def test_files_that_are_named_exist() -> None:
    for page, text in {**PAGES, "CONTRIBUTING.md": (ROOT / "CONTRIBUTING.md").read_text()}.items():
        for target in re.findall(r"\]\(([^)#:]+)\)", text):
            assert (ROOT / page).parent.joinpath(target).exists(), f"{page} links to {target}"
        for name in re.findall(r"\b(?:docs|tests|benchmarks)/[\w/.-]+\.(?:py|md|png)\b", text):
            assert (ROOT / name).exists(), f"{page} names {name}"


@pytest.mark.parametrize("page", PAGES)
def test_names_in_the_package_exist(page: str) -> None:
    for room, rest in sorted(set(re.findall(rf"`({'|'.join(ROOMS)})((?:\.\w+)+)`", PAGES[page]))):
        if rest == ".html":  # a file of a run
            continue
        assert found(room + rest if room in ("blockspin", "oracles") else f"blockspin.{room}{rest}") is not None


def found(name: str) -> Any:
    """What a dotted name stands for, importing as much of it as is a module."""
    parts = name.split(".")
    for n in range(len(parts), 0, -1):
        try:
            module = import_module(".".join(parts[:n]))
        except ModuleNotFoundError:
            continue
        return operator.attrgetter(".".join(parts[n:]))(module) if parts[n:] else module
    raise AssertionError(name)


def test_results_are_those_of_the_stored_runs() -> None:
    results = runpy.run_path(str(ROOT / "docs" / "results.py"))
    stored = results["stored"]()
    assert PAGES["docs/results.md"] == results["written"](stored, PAGES["docs/extracts/papers.md"])
    assert {one["experiment"] for one in stored} == set(EXPERIMENTS)
    for one in stored:  # of today's experiments
        experiment = find(one["experiment"])
        assert one["preset"] in experiment.presets
        assert [claim["id"] for claim in one["claims"]] == [claim.id for claim in experiment.claims]
        assert [claim["text"] for claim in one["claims"]] == [claim.text for claim in experiment.claims]


def test_benchmarks_are_those_that_were_measured() -> None:
    assert PAGES["docs/benchmarks.md"] == runpy.run_path(str(ROOT / "benchmarks" / "page.py"))["written"]()


def test_claims_that_are_linked_exist() -> None:
    ids = {one.id.lower() for name in EXPERIMENTS for one in find(name).claims} | {*EXPERIMENTS}
    linked = {page: re.findall(r"results\.md#([\w-]+)", text) for page, text in PAGES.items()}
    assert {page: missing for page, found in linked.items() if (missing := {*found} - ids)} == {}


def test_the_glossary_has_the_words_of_the_pages() -> None:
    lines = (ROOT / "src/blockspin/report/glossary.md").read_text().splitlines()
    words = [line[2:].split(": ", 1) for line in lines if line.startswith("- ")]
    rows = [f"| {names.split(',')[0]} | {what} |" for names, what in words]
    assert [row for row in rows if row not in PAGES["docs/glossary.md"]] == []
    assert len(rows) > 30


def _of_maps(run: dict[str, Any]) -> list[str]:
    """The numbers of a run's maps, which are means over its trainings, as they are written."""
    return [
        str(Estimate(one["value"], math.nan if one["error"] is None else one["error"]))
        for each in run["maps"]
        for one in each["quantities"].values()
        if one["value"] is not None
    ]


def _of_trainings(claim: dict[str, Any]) -> list[str]:
    """The means over trainings of a claim's evidence, as they are written."""
    found: dict[tuple[Any, ...], list[Estimate]] = {}
    for one in claim["evidence"]:
        if "training" in one and one["value"] is not None:
            error = math.nan if one["error"] is None else one["error"]
            found.setdefault((one["map"], one.get("layer"), one["quantity"]), []).append(Estimate(one["value"], error))
    return [str(mean_over_trainings(some)[0]) for some in found.values()]


def _said(claim: dict[str, Any], run: dict[str, Any]) -> str:
    """The numbers that a run gives of a claim; its reason is that of the first training, where there are several."""
    several = _of_trainings(claim)
    return " ".join([*(several or [claim["why"]]), *run["answer"], *_of_maps(run)])


def test_the_essay_says_what_the_stored_runs_say() -> None:
    extracts = [json.loads(path.read_text()) for path in (ROOT / "docs" / "extracts").glob("*.json")]
    runs = sorted(extracts, key=lambda one: (len(one["maps"]), one["task seconds"]))
    decided = {  # of each claim the run of most maps, or the longest, that decides it
        claim["id"]: (claim, run)
        for run in runs
        for claim in run["claims"]
        if claim["status"] not in ("undecided", "not tested")
    }
    claims = {name: claim for name, (claim, _) in decided.items()}
    text = " ".join(PAGES["docs/essay.md"].split())
    links = re.findall(r"\[([A-Z]+-\d+)\]\(results\.md#([\w-]+)\)(, partly)?", text)
    assert len(links) > 20
    for name, anchor, partly in links:
        assert anchor == name.lower()
        assert bool(partly) == (claims[name]["status"] == "partly"), name
    for sentence in re.split(r"(?<=[.?!])(?:\*\*)? (?=[A-Z*])", text):
        named = re.findall(r"\[([A-Z]+-\d+)\]", sentence)
        whys = " ".join(_said(*decided[name]) for name in named)
        numbers = [
            one for one in NUMBER.findall(re.sub(r"\]\([^)]*\)|[A-Z]+-\d+", "", sentence)) if re.search(r"[.(]\d", one)
        ]
        assert not named or [one for one in numbers if one not in NUMBER.findall(whys)] == [], sentence


def test_every_formula_is_followed_by_a_function() -> None:
    text = PAGES[FORMULAS]
    for formula in re.findall(r"\n\$\$(.*?)\$\$\n(.*?)\n\n", text, flags=re.DOTALL):
        near = text[text.index(formula[0]) :][: len(formula[0]) + 900]
        assert re.search(r"`(exact|boltzmann_map)\.", near), formula[0]


def test_every_decision_names_a_dependency() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    (listed,) = re.findall(r"^dependencies = \[(.*?)^\]", project, flags=re.DOTALL | re.MULTILINE)
    for name in re.findall(r'"([a-z0-9-]+)', listed):
        assert name in PAGES["docs/decisions.md"], f"docs/decisions.md says nothing of {name}"


def test_public_names_exist() -> None:
    for name in blockspin.__all__:
        assert getattr(blockspin, name) is not None
    with pytest.raises(AttributeError, match="public names are"):
        blockspin.no_such_thing  # noqa: B018
