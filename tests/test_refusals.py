"""Every public name refuses a wrong argument by TypeError or ValueError, raised by us and naming the argument.

One argument of a valid call at a time is replaced. A call may go on with what it is given; where it does not, the
refusal must be a `raise` of this package (or of scikit-learn's validation), not an accident inside it.
"""

from __future__ import annotations

import inspect
import linecache
import random
import re
import traceback
from pathlib import Path
from typing import Any

import pytest
import sklearn

import blockspin as bs
from public_calls import HOOKS, Call, calls, public, wrong

PACKAGE = str(Path(bs.__file__).parent)
VALIDATION = str(Path(sklearn.__file__).parent / "utils")
FEW = 2  # wrong values an argument in the fast tier
CALLS = calls()


def public_names() -> set[str]:
    found = set()
    for name, value in public().items():
        if inspect.isclass(value):
            own = {key for kind in value.__mro__ if kind.__module__.startswith("blockspin") for key in vars(kind)}
            methods = {key for key in own - HOOKS if not key.startswith("_") and callable(getattr(value, key))}
            found |= {name, *(f"{name}.{method}" for method in methods)}
        elif callable(value):
            found.add(name)
    return found


def fault(call: Call, function: Any, arguments: dict[str, Any], name: str) -> str:
    """What is wrong with how a call ends, or nothing."""
    try:
        function(**arguments)
    except (TypeError, ValueError, OSError) as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        said = f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}: {error}"
        if isinstance(error, OSError) and name not in ("path", "source"):
            return f"an OSError: {said}"
        if isinstance(error, OSError) or last.filename.startswith(VALIDATION):
            return ""
        ours = last.filename.startswith(PACKAGE) and re.match(
            r"\s*raise\b", linecache.getline(last.filename, last.lineno)
        )
        if not ours:
            return f"an accident: {said}"
        names = (name, *call.also.get(name, ()))
        if not any(re.search(rf"(?<!\w){re.escape(one)}(?!\w)", str(error)) for one in names):
            return f"names no {' or '.join(names)}: {said}"
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}: {error}"
    return ""


def _skipped(call: Call, argument: str, what: str, value: Any) -> bool:
    # memory and time are compared elsewhere, and what a caller's own function raises is the caller's
    return (what == "huge" and argument in call.counts) or (callable(value) and argument in ("progress", "verbose"))


def faults(name: str, folder: Path, few: int | None = None) -> list[str]:
    call = CALLS[name]
    function, arguments = call.make(folder)
    found = []
    for argument in arguments:
        tried = [(what, value) for what, value in wrong() if not _skipped(call, argument, what, value)]
        if few is not None:
            tried = random.Random(f"{name} {argument}").sample(tried, few)
        for what, value in tried:
            function, arguments = call.make(folder)
            if said := fault(call, function, arguments | {argument: value}, argument):
                found.append(f"{name}({argument}={what}): {said}")
    return found


def test_every_public_name_has_an_example() -> None:
    assert public_names() == set(CALLS)


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow if CALLS[n].slow else ()) for n in CALLS])
def test_the_examples_are_valid(name: str, tmp_path: Path) -> None:
    function, arguments = CALLS[name].make(tmp_path)
    function(**arguments)


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.filterwarnings("ignore")
def test_a_few_wrong_arguments_are_refused_in_our_words(name: str, tmp_path: Path) -> None:
    assert not faults(name, tmp_path, FEW if not CALLS[name].slow else 1)


@pytest.mark.slow
@pytest.mark.parametrize("name", CALLS)
@pytest.mark.filterwarnings("ignore")
def test_all_wrong_arguments_are_refused_in_our_words(name: str, tmp_path: Path) -> None:
    found = faults(name, tmp_path)
    assert not found, "\n".join(found)
