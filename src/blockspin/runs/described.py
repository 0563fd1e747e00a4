"""An experiment's settings in words: name, type with its bounds or choices, default, and chosen value."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from blockspin.runs.settings import section

TYPES = {"integer": "whole number", "number": "number", "string": "text", "boolean": "true or false", "null": "none"}
BOUNDS = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}


def described(default: BaseModel, chosen: BaseModel, path: str = "") -> Iterator[tuple[str, str, str, str]]:
    """A row a setting, those inside sections by dotted name: name, type, default, chosen value."""
    model = type(chosen)
    schema = model.model_json_schema()["properties"]
    for name in model.model_fields:
        values = getattr(default, name), getattr(chosen, name)
        if section(model, name) is not None:
            yield from described(*values, f"{path}{name}.")
        else:
            yield f"{path}{name}", _type(schema[name]), _value(values[0]), _value(values[1])


def _type(schema: Mapping[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"])
    if "enum" in schema:
        return f"one of {', '.join(map(str, schema['enum']))}"
    if "prefixItems" in schema:
        return f"{len(schema['prefixItems'])} values, each {_type(schema['prefixItems'][0])}"
    if "items" in schema:
        return f"values, each {_type(schema['items'])}"
    bounds = [f"{sign} {schema[bound]:g}" for bound, sign in BOUNDS.items() if bound in schema]
    return " ".join([TYPES.get(schema.get("type", ""), "table"), *bounds])


def _value(value: Any) -> str:
    """A value as --set takes it; of a table its names."""
    if isinstance(value, list | tuple):
        return ",".join(map(_value, value)) + "," * (len(value) == 1) or "[]"
    if isinstance(value, Mapping):
        return ", ".join(map(str, value)) or "{}"
    if value is None or isinstance(value, bool):
        return str(value).lower()
    return str(value).removesuffix(".0") if isinstance(value, float) else str(value)
