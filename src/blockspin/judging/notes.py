"""What a reader of a card must know about the map and the samples, as notes with codes."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from blockspin import memory
from blockspin.judging.card import Note
from blockspin.judging.critical import few, in_order, mixed, refusal
from blockspin.judging.evidence import SAME, Evidence, Subject
from blockspin.judging.measurement import UNPLACED
from blockspin.judging.thresholds import ENOUGH
from blockspin.samples import positions, provenance


def warnings(subject: Subject) -> list[Note]:
    """What a reader of the card must know about the map and the samples."""
    return [*_of_map(subject), *subject.evidence.once(_of_samples)]


def of_all(trainings: Sequence[Sequence[Note]]) -> list[Note]:
    """Each note once: as it is where all trainings have it, else with the numbers of those that do."""
    found = {}
    for note in dict.fromkeys(note for notes in trainings for note in notes):
        those = [str(n) for n, notes in enumerate(trainings, start=1) if note in notes]
        which = "" if len(those) == len(trainings) else f"training {', '.join(those)}: "
        found[note] = replace(note, text=f"{which}{note.text}")
    return [*found.values()]


def _of_map(subject: Subject) -> list[Note]:
    X = subject.evidence.X
    notes = []
    if subject.map.as_bits:
        how = "it gets the spins as 0/1, and must have been trained on them (put bs.ToBinary() before it)"
        notes.append(Note("binary units", f"the RBM has 0/1 units: {how}"))
    if (varying := np.ptp(subject.outputs, axis=0) > 0).sum() == 0:
        notes.append(Note("constant map", "the map is constant: its outputs are the same for all samples"))
    elif not varying.all():
        text = f"{int((~varying).sum())} of {len(varying)} units are constant on these samples"
        notes.append(Note("constant units", text))
    memory.release(subject.outputs)
    # one batch, twice: rounding may depend on its size
    if not np.array_equal(subject.map.transform(X[:SAME]), subject.map.transform(X[:SAME])):
        text = "the map's outputs differ from call to call: the numbers are from one call (give the map a random_state)"
        notes.append(Note("random map", text))
    if subject.loose_fields:
        text = (
            f"the map has no weights, and a regression of its outputs on {X.shape[1]} sites from {len(X)} draws "
            f"spreads its fields: locality and tiling are too wide. Give at least {ENOUGH * X.shape[1]} draws, or give "
            f"the map its weights (M, N) as fields_ or components_"
        )
        notes.append(Note("few draws for fields", text))
    if subject.fields_from == "regression" and subject.map.weights(X.shape[1]) is not None:
        text = "the outputs do not follow the map's weights: its fields are a regression of outputs on spins"
        notes.append(Note("fields by regression", text))
    return notes


def _of_samples(evidence: Evidence) -> list[Note]:
    if evidence.not_spins:
        return [Note("not spins", evidence.not_spins)]
    code = positions(evidence.samples)
    notes = [Note(code, f"samples: {UNPLACED[code]}; what needs a periodic lattice is refused")] if code else []
    notes += [Note(code, f"samples: {text}") for code, text in (*few(evidence.samples), *mixed(evidence.samples))]
    if read_as := provenance(evidence.samples).get("read_as"):
        notes.insert(0, Note("read as spins", f"samples: {read_as}"))
    if in_order(evidence.samples):
        notes.append(Note("not independent", "samples: successive draws are correlated, but counted as independent"))
    if evidence.every > 1:
        text = (
            f"information, and fields by regression, are estimated from every {evidence.every}th draw of large samples"
        )
        notes.append(Note("every so many draws", text))
    if evidence.train is not None and evidence.train.equals(evidence.samples):
        notes.append(Note("not held out", "samples: these are the training samples, not held-out ones"))
    if evidence.critical is not None:
        notes += [Note(code, f"critical samples: {text}") for code, text in few(evidence.critical)]
        if evidence.critical.sizes["draw"] == 1 and evidence.lattice.kind != "square":
            text = "critical samples of one draw a chain: a mixture of temperatures would not be detected"
            notes.append(Note("mixture not checked", text))
        if reason := evidence.once(refusal):
            notes.append(Note(reason[0], f"critical samples: {reason[1]}; exponents are refused"))
    return notes
