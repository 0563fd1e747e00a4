"""The words of a page: title, question, answer, sections, and figures where they are called."""

from __future__ import annotations

from dataclasses import replace

import pytest
from jinja2 import UndefinedError
from markupsafe import Markup

from blockspin.report.page import Figure, Section
from blockspin.report.tables import table
from blockspin.report.words import read

PICTURE = Figure(Markup("<svg></svg>"), "picture", "")
NUMBERS = table(["map"], [["l1"]])
TEXT = """# Title

- L: {{ n }} x {{ n }}: periodic
- K: 1

A question?

It holds in {{ n }} of 3.

{{ picture() }}
**What is seen in {{ n }}
panels** Look
there.

## First

{% if n > 1 %}
Words that
go on.
{% endif %}

{{ numbers }}

## Second
"""


def test_words_and_figures_have_their_places() -> None:
    page = read(TEXT, {"n": 2, "picture": lambda: PICTURE, "numbers": NUMBERS}, {"preset": "quick"})
    assert (page.title, page.question, page.answer) == ("Title", "A question?", ["It holds in 2 of 3."])
    assert page.picture == replace(PICTURE, title="What is seen in 2 panels", caption="Look there.")
    assert page.facts == {"L": "2 x 2: periodic", "K": "1", "preset": "quick"}
    assert page.sections == [Section("First", ["Words that go on.", NUMBERS]), Section("Second", [])]


def test_a_condition_leaves_its_words_out() -> None:
    page = read(TEXT, {"n": 1, "picture": lambda: PICTURE, "numbers": NUMBERS}, {})
    assert page.sections[0].blocks == [NUMBERS]


def test_text_cannot_call_a_figure() -> None:
    page = read("# T\n\nq\n\n{{ text }}\n\n{{ picture }}\n", {"text": "\x000\x00", "picture": PICTURE}, {})
    assert page.answer == ["0"]
    assert page.picture is PICTURE


def test_a_name_that_is_not_there_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="missing"):
        read("# T\n\nq\n\n{{ missing }}", {}, {})


@pytest.mark.parametrize("block", ["{{ numbers }}", "{{ picture }}\n\n{{ picture }}"])
def test_a_page_opens_with_one_figure(block: str) -> None:
    with pytest.raises(ValueError, match="opens"):
        read(f"# T\n\nq\n\n{block}\n", {"picture": PICTURE, "numbers": NUMBERS}, {})


def test_facts_end_where_the_question_begins() -> None:
    page = read("# T\n\n- K: 1\n\nq\n\n- L: 2\n", {}, {})
    assert (page.facts, page.question, page.answer) == ({"K": "1"}, "q", ["- L: 2"])


def test_empty_facts_are_left_out() -> None:
    page = read("# T\n\n- K: 1\n- L: {{ empty }}\n\n- b: 2\n\nq\n", {"empty": ""}, {})
    assert (page.facts, page.question) == ({"K": "1", "b": "2"}, "q")


@pytest.mark.parametrize("paragraph", ["{{ p }} words", "{{ p }}**title**", "words {{ p }}", "{{ p }} {{ p }}"])
def test_a_figure_that_would_be_lost_is_refused(paragraph: str) -> None:
    with pytest.raises(ValueError, match=r"figure.*\{\{ \.\.\. \}\}"):
        read(f"# T\n\nq\n\n## Section\n\n{paragraph}\n", {"p": PICTURE}, {})


def test_a_value_makes_no_section() -> None:
    page = read("# T\n\nq\n\n{{ name }}\n", {"name": "a\n\n## b\n\nc"}, {})
    assert page.answer == ["a ## b c"]
    assert page.sections == []


@pytest.mark.parametrize("text", ["", "no title\n\nq", "# T", "# T\n\n{{ picture }}"])
def test_a_page_has_a_title_and_a_question(text: str) -> None:
    with pytest.raises(ValueError, match="title"):
        read(text, {"picture": PICTURE}, {})
