"""Sphinx's configuration of the documentation site: `./run docs` builds it into build/docs, to be opened from there."""

import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests")]  # site_parts, and where `oracles` is

project = "blockspin"
author = "the blockspin contributors"
project_copyright = "MIT licence"
extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "site_parts",  # docs/site_parts.py: formulas as MathML, links of names, generated tables
]
exclude_patterns = ["_templates", "extracts"]

# notebooks and the pictures of the gallery are run, and kept until their code changes
build = HERE.parent / "build" / "docs-cache"
nb_execution_mode = "cache"
nb_execution_cache_path = str(build / "notebooks")
nb_execution_timeout = 120
nb_execution_raise_on_error = True
nb_merge_streams = True
myst_enable_extensions = ["dollarmath", "amsmath", "deflist", "colon_fence"]
myst_heading_anchors = 3

autosummary_generate = True
autodoc_typehints = "none"
autodoc_default_options = {"show-inheritance": False}
default_role = "py:obj"
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
templates_path = ["_templates"]

html_theme = "pydata_sphinx_theme"
html_title = "blockspin"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_search_summary = False  # it would fetch pages, which a browser refuses from a file system
html_sidebars: dict[str, Any] = {"index": []}
html_theme_options: dict[str, Any] = {
    "logo": {"text": "blockspin"},
    "navbar_end": ["theme-switcher"],
    "header_links_before_dropdown": 6,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "show_prev_next": False,
    "back_to_top_button": False,
}
