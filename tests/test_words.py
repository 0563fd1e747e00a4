"""Plain words: the words of the project's old dialect do not occur, and sentences are short.

CONTRIBUTING.md, "Words", has the guide. Code, names in backticks and Jinja expressions are no prose.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from blockspin.experiments import EXPERIMENTS, find

ROOT = Path(__file__).parents[1]
SRC = ROOT / "src" / "blockspin"
BANNED = (
    "told", "beside", "stands", "stood", "asked", "gained", "places", "comes? out", "came out", "sites back",
    "before the (?:same )?judge", "knows? no physics", "as (?:it|they) comes?", r"(?<!boltzmann[ -])machines?",
)  # fmt: skip
WORD = re.compile(rf"(?<![\w.\[])(?:{'|'.join(BANNED)})(?![\w\]])", flags=re.IGNORECASE)
MOST_WORDS = 25

EXCEPTIONS = {  # a file: phrases that stay there, and why
    "boltzmann_map/cases.py": ("random machine", "bond machine", "alternating machine", "sublattice machine",
                               "shifted machine"),  # names of cases, in stored results
    "boltzmann_map/expected.py": ("a random machine", "the exact machine"),  # names of quantities, in stored results
    "experiments/exact_mapping/tasks.py": ("bond machine", "sublattice machine"),  # names of flows, in stored results
    "experiments/mcrg/claims.py": ("couplings beyond neighbours, gained",),  # a quantity of the judge, in scorecards
    "judging/criteria/range.py": ("couplings beyond neighbours, gained",),
    "judging/criteria/coarse_couplings.py": ("no places",),  # a code of the judge, in scorecards
    "judging/criteria/information.py": ("no places",),
    "coarse/rbm/ensemble.py": ("machines: they may differ", "machines must be"),  # the name of an argument
    "coarse/rbm/estimator.py": ("entry of machines", "machines, X, validation"),  # the same
}  # fmt: skip
FRONT = (ROOT / "README.md", ROOT / "CONTRIBUTING.md")
DOCS = {str(path.relative_to(ROOT)): path for path in (*FRONT, *sorted((ROOT / "docs").rglob("*.md")))}
PAGES = {path.parent.name: path for path in sorted((SRC / "experiments").rglob("page.md"))}


def prose(text: str) -> str:
    """A document without code blocks, names in backticks, link targets, formulas, and the list of banned words."""
    text = re.sub(r"^```.*?^```$|^\| do not say .*?\n\n", "", text, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"\$\$.*?\$\$|\{%.*?%\}", "", text, flags=re.DOTALL)
    return re.sub(r"\{\{.*?\}\}|`[^`]*`|\$[^$]+\$", "X", re.sub(r"\]\([^)]*\)", "]", text), flags=re.DOTALL)


def banned(text: str, exceptions: tuple[str, ...] = ()) -> list[str]:
    """The banned words of a text, each with what is around it."""
    for phrase in exceptions:
        text = text.replace(phrase, "X")
    text = " ".join(text.split())
    return [text[max(0, one.start() - 40) : one.end() + 20] for one in WORD.finditer(text)]


def strings(path: Path) -> Iterator[str]:
    """The strings of a module that hold a sentence or a phrase, docstrings among them; an f-string's literal parts."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield re.sub(r"`[^`]*`", "X", node.value)


def paragraphs(text: str) -> list[str]:
    """The paragraphs and the entries of lists of a document; headings and tables are none."""
    parts = re.split(r"\n\s*\n|^\s*- |^> ", prose(text), flags=re.MULTILINE)
    return [part for part in parts if not part.lstrip().startswith(("#", "|"))]


def sentences(paragraph: str) -> list[str]:
    return re.split(r"(?<=[.?!])(?:\*\*)?\s+(?=[A-Z*\"(]|$)", " ".join(paragraph.split()))


def long(paragraph: str) -> list[str]:
    """The sentences of more than 25 words."""
    return [one for one in sentences(paragraph) if len(re.findall(r"[\w'’²()^/.-]*\w[\w'’²()^/.-]*", one)) > MOST_WORDS]


@pytest.mark.parametrize("name", DOCS)
def test_documents_use_plain_words(name: str) -> None:
    assert banned(prose(DOCS[name].read_text())) == []


@pytest.mark.parametrize("name", PAGES)
def test_pages_use_plain_words(name: str) -> None:
    assert banned(prose(PAGES[name].read_text())) == []


def test_strings_of_the_package_use_plain_words() -> None:
    found = {}
    for path in sorted(SRC.rglob("*.py")):
        name = str(path.relative_to(SRC))
        words = [word for text in strings(path) for word in banned(text, EXCEPTIONS.get(name, ()))]
        found |= {name: words} if words else {}
    assert found == {}


def test_exceptions_are_needed() -> None:
    for name, phrases in EXCEPTIONS.items():
        text = " ".join(strings(SRC / name))
        assert [phrase for phrase in phrases if phrase not in text] == []


@pytest.mark.parametrize("name", DOCS)
def test_sentences_of_documents_are_short(name: str) -> None:
    assert [one for paragraph in paragraphs(DOCS[name].read_text()) for one in long(paragraph)] == []


@pytest.mark.parametrize("name", PAGES)
def test_sentences_of_pages_are_short(name: str) -> None:
    assert [one for paragraph in paragraphs(PAGES[name].read_text()) for one in long(paragraph)] == []


def test_the_glossary_has_plain_words_and_one_short_sentence_a_term() -> None:
    lines = (SRC / "report" / "glossary.md").read_text().splitlines()[2:]
    entries = [line.removeprefix("- ").partition(": ") for line in lines]
    names = [name for some, _, _ in entries for name in some.split(", ")]
    assert len(names) == len(set(names))
    heads = [some.partition(",")[0].lower() for some, _, _ in entries]
    assert heads == sorted(heads)
    for _, _, sentence in entries:
        assert banned(sentence) == []
        assert len(sentences(sentence)) == 1
        assert long(sentence) == []


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_sentences_of_claims_are_short(name: str) -> None:
    experiment = find(name)
    assert long(experiment.summary) == []
    for claim in experiment.claims:
        assert long(claim.text) == [], claim.id


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_answers_of_claims_are_short(name: str) -> None:
    """Every sentence that a claim's module writes, numbers and names counting as a word each."""
    module = ast.parse((SRC / "experiments" / name.replace("-", "_") / "claims.py").read_text())
    whys = [node.value for node in ast.walk(module) if isinstance(node, ast.Assign | ast.AugAssign) and _is_why(node)]
    texts = ["".join(_parts(value)) for value in whys]
    assert [one for text in texts for one in long(text)] == []


def _is_why(node: ast.Assign | ast.AugAssign) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return any(isinstance(target, ast.Name) and target.id == "why" for target in targets)


def _parts(value: ast.expr) -> Iterator[str]:
    if isinstance(value, ast.Constant):
        yield str(value.value)
    elif isinstance(value, ast.JoinedStr):
        for part in value.values:
            yield from _parts(part) if isinstance(part, ast.Constant) else "X"
    elif isinstance(value, ast.BinOp):
        yield from _parts(value.left)
        yield from _parts(value.right)
    elif isinstance(value, ast.IfExp):
        yield from _parts(value.body)


def test_words_are_found() -> None:
    assert banned("Flow is told as far as the evidence goes, beside a machine.") != []
    assert banned("A restricted Boltzmann machine is told_apart by `machine`s.".replace("`machine`", "X")) == []
    assert len(banned("no places here", ("no places",))) == 0
    assert long("word " * 26 + ".") != []
    assert long("word " * 25 + ". " + "Word " * 20 + ".") == []
