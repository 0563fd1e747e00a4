"""What a task returns and what the store keeps of it: samples, a model of numbers and arrays, or a plain `Result`."""

import math
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer

from blockspin.judging.measurement import Real as Real
from blockspin.runs.task import Result
from blockspin.statistics import Estimate

if TYPE_CHECKING:
    from xarray import DataArray

    Samples = DataArray
else:

    class Samples:
        """Marks samples, an xarray.DataArray, in a task's signature: laying out a run needs no xarray."""


Array = np.ndarray[Any, Any]


class Stored(BaseModel):
    """What a task returns: fields that are arrays are stored as arrays, all others as JSON.

    Fields that a file has and the class has not are passed over; one may be made from an object of the library that
    has attributes of these names. An alias is a field's name in the file.
    """

    model_config = ConfigDict(
        extra="ignore", frozen=True, arbitrary_types_allowed=True, from_attributes=True, populate_by_name=True
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _real(value: Any) -> Any:
    return math.nan if value is None else value


Number = Annotated[
    Estimate,
    BeforeValidator(lambda one: one if isinstance(one, Estimate) else Estimate(*map(_real, one))),
    PlainSerializer(lambda one: [_finite(one.value), _finite(one.error)]),
]
"""An `Estimate` that is stored as [value, error]."""


def encode(value: Any) -> Result:
    """What a task returned, as the store keeps it. Raises TypeError for what is none of the three kinds."""
    if isinstance(value, Result):
        return value
    if isinstance(value, Stored):
        arrays = {name: one for name, one in value if isinstance(one, np.ndarray)}
        return Result(arrays, value.model_dump(mode="json", exclude=set(arrays), by_alias=True))

    import xarray as xr

    from blockspin.samples import provenance

    if isinstance(value, xr.DataArray):
        return Result({"spins": value.values}, {"provenance": provenance(value)})
    raise TypeError(f"a task returns samples, a Stored or a Result; got {type(value).__name__}")


def decode(result: Result, kind: Any) -> Any:
    """A stored result as the kind that the task's return annotation names."""
    if isinstance(kind, type) and issubclass(kind, Stored):
        return kind.model_validate(result.meta | result.arrays)
    if getattr(kind, "__name__", "") not in ("Samples", "DataArray"):
        return result

    from blockspin.lattice import Lattice
    from blockspin.samples import make

    about = dict(result.meta["provenance"])
    lattice = about.pop("lattice")
    return make(result.arrays["spins"], Lattice(lattice["kind"], tuple(lattice["shape"])), **about)
