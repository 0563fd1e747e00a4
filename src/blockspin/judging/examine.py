"""What samples hold, before a map is judged: values, correlations, edges, coupling, and which criteria they allow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import xarray as xr

from blockspin import memory
from blockspin.judging.criteria import CRITERIA
from blockspin.judging.critical import edges, few, reasons, series
from blockspin.report.tabular import aligned
from blockspin.rg.pseudolikelihood import couplings
from blockspin.samples import alphabet_of, described, positions
from blockspin.statistics import Estimate, autocorrelation_time, mean_over_chains

NEEDS = {
    "spectrum": "critical",
    "flow": "critical",
    "generalization": "train",
}  # samples that a criterion takes besides


@dataclass(frozen=True)
class Examination:
    """The findings on samples; `print` shows them as a table.

    numbers: estimates by name, as far as the samples support them. not_critical: codes, each with a sentence, of what
    keeps the samples from being critical ones; few: the same of draws that are few. criteria: what each of the judge's
    criteria needs besides these samples ("", "critical", "train"), or a code where it cannot be requested.
    """

    samples: str
    values: dict[int, float]
    numbers: dict[str, Estimate]
    not_critical: dict[str, str]
    few: dict[str, str]
    criteria: dict[str, str]

    def __str__(self) -> str:
        rows = [("values", ", ".join(f"{letter}: {share:.1%}" for letter, share in self.values.items()))]
        rows += [(name, str(one)) for name, one in self.numbers.items()]
        rows += [("not critical", f"{why} ({code})") for code, why in self.not_critical.items()]
        rows += [("note", f"{why} ({code})") for code, why in self.few.items()]
        for need in dict.fromkeys(self.criteria.values()):
            names = ", ".join(name for name, other in self.criteria.items() if other == need)
            more = {"": "can be requested", "critical": "with critical samples", "train": "with training samples"}
            rows.append(("criteria", f"{names}: {more.get(need, f'refused ({need})')}"))
        return "\n".join([self.samples, *aligned(rows)])


def examine(samples: xr.DataArray) -> Examination:
    """The findings on samples of any alphabet. Raises TypeError and ValueError for what are no samples."""
    alphabet, code = alphabet_of(samples), positions(samples)
    shares = dict.fromkeys(alphabet.letters, 0.0)
    for part in map(samples.values.__getitem__, memory.pieces(samples.shape, memory.PART)):
        shares = {letter: share + (part == letter).sum() / samples.size for letter, share in shares.items()}
    able = alphabet.mirrored and samples.sizes["chain"] > 1
    not_critical, too_few = (dict(reasons(samples)), dict(few(samples))) if able else ({}, {})
    refused = "few chains" if samples.sizes["chain"] < 2 else "" if alphabet.mirrored else "other letters"
    criteria = {}
    for name, criterion in CRITERIA.items():
        unplaced = "" if any(one.anywhere for one in criterion.quantities) else code
        criteria[name] = refused or unplaced or NEEDS.get(name, "")
    return Examination(described(samples), shares, dict(_numbers(samples)), not_critical, too_few, criteria)


def _numbers(samples: xr.DataArray) -> Iterator[tuple[str, Estimate]]:
    alphabet, code, several = alphabet_of(samples), positions(samples), samples.sizes["chain"] > 1
    if not alphabet.labels and several:
        yield "magnetisation", mean_over_chains(samples.values.reshape(*samples.shape[:2], -1).mean(axis=2))
    if not alphabet.labels and samples.sizes["draw"] > 1:
        name = "sum of values" if code else "energy"
        for what, values in (
            (name, series(samples)),
            ("sum of values", samples.values.reshape(*samples.shape[:2], -1).sum(axis=2)),
        ):
            try:
                found = autocorrelation_time(values)
            except ValueError:
                continue  # too short to say
            yield f"tau of the {what}, draws", Estimate(found.tau, found.error)
    if code or not several:
        return
    for seam, bulk in edges(samples):
        yield "bonds across the edge", mean_over_chains(seam[:, None])
        yield "bonds elsewhere", mean_over_chains(bulk[:, None])
        break
    found_K = couplings(samples, ["nn"])
    if not found_K.why:
        yield "K that fits best", found_K["nn"]
