"""A claim of a paper and what an experiment found of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Claim:
    """A claim with its source, what came out, and the numbers it rests on."""

    id: str
    source: str
    text: str
    status: str
    why: str
    evidence: list[dict[str, Any]] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """The entry of claims.json."""
        return asdict(self)
