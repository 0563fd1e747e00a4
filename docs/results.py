"""Write docs/results.md from finished runs: ./run python docs/results.py [RUN ...]

An extract of each run given is kept in docs/extracts, one file a preset: answer, claims, scorecards, command, commit,
time. The page is then made from all extracts, and from docs/extracts/papers.md, which has a paragraph by hand for each
experiment. Pictures: `./run python docs/picture.py RUN 1 docs/images/NAME.png`, NAME being that of the experiment.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from blockspin.experiments import EXPERIMENTS
from blockspin.experiments.claims import SEVERAL
from blockspin.report.tables import number

HERE = Path(__file__).parent
EXTRACTS = HERE / "extracts"
PAGE = HERE / "results.md"

QUANTITIES = {  # a column: criterion and quantity
    "y_t": ("spectrum", "y_t"),
    "y_h": ("spectrum", "y_h"),
    "sites a field covers": ("locality", "participation ratio"),
    "off the grid, in b": ("tiling", "residual of the embedding / b"),
    "off the exact row": ("manifold", "distance from the exact row"),
    "KL a site": ("fidelity", "KL a site"),
    "reconstructed": ("fidelity", "reconstructed sites"),
    "gap, nats": ("generalization", "free-energy gap"),
    "growth of K - Kc": ("flow", "growth of K - Kc"),
    "K' - K at Kc": ("flow", "K' - K at Kc"),
}
MARKS = {"pass": " ✓", "fail": " ✗", "cannot tell": ""}


def extract(folder: Path) -> dict[str, Any]:
    """What docs/results.md says of a finished run."""
    from blockspin.experiments.about import claims, page, scorecards
    from blockspin.experiments.plan import stored_experiment

    experiment, stored = stored_experiment(folder)
    shown = page(experiment, folder)
    provenance = json.loads((folder / "provenance.json").read_text())
    session = provenance["sessions"][-1]
    return {
        "experiment": experiment.name,
        "preset": stored["preset"],
        "trainings": stored["settings"].get("trainings", 1),
        "title": shown.title,
        "question": shown.question,
        "facts": {name: fact for name, fact in shown.facts.items() if name != "preset"},
        "answer": list(shown.answer),
        "picture": None if shown.picture is None else shown.picture.title,
        "claims": claims(folder),
        "maps": [_judged(card) for card in _own(scorecards(folder))],
        "command": session["command"],
        "commit": session["commit"]["hash"][:7],
        "started": session["start"][:10],
        "task seconds": round(sum(provenance["tasks"].values())),
    }


def _own(cards: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The cards of maps that are no controls."""
    names = {card["map"] for card in cards}
    return [card for card in cards if card["map"].rpartition(", ")[0] not in names]


def _judged(card: Mapping[str, Any]) -> dict[str, Any]:
    rows = {(row["criterion"], row["quantity"]): row for row in card["rows"]}
    kept = ("value", "error", "state", "outcome")
    found = {column: {key: rows[at][key] for key in kept} for column, at in QUANTITIES.items() if at in rows}
    return {"map": card["map"], "layer": card["layer"], "verdict": card["verdict"], "quantities": found}


def written(extracts: Iterable[Mapping[str, Any]], papers: str) -> str:
    """docs/results.md: a section an experiment, in the order of `blockspin list`."""
    by_hand = dict(re.findall(r"^## ([\w-]+)\n\n(.*?)(?=\n## |\Z)", papers, flags=re.DOTALL | re.MULTILINE))
    known = sorted(extracts, key=lambda one: one["task seconds"])  # longer runs later
    sections = []
    for name in EXPERIMENTS:
        runs = [one for one in known if one["experiment"] == name]
        if runs:
            sections.append(_section(name, runs, by_hand[name].strip()))
    return "\n\n".join([HEAD, *sections]) + "\n"


