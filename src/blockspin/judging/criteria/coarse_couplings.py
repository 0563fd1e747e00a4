"""Couplings of fine and of coarse spins, and the positions of units that they need: the numbers of flow and range."""

from blockspin.alphabet import Alphabet
from blockspin.coarse.embedding import Embedding
from blockspin.judging.evidence import Evidence, Subject
from blockspin.judging.measurement import NotDefined
from blockspin.rg.operators import EVEN, ODD
from blockspin.rg.pseudolikelihood import Couplings, in_field, of_spins


def spins_needed(subject: Subject) -> None:
    """Raise NotDefined where the samples are no spins."""
    if subject.evidence.not_spins:
        raise NotDefined("not spins", subject.evidence.not_spins)


def same_letters(subject: Subject) -> Alphabet:
    """The alphabet of fine and coarse variables; raises NotDefined where the map leads from one to another."""
    fine, coarse = subject.evidence.alphabet, subject.alphabet
    if fine != coarse:
        why = f"the map leads from {fine} to {coarse}: couplings and exponents need a step between equal alphabets"
        raise NotDefined("other letters", why)
    return fine


def placed_units(subject: Subject) -> tuple[Embedding, str]:
    """The positions of the units, and why they are forced ("" where they are not); raises NotDefined without any."""
    n, lattice = subject.n_units, subject.lattice
    if n >= lattice.n_sites:
        raise NotDefined("not coarse", f"{n} units for {lattice.n_sites} sites: nothing is coarse-grained")
    embedding = subject.embedding
    if embedding is None:
        raise NotDefined("no places", f"the {n} units have no positions on a lattice")
    if embedding.defined:
        return embedding, ""
    return embedding, (
        "the outputs have no positions on a coarse lattice: the fields' centres "
        f"lie {embedding.residual:.2f} from a grid of spacing {embedding.b:g}, centres at random "
        f"{embedding.poisson:.2f} +- {embedding.poisson_spread:.2f}"
    )


def fine_and_coarse(
    subject: Subject, name: str, operators: tuple[str, ...] | None = None
) -> tuple[Couplings, Couplings]:
    """Couplings before and after the map, of its evidence's "samples" or "critical" ones; computed once.

    operators: default the table's even ones. Odd ones join them, behind, where the spins are magnetised. Raises
    NotDefined where the units have no positions, or couplings of either side are not defined.
    """
    return subject.once(_both, name, EVEN[subject.lattice.kind] if operators is None else operators)


def _both(subject: Subject, name: str, operators: tuple[str, ...]) -> tuple[Couplings, Couplings]:
    alphabet, (embedding, _) = same_letters(subject), placed_units(subject)
    coarse = subject.placed(name)
    odd = ODD[subject.lattice.kind] if in_field(coarse) else ()
    try:
        after = of_spins(coarse, embedding.lattice, operators + odd, alphabet=alphabet)
    except ValueError as error:  # operators that wind around a small coarse lattice, or a single chain
        raise NotDefined("no couplings", str(error)) from None
    before = subject.evidence.once(_fine, name, operators)
    for side, found in (("fine", before), ("coarse", after)):
        if found.why:
            raise NotDefined("no couplings", f"{side} spins: {found.why}")
    return before, after


def _fine(evidence: Evidence, name: str, operators: tuple[str, ...]) -> Couplings:
    spins = getattr(evidence, name).values
    odd = ODD[evidence.lattice.kind] if in_field(spins) else ()
    return of_spins(spins, evidence.lattice, operators + odd, alphabet=evidence.alphabet)
