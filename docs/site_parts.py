"""Parts of the site: formulas as MathML, which browsers draw without a script, links of names, generated tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import typer
from docutils import nodes
from latex2mathml.converter import convert
from pydantic import TypeAdapter
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

from blockspin.cli import app as command_line
from blockspin.judging import Scorecard

OUTSIDE = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md"}  # files above docs/: their pages


def _inline(self: Any, node: nodes.Element) -> None:
    self.body.append(convert(node.astext()))
    raise nodes.SkipNode


def _display(self: Any, node: nodes.Element) -> None:
    self.body.append(f'<div class="math-block">{convert(node.astext(), display="block")}</div>')
    raise nodes.SkipNode


class Links(SphinxTransform):
    """`bs.RBM` in backticks is a link to its page of the reference."""

    default_priority = 400

    def apply(self, **kwargs: Any) -> None:
        for literal in list(self.document.findall(nodes.literal)):
            name = re.match(r"bs\.([A-Za-z_.]+)(?=$|\()", literal.astext())
            if name is None or isinstance(literal.parent, nodes.reference | nodes.title):
                continue
            target = f"blockspin.{name[1]}"
            if isinstance(literal.parent, pending_xref):  # of a docstring
                literal.parent["reftarget"] = target
                continue
            link = pending_xref("", refdomain="py", reftype="obj", reftarget=target, refdoc=self.env.docname)
            literal.replace_self(link)
            link += literal


PLAIN = re.compile(r"(``.+?``|`[^`]+`)")
ENTRY = re.compile(r"\w[\w, *]* : ")


def _docstring(app: Sphinx, what: str, name: str, one: Any, options: Any, lines: list[str]) -> None:
    """Docstrings are plain text: stars and trailing underscores are no markup, except in code and formulas."""
    deep = None  # the indentation of the text that a block of code follows
    code = False
    for n, line in enumerate(lines):
        indent = len(line) - len(line.lstrip())
        code = bool(line.strip()) and (code or line.lstrip().startswith(">>>"))
        if deep is not None and line.strip() and indent <= deep:
            deep = None
        if not (code or deep is not None or ENTRY.match(line)):
            parts = PLAIN.split(line)
            parts[::2] = [re.sub(r"(?<=\w)_(?!\w)|\*|\|", r"\\\g<0>", part) for part in parts[::2]]
            lines[n] = re.sub(r"docs/([\w/-]+)\.md", r":doc:`/\1`", "".join(parts))
        if line.endswith("::"):
            deep = indent


def commands() -> str:
    """The commands of blockspin with their arguments, as Markdown."""
    return "\n".join(_command(typer.main.get_command(command_line), ["blockspin"]))


def _command(one: Any, words: list[str]) -> Iterator[str]:
    name = " ".join(words)
    context = one.make_context(name, [], resilient_parsing=True)
    yield f"## {name}\n\n{one.help}\n\n```text\n{one.get_usage(context)}\n```\n"
    records = [parameter.get_help_record(context) for parameter in one.params]
    if records:
        yield "| argument | what it is |\n|---|---|"
        yield from (f"| `{left}` | {_cell(right)} |".replace("ADDRESS|", "ADDRESS\\|") for left, right in records)
        yield ""
    for word, inner in getattr(one, "commands", {}).items():
        yield from _command(inner, [*words, word])


def _cell(text: str) -> str:
    return re.sub(r"([|*<>[])", r"\\\1", text)


def card_tables() -> str:
    """The objects of scorecards.json with their fields and types, as Markdown."""
    schema = TypeAdapter(Scorecard).json_schema(mode="serialization")
    objects = {"card": schema, **{name.lower(): one for name, one in schema["$defs"].items() if "properties" in one}}
    lines = []
    for name, one in objects.items():
        lines += [f"| key of a {name} | type |", "|---|---|"]
        lines += [f"| `{key}` | {_type(kind, schema['$defs'])} |" for key, kind in one["properties"].items()]
        lines.append("")
    return "\n".join(lines)


def _type(kind: dict[str, Any], known: dict[str, Any]) -> str:
    if "anyOf" in kind:
        return " or ".join(_type(one, known) for one in kind["anyOf"])
    if "$ref" in kind:
        name = kind["$ref"].rpartition("/")[2]
        return ", ".join(f'"{value}"' for value in known[name]["enum"]) if "enum" in known[name] else name.lower()
    if kind["type"] == "array":
        return f"list of {_type(kind['items'], known)}s"
    return "number or null" if kind["type"] == "number" else str(kind["type"])


GENERATED = {"reference/cli": commands, "reference/files": card_tables}


def _read(app: Sphinx, page: str, source: list[str]) -> None:
    """Write what is generated into a page, and lead links to files above docs/ to their pages."""
    if page in GENERATED:
        app.env.note_reread()  # it may change without its page
        source[0] = source[0].replace("<!-- generated -->", GENERATED[page]())
    for file, target in OUTSIDE.items():
        up = "../" * page.count("/")
        source[0] = source[0].replace(f"]({up}../{file}", f"]({up}{target}")


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_html_math_renderer("mathml", (_inline, None), (_display, None))
    app.config.html_math_renderer = "mathml"
    app.add_transform(Links)
    app.connect("source-read", _read)
    app.connect("autodoc-process-docstring", _docstring, priority=100)  # before numpydoc reads them
    return {"parallel_read_safe": True, "parallel_write_safe": True}
