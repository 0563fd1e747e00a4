"""How many numbers a sentence has: "12 of 17", "24 × 24", "15/8" and "0.96(2)" are one each, names are none."""

from __future__ import annotations

import re

NAMES = re.compile(
    r"\b(?:ln|layers?|steps?|training|eq\.|Fig\.|Sec\.|arXiv:) ?\d[\d.]*"  # ln 4, layer 2, eq. 8
    r"|\b\d+ ?[x×] ?\d+ (?:blocks?|torus)"  # a 2 × 2 block
    r"|\b(?:19|20)\d\d\b|\b\d+D\b|(?<=[A-Za-z])[-_^]?\d+"  # years; 2D; L1, CD-1, w^2
)
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?(?:\(\d+\))?")
ONE = re.compile(rf"{NUMBER.pattern}(?: of (?:the )?| ?[x×/] ?| ?(?:±|\+-) ?){NUMBER.pattern}")
SENTENCE = re.compile(r"(?<=[.?!])\s+(?=[A-Z0-9])")


def sentences(text: str) -> list[str]:
    return SENTENCE.split(" ".join(text.split()))


def numbers(sentence: str) -> int:
    return len(NUMBER.findall(ONE.sub("1", NAMES.sub("", sentence))))
