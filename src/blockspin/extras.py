"""Packages that blockspin can do without: how somebody who needs one gets it."""

import importlib.util


def lacking(package: str, extra: str) -> str | None:
    """A sentence that says how to install the extra which brings the package; None where the package is there."""
    try:
        found = importlib.util.find_spec(package)
    except ValueError:  # named in sys.modules, and nothing there
        found = None
    if found is not None:
        return None
    return (
        f"there is no package {package}; it comes with the extra {extra!r}: `./run extra {extra}` in the project's "
        f"folder, or `pip install '.[{extra}]'` there where pip installed blockspin"
    )
