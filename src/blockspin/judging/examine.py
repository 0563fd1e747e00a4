"""What samples hold, before a map is judged: values, correlations, edges, coupling, and which criteria they allow."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import xarray as xr

from blockspin import memory
from blockspin.judging.criteria import CRITERIA
from blockspin.judging.critical import edges, few, mixed, reasons, series
from blockspin.report.tabular import aligned
from blockspin.rg.pseudolikelihood import couplings
from blockspin.samples import alphabet_of, described, lattice_of, positions
from blockspin.statistics import Estimate, autocorrelation_time, mean_over_chains

NEEDS = {
    "spectrum": "critical",
    "manifold": "critical",
    "flow": "critical",
    "generalization": "train",
}  # samples that a criterion takes besides


@dataclass(frozen=True)
class Examination:
    """The findings on samples; `print` shows them as a table.

    numbers: estimates by name, as far as the samples support them. not_critical: codes, each with a sentence, of what
    keeps the samples from being critical ones; few: the same of draws that are few, or of a mixture. criteria: what
    each of the judge's criteria needs besides these samples ("", "critical", "train"), or a code where it cannot be
    requested.
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
        if "" in self.criteria.values() and not self.not_critical:
            rows.append(("critical", "nothing speaks against it: these can be given as --critical"))
        rows += [("note", f"{why} ({code})") for code, why in self.few.items()]
        more = {"": "can be requested", "critical": "with critical samples", "train": "with training samples"}
        for need in dict.fromkeys(self.criteria.values()):
            names = ", ".join(name for name, other in self.criteria.items() if other == need)
            rows.append(("criteria", f"{names}: {more.get(need, f'refused ({need})')}"))
        return "\n".join([self.samples, *aligned(rows)])


def examine(samples: xr.DataArray) -> Examination:
    """The findings on samples of any alphabet. Raises TypeError and ValueError for what are no samples."""
    alphabet, several = alphabet_of(samples), samples.sizes["chain"] > 1
    shares = dict.fromkeys(alphabet.letters, 0.0)
    for part in memory.parts(samples.values):
        shares = {letter: share + (part == letter).sum() / samples.size for letter, share in shares.items()}
    able = alphabet.mirrored and several
    refused = "" if able else "few chains" if not several else "other letters"
    criteria = {}
    for name, criterion in CRITERIA.items():
        unplaced = "" if any(one.anywhere for one in criterion.quantities) else positions(samples)
        criteria[name] = refused or unplaced or NEEDS.get(name, "")
    problems, too_few = (reasons(samples), (*few(samples), *mixed(samples))) if able else ((), ())
    numbers = dict(_numbers(samples)) if several else {}
    return Examination(described(samples), shares, numbers, dict(problems), dict(too_few), criteria)


def _numbers(samples: xr.DataArray) -> Iterator[tuple[str, Estimate]]:
    torus = not positions(samples)
    total = samples.values.sum(axis=tuple(range(2, samples.ndim)))
    if not alphabet_of(samples).labels:
        yield "magnetisation", mean_over_chains(total / lattice_of(samples).n_sites)
        observed = {"sum of values": total} | ({"energy": series(samples)} if torus else {})
        for name, values in observed.items():
            with suppress(ValueError):  # too short to say
                found = autocorrelation_time(values)
                if samples.sizes["draw"] > 1:
                    yield f"tau of the {name}, draws", Estimate(found.tau, found.error)
    if torus:
        for name, bonds in zip(("bonds across the edge", "bonds elsewhere"), next(edges(samples), ()), strict=False):
            yield name, mean_over_chains(bonds[:, None])
        if not (found_K := couplings(samples, ["nn"])).why:
            yield "K that fits best", found_K["nn"]
