"""Where the values lie: an array, a DataArray, a DataFrame, or a file by its suffix; no pickle is ever loaded."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from blockspin import checks, memory
from blockspin.files import Damaged, parsed, read_arrays

Read = Mapping[str, NDArray[Any]]

CONVERT = (
    "convert it by the lines\nimport numpy, pickle\nnumpy.save('own.npy', numpy.array(pickle.load(open({!r}, 'rb'))))"
)
PICKLES = (".pkl", ".pickle", ".joblib", ".pt")
MARKS = ("#", "%")  # begin a comment


def opened(source: Any, dataset: str | None, label: str | None) -> tuple[NDArray[Any], tuple[str, ...] | None, Read]:
    """Values, the names of their axes where these are known, and all arrays by name, such as temperatures.

    dataset: the name of the values where there are several; label: the name of an array that is none of them. Arrays of
    one axis are columns of a table, a configuration a row: a column a site, or a column of lists.
    """
    if checks.is_samples(source):
        dims = tuple(map(str, source.dims))
        return checks.array("source", source.values), dims, {str(k): np.asarray(v) for k, v in source.coords.items()}
    if hasattr(source, "columns") and hasattr(source, "iloc"):
        read: Read = {str(name): source.iloc[:, i].to_numpy() for i, name in enumerate(source.columns)}
    elif isinstance(source, str) or hasattr(source, "__fspath__"):
        read = _file(checks.path("source", source), None if dataset is None else {dataset, label})
    else:
        read = {"array": checks.array("source", source)}
    objects = [name for name, one in read.items() if one.dtype == object]
    # the first column of a table is often an index without a name
    names = [name for name in objects or read if name and name != label]
    if dataset is not None:
        names = [checks.choice("dataset", dataset, read)]
    if len(names) == 1:
        only = read[names[0]]
        return checks.array("source", list(only) if objects else only), None, read
    if not names or objects or {read[name].ndim for name in names} != {1}:
        raise ValueError(f"source must hold one array; it holds {', '.join(names) or 'none'}: give dataset=NAME")
    return checks.array("source", np.stack([read[name] for name in names], axis=1)), None, read


def _file(path: Path, only: Collection[str | None] | None) -> Read:
    if path.suffix in PICKLES:
        raise ValueError(f"source must be no pickle, which may run any code; got {path}: {CONVERT.format(path.name)}")
    if path.suffix not in READERS:
        raise ValueError(f"source must be a path that ends in .nc, {', '.join(READERS)}; got {path.name!r}")
    with open(path, "rb") as file:  # its errors have the file's name
        if b"'|O'" in file.read(512):
            raise Damaged(f"{path} holds pickled objects, not numbers: save numpy.array(..., dtype=numpy.int8) instead")
    return READERS[path.suffix](path, only)


def _numpy(path: Path, only: Any) -> Read:
    if path.suffix == ".npy" and path.stat().st_size > memory.LARGE:
        with parsed(path):
            return {"array": np.load(path, mmap_mode="r", allow_pickle=False)}
    return read_arrays(path)


def _text(path: Path, only: Any) -> Read:
    with parsed(path), open(path, encoding="utf-8-sig") as file:
        before, first = next((n, line) for n, line in enumerate(file) if line.strip() and line.strip()[0] not in MARKS)
        delimiter = next((one for one in ",;" if one in first), None)
        names = [cell.strip(" \"'\n\r") for cell in first.split(delimiter)]
        try:
            header = not [float(name) for name in names]
        except ValueError:
            header = True
        file.seek(0)
        values = np.loadtxt(file, delimiter=delimiter, skiprows=before + header, ndmin=2, comments=MARKS)
        return dict(zip(names, values.T, strict=True)) if header else {"array": values}


def _hdf5(path: Path, only: Collection[str | None] | None) -> Read:
    found: dict[str, NDArray[Any]] = {}

    def read(name: str, one: Any) -> None:
        if isinstance(one, h5py.Dataset) and one.dtype.kind in "biuf" and one.size and one.ndim:
            found[name] = memory.held(one.shape if only is None or name in only else (0,), one.dtype)
            if found[name].size:
                one.read_direct(found[name])

    with parsed(path), h5py.File(path, "r") as file:
        file.visititems(read)
    return found


READERS: dict[str, Callable[[Path, Any], Read]] = {".npy": _numpy, ".npz": _numpy, ".csv": _text, ".txt": _text}
READERS |= {".dat": _text, ".h5": _hdf5, ".hdf5": _hdf5}
