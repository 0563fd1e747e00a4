"""The explorer: one page that shows coarse-graining live, made of the web files of this folder and of numbers.

The modules of JavaScript are joined into one script, whose hash is the only one that the page's policy lets run. Data
lie in a block of JSON, and reach the page as text only.
"""

import json
import re
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from blockspin.report.theme import NAMES, SPARE, STAND_INS, known

HERE = Path(__file__).parent
DATA = HERE / "data.json"
MODULES = ("ising", "rules", "plane", "fields", "main")  # each uses those before it
GLOSSARY = re.compile(r"(?m)^- ([^:,]+).*?: (.+)$")  # a term, its other forms, its sentence
PALETTE = re.compile(r"(?ms)^:root \{.*?^\}\n@media \(prefers-color-scheme: dark\) \{.*?^\}\n")  # of every page
DOCS = "build/docs"  # where `./run docs` puts the pages that "Tell me more" leads to


def data() -> dict[str, Any]:
    """The numbers of the package's own page, which docs/explorer.py wrote."""
    return dict(json.loads(DATA.read_text(encoding="utf-8")))


def render(numbers: Mapping[str, Any], docs: str = DOCS) -> str:
    """The page with these numbers, as `data` has them; the same bytes for the same input. docs: address of the site."""
    parts = {"script": _script(), "style": _style()}
    stars, names = numbers["stars"], dict.fromkeys(star["map"] for star in numbers["stars"])
    looks = {name: known(name) or SPARE[n % len(SPARE)] for n, name in enumerate(names)}
    colours = {name: STAND_INS[look.colour].removeprefix("var(--").rstrip(")") for name, look in looks.items()}
    drawn = [star | {"colour": colours[star["map"]], "marker": looks[star["map"]].marker} for star in stars]
    return _ENVIRONMENT.get_template("page.html").render(
        **{name: Markup(text) for name, text in parts.items()},
        **{f"{name}_hash": Markup(b64encode(sha256(text.encode()).digest()).decode()) for name, text in parts.items()},
        data=_json({**numbers, "stars": drawn}),
        words=dict(GLOSSARY.findall((HERE.parent / "glossary.md").read_text(encoding="utf-8"))),
        docs=docs.rstrip("/"),
    )


def _script() -> str:
    """The modules as one: imports go, since all names are there, and so does the word export."""
    text = "\n".join((HERE / f"{name}.js").read_text(encoding="utf-8") for name in MODULES)
    return re.sub(r"(?m)^import .*\n|^export ", "", text)


def _style() -> str:
    (palette,) = PALETTE.findall((HERE.parent / "templates" / "style.css").read_text(encoding="utf-8"))
    return str(palette) + _ENVIRONMENT.get_template("style.css").render(colours=NAMES.split())


def _json(value: Any) -> Markup:
    """JSON that ends no script element, whatever text is in it."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


_ENVIRONMENT = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
_ENVIRONMENT.loader = PackageLoader(__package__, ".")