HEAD = """# Results

What the experiments found, claim by claim, from the stored runs in docs/extracts. This page is written by `./run
python docs/results.py RUN ...`, but for a paragraph by hand on each experiment. The command of a run, under each
section, gives its numbers again. `blockspin report` draws its page, with the figures and the evidence of each claim.

A claim is a sentence with a rule. "Reproduced" means that it holds here by its rule, "partly" that a part of it does.
"Not reproduced" means that it fails here. "Undecided" means that errors could change the answer, and "not tested"
that the run lacks what the claim is about.

Unless its rule says otherwise, a run with several trainings decides each claim in every training. Over those that
test it, it is reproduced where each reproduces it, and partly where some do, in full or partly. It is undecided where
none does and some are. What was found is printed of the first training that tests the claim. Tables judge the mean
over trainings, with wider errors, so that they can differ.

Numbers in brackets are standard errors of the last digits, over chains of samples or over hidden units. A run with
several trainings has the spread between them in its errors, and claims say in how many they hold. Others rest on one.
✓ and ✗ say whether a quantity passes ([the rules](judge.md)). They compare with the majority rule and with the
controls of this map in this run, not with the exact value. So a number farther from the exact one can pass: compare
numbers between maps, not marks. No mark: the judge cannot tell, or does not judge it. "Not defined" means that
the data support no number. "Off the grid" is how far the fields' centres lie from the best grid, in sides of a block.
"KL" is the Kullback-Leibler divergence from the model, in nats, and "gap" how much less likely held-out samples are.
Seconds are summed over all tasks. Most runs shared the computer with other work."""


def _section(name: str, runs: list[Mapping[str, Any]], by_hand: str) -> str:
    last = runs[-1]
    end = "" if last["title"].endswith("?") else "."
    parts = [f"## {name}", f"**{last['title']}{end}** {last['question']}", by_hand]
    for run in runs:
        facts = "; ".join(f"{fact} {value}" for fact, value in run["facts"].items())
        parts.append(f"**Preset `{run['preset']}`** ({facts}). {' '.join(run['answer'])}")
    if (HERE / "images" / f"{name}.png").exists():
        parts.append(f"![{last['picture']}](images/{name}.png)")
    for claim in last["claims"]:
        found = {run["preset"]: one for run in runs for one in run["claims"] if one["id"] == claim["id"]}
        rows = [(f"`{preset}`", one["status"], one["why"]) for preset, one in found.items()]
        rows += _rules(found)
        parts += [f"### {claim['id']}", f"{claim['text']} ({claim['source']})"]
        parts.append(_table(("preset", "status", "what was found"), rows))
    if last["maps"]:
        parts += ["### Maps of " + name, *(_maps(run) for run in runs)]
    rows = [(f"`{run['command']}`", run["commit"], run["started"], f"{run['task seconds']} s") for run in runs]
    parts += [f"### Runs of {name}", _table(("command", "commit", "day", "processor time of tasks"), rows)]
    return "\n\n".join(parts)


def _rules(found: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, str, str]]:
    """The rule that decided a claim, or each of them with its presets."""
    presets: dict[str, list[str]] = {}
    for preset, claim in found.items():
        rule = claim["rule"].removesuffix(SEVERAL)
        presets.setdefault(rule, []).append(f"`{preset}`")
    return [("rule" if len(presets) == 1 else f"rule of {', '.join(some)}", "", rule) for rule, some in presets.items()]


def _maps(run: Mapping[str, Any]) -> str:
    columns = [column for column in QUANTITIES if any(column in one["quantities"] for one in run["maps"])]
    rows = [
        (one["map"], one["layer"], one["verdict"], *(_cell(one["quantities"].get(column)) for column in columns))
        for one in run["maps"]
    ]
    return f"Preset `{run['preset']}`:\n\n" + _table(("map", "layer", "verdict", *columns), rows)


def _cell(row: Mapping[str, Any] | None) -> str:
    if row is None:
        return "–"
    if row["state"] != "measured":
        return "not defined"
    return f"{number(row['value'], row['error'])}{MARKS[row['outcome']]}"


def _table(columns: Iterable[Any], rows: Iterable[Iterable[Any]]) -> str:
    head = [str(column) for column in columns]
    lines = [[str(cell).replace("|", "\\|") for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, ["---"] * len(head), *lines])


def stored() -> list[dict[str, Any]]:
    """The extracts in docs/extracts."""
    return [json.loads(path.read_text()) for path in sorted(EXTRACTS.glob("*.json"))]


def main(folders: Iterable[str]) -> None:
    """Keep extracts of these runs, and write the page from all that are kept."""
    for folder in map(Path, folders):
        one = extract(folder)
        path = EXTRACTS / f"{one['experiment']}-{one['preset']}.json"
        path.write_text(json.dumps(one, indent=1, ensure_ascii=False) + "\n")
    PAGE.write_text(written(stored(), (EXTRACTS / "papers.md").read_text()))


if __name__ == "__main__":
    main(sys.argv[1:])
