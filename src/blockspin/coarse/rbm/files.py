"""A trained machine as an .npz file: arrays, and one JSON text for everything else. Nothing is pickled."""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

FORMAT = "blockspin.RBM"
VERSION = 1

ARRAYS = ("components_", "intercept_visible_", "intercept_hidden_")
NUMBERS = ("units_", "seed_", "n_epochs_", "n_features_in_")


def write(machine: Any, path: str | os.PathLike[str]) -> None:
    """Write a fitted machine aside, then move it into place; raises ValueError for a suffix other than .npz."""
    target = Path(path)
    if target.suffix != ".npz":
        raise ValueError(f"a machine is written as .npz; got {target.name!r}")
    parameters = machine.get_params(deep=False)
    if callable(parameters["verbose"]):
        parameters["verbose"] = 0
    if not isinstance(parameters["random_state"], (int, type(None))):
        parameters["random_state"] = machine.seed_
    header = {
        "format": FORMAT,
        "version": VERSION,
        "parameters": parameters,
        "learned": {name: getattr(machine, name) for name in NUMBERS},
        "feature_names": [str(name) for name in getattr(machine, "feature_names_in_", [])],
    }
    arrays = {name: getattr(machine, name) for name in ARRAYS}
    arrays |= {f"velocity_{index}": part for index, part in enumerate(machine._velocity)}
    arrays["chains"] = machine._chains
    arrays |= {f"trajectory_{name}": column for name, column in getattr(machine, "trajectory_", {}).items()}
    handle, aside = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".npz")
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez(file, allow_pickle=False, header=np.array(json.dumps(header, default=_plain)), **arrays)
        os.chmod(aside, 0o644)  # mkstemp makes files that nobody else may read
        os.replace(aside, target)
    finally:
        Path(aside).unlink(missing_ok=True)


def read(kind: type[Any], path: str | os.PathLike[str]) -> Any:
    """A machine of this class from a file that `write` made; raises ValueError for any other file."""
    source = Path(path)
    refusal = f"{source.name} is not a file that RBM.save wrote"
    if not zipfile.is_zipfile(source):
        if not source.exists():
            raise FileNotFoundError(f"no such file: {source}")
        raise ValueError(refusal)
    with np.load(source, allow_pickle=False) as archive:
        if "header" not in archive.files:
            raise ValueError(f"{refusal}: it holds {', '.join(archive.files) or 'nothing'}")
        stored = {name: archive[name] for name in archive.files}
    try:
        header = json.loads(str(stored.pop("header")[()]))
        if header["format"] != FORMAT:
            raise KeyError("format")
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(refusal) from error
    if header["version"] > VERSION:
        raise ValueError(f"{source.name} has format version {header['version']}; this version reads up to {VERSION}")
    machine = kind(**header["parameters"])
    for name in ARRAYS:
        setattr(machine, name, stored.pop(name))
    for name, value in header["learned"].items():
        setattr(machine, name, value)
    machine._velocity = tuple(stored.pop(f"velocity_{index}") for index in range(3))
    machine._chains = stored.pop("chains")
    if header["feature_names"]:
        machine.feature_names_in_ = np.array(header["feature_names"], object)
    if stored:
        machine.trajectory_ = {name.removeprefix("trajectory_"): column for name, column in stored.items()}
    return machine


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"cannot be written as JSON: {value!r}")
