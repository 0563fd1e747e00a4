"""Sphinx's configuration of the documentation site: `./run docs` builds it into build/docs, to be opened from there."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests")]  # site_parts, and where `oracles` is

project = "blockspin"
author = "the blockspin contributors"
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
kernel = build / "ipython" / "profile_default" / "ipython_kernel_config.py"  # not the reader's own
kernel.parent.mkdir(parents=True, exist_ok=True)
kernel.write_text("c.IPKernelApp.log_level = 40\n")
os.environ["IPYTHONDIR"] = str(build / "ipython")
nb_execution_mode = "cache"
nb_execution_cache_path = str(build / "notebooks")
nb_execution_timeout = 120
nb_execution_raise_on_error = True
nb_merge_streams = True
myst_enable_extensions = ["dollarmath", "amsmath", "deflist", "colon_fence"]
myst_heading_anchors = 3

autosummary_generate = True
autodoc_typehints = "none"
smartquotes = False  # options have two dashes
default_role = "py:obj"
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
templates_path = ["_templates"]

html_theme = "pydata_sphinx_theme"
html_title = "blockspin"
# the font of formulas, which few computers have
html_static_path = ["_static", *(f"{folder}/fonts" for folder in find_spec("ziamath").submodule_search_locations or ())]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_search_summary = False  # it would fetch pages, which a browser refuses from a file system
html_sidebars: dict[str, Any] = {"*": []}  # of pages without a section
html_context = {"default_mode": "auto"}
html_theme_options: dict[str, Any] = {
    "logo": {"text": "blockspin"},
    "navbar_end": ["theme-switcher"],
    "header_links_before_dropdown": 6,
    "show_toc_level": 2,
    "navbar_persistent": ["search-button"],
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": [],
    "footer_end": [],
    "show_prev_next": False,
    "back_to_top_button": False,
}
