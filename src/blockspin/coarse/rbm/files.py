"""A trained RBM as an .npz file: arrays, and one JSON text for everything else. Nothing is pickled."""

import hashlib
import json
import os
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from blockspin import checks
from blockspin.files import Damaged, parsed, read_arrays, writing
from blockspin.lattice import Lattice, stored_lattice

FORMAT = "blockspin."  # and the class
VERSION = 3

NUMBERS = ("units_", "seed_", "n_epochs_", "n_features_in_")
VELOCITY = ("velocity_0", "velocity_1", "velocity_2")
# settings of earlier versions, with what training is now; the others said more about these
GONE = {"optimizer": "momentum", "schedule": "constant", "group": 0, "early_stopping": False, "validation_fraction": 0}
IDLE = ("final_rate", "n_replicas", "patience", "variance")


def write(machine: Any, path: str | os.PathLike[str]) -> None:
    """Write a fitted RBM; the file appears whole or not at all.

    Raises ValueError for a suffix other than .npz, OSError with the file's name where the disk fails.
    """
    target = target_of(path)
    parameters = machine.get_params(deep=False)
    if callable(parameters["verbose"]):
        parameters["verbose"] = 0
    if not isinstance(parameters["random_state"], (int, type(None))):
        parameters["random_state"] = machine.seed_
    header = {
        "format": FORMAT + type(machine).__name__,
        "version": VERSION,
        "parameters": parameters,
        "learned": {name: getattr(machine, name) for name in NUMBERS},
        "feature_names": [str(name) for name in getattr(machine, "feature_names_in_", [])],
    }
    arrays = {name: getattr(machine, name) for name in machine._LEARNED}
    arrays |= dict(zip(VELOCITY, machine._velocity, strict=False))  # none of weights that were given
    arrays["chains"] = machine._chains
    arrays |= {f"trajectory_{name}": column for name, column in getattr(machine, "trajectory_", {}).items()}
    text = json.dumps(header, default=_plain)
    arrays["digest"] = np.array(_digest(text, arrays))
    with writing(target) as file:
        np.savez(file, allow_pickle=False, header=np.array(text), **arrays)


def target_of(path: Any, name: str = "path") -> Path:
    """The path of an RBM that is written; raises ValueError for a suffix other than .npz."""
    target = checks.path(name, path)
    if target.suffix != ".npz":
        raise ValueError(f"{name} of an RBM that is written ends in .npz; got {target.name!r}")
    return target


def read(kind: type[Any], path: str | os.PathLike[str]) -> Any:
    """An RBM of this class from a file that `write` made; raises ValueError for any other file."""
    source = checks.path("path", path)
    refusal = (
        f"{source} is not a file that {kind.__name__}.save wrote; {kind.__name__}.from_weights takes the arrays of "
        f"another program's"
    )
    try:
        stored = read_arrays(source)
    except Damaged as error:
        if zipfile.is_zipfile(source):
            raise
        raise Damaged(refusal) from error
    if "header" not in stored:
        raise Damaged(f"{refusal}. It holds {', '.join(stored) or 'nothing'}")
    text = str(stored.pop("header")[()])
    with parsed(source):
        return _machine(kind, source, refusal, text, stored)


def _machine(kind: type[Any], source: Path, refusal: str, text: str, stored: dict[str, Any]) -> Any:
    try:
        header = json.loads(text)
        if header["format"] != FORMAT + kind.__name__:
            raise KeyError("format")
    except (ValueError, KeyError, TypeError) as error:
        raise Damaged(refusal) from error
    if header["version"] > VERSION:
        raise Damaged(f"{source} has format version {header['version']}; this version reads up to {VERSION}")
    digest = stored.pop("digest", None)
    if (digest is not None or header["version"] > 1) and str(digest) != _digest(text, stored):
        raise Damaged(f"{source} was changed since {kind.__name__}.save wrote it: its checksum does not hold")
    if "log_variance" in stored:
        raise Damaged(f"{source} holds Gaussian units of variances other than 1, which this version does not have")
    parameters = header["parameters"]
    gone = _take_gone(parameters)
    if gone:
        warnings.warn(f"{source} was trained with {gone}; this version would train on without", stacklevel=4)
    if isinstance(parameters.get("lattice"), dict):
        parameters["lattice"] = stored_lattice("the lattice of weights", parameters["lattice"])
    machine = kind(**parameters)
    learned = header["learned"]
    arrays = {name: stored[name] for name in kind._LEARNED}
    machine._as_if_trained(learned["units_"], learned["n_features_in_"], **arrays)
    machine.seed_, machine.n_epochs_ = learned["seed_"], learned["n_epochs_"]
    if not gone:  # else what stands there is of another way to train
        machine._velocity = tuple(stored[name] for name in VELOCITY if name in stored)
        machine._chains = stored["chains"]
    if header["feature_names"]:
        machine.feature_names_in_ = np.array(header["feature_names"], object)
    trajectory = [name for name in stored if name.startswith("trajectory_")]
    if trajectory:
        machine.trajectory_ = {name.removeprefix("trajectory_"): stored[name] for name in trajectory}
    return machine


def _take_gone(parameters: dict[str, Any]) -> str:
    """Take out settings of earlier versions; returns what of it training used, in words."""
    used = {name: parameters.pop(name, now) for name, now in GONE.items()}
    used = {name: value for name, value in used.items() if value != GONE[name]}
    if parameters["algorithm"] in ("pt", "exact"):
        used["algorithm"], parameters["algorithm"] = parameters["algorithm"], "pcd"
    for name in IDLE:
        parameters.pop(name, None)
    return ", ".join(f"{name}={value!r}" for name, value in used.items())


def _digest(text: str, arrays: dict[str, Any]) -> str:
    total = hashlib.sha256(text.encode())
    for name in sorted(arrays):
        part = np.asarray(arrays[name])
        total.update(f"{name} {part.dtype.str} {part.shape}".encode())
        total.update(np.ascontiguousarray(part).tobytes())
    return total.hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Lattice):
        return value.settings()
    raise TypeError(f"cannot be written as JSON: {value!r}")
