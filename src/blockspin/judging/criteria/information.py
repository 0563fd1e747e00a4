"""Information: what does a coarse spin know about its environment beyond a buffer?

V is the b x b block of a unit, E the ring one site wide beyond a buffer of b/2 sites (for nearest-neighbour models it
holds all information of the rest about V), H the unit's coarse spin. Source of the quantity: M. Koch-Janusz and
Z. Ringel, Nature Physics 14, 578 (2018). Estimates are lower bounds (`judging.lower_bound`).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from blockspin.alphabet import SPINS
from blockspin.arrays import FloatArray
from blockspin.coarse.embedding import Embedding
from blockspin.coarse.rsmi.windows import Windows, cut, windows
from blockspin.coarse.sparse_fields import best_windows, on_sites
from blockspin.exact import surroundings
from blockspin.exact.information import Joint, block_states, sign_rule
from blockspin.judging.criteria.coarse_couplings import placed_units
from blockspin.judging.criteria.criterion import Criterion, Quantity
from blockspin.judging.evidence import Evidence, Subject
from blockspin.judging.lower_bound import bound, whole_bound
from blockspin.judging.measurement import LOOSE, NotDefined, Reading, Side
from blockspin.judging.rules import Described, Exceeds
from blockspin.judging.thresholds import LOCAL
from blockspin.lattice import Lattice, windows_at
from blockspin.models import nearest
from blockspin.randomness import generator
from blockspin.samples import to_matrix
from blockspin.statistics import Estimate, leave_one_out, with_blocks

KEPT, SHARE = "I(H:E), nats", "kept of I(V:E)"
MOST = 10_000  # windows looked at
COUNTED = 8  # spins of a block whose states are counted for I(V:E)
SUMMED = 4  # spins of a block in a sum over all states
SIGNS = 8  # rules of random signs, at most
REPEATS = 64  # surroundings of a block state
ROUNDING = 1e-6  # of P in single precision
FEWEST = 8  # chains


@dataclass(frozen=True)
class Found:
    """I(H:E) of a map's units, mean over units, and where fields were cut; I(V:E), and what random signs keep of it."""

    kept: Estimate
    note: str
    whole: Estimate | None
    random: Estimate


def information(subject: Subject) -> Found:
    """I(H:E) of a unit and its environment, mean over units.

    A map whose units read their own block alone is measured by its coarse spins. A unit that reads farther would
    report what it sees of E: its field is then cut to its block, h = sign(sum_V w v). Summed over all states where
    the model is an Ising model on the 6 x 6 torus (b = 2) or on a chain (blocks of up to 4 spins): exact, without an
    error, unless the map tosses coins of its own. Else a lower bound from the held-out samples, with the jackknife
    error over chains. Raises NotDefined where units have no positions on a lattice or b is no whole number, and
    where block, buffer and ring do not fit the lattice, or the chains are fewer than 8.
    """
    if subject.evidence.alphabet != SPINS:
        raise NotDefined("not spins", f"information is estimated for spins -1/+1, not for {subject.evidence.alphabet}")
    embedding, forced = placed_units(subject)
    if forced:
        raise NotDefined(LOOSE if subject.loose_positions else "no places", forced)
    b = round(subject.b)
    if abs(subject.b - b) > 1e-9 or b < 2:
        raise NotDefined("no block", f"b = {subject.b:g} is no side of a block")
    try:
        shell = windows(subject.lattice, b, max(1, b // 2), 1)
    except ValueError as error:
        raise NotDefined("no environment", str(error)) from None
    joint = subject.evidence.once(exact_joint, b)
    if joint is None and subject.evidence.samples.sizes["chain"] < FEWEST:
        raise NotDefined("few chains", f"an error over chains needs {FEWEST} of them")
    blocks = blocks_of(subject, shell.blocks[embedding.site])
    weights = on_sites(subject.fields, blocks)
    total = (subject.fields**2).sum(axis=1)
    inside = (weights**2).sum(axis=1) / np.where(total > 0, total, 1)
    local = bool((inside > 1 - LOCAL).all())
    if joint is None:
        kept = _estimated(subject, embedding, shell, blocks, weights, local)
    else:
        # the table's order of a block's sites: along the chain, or around the square
        order = [0, 1, 3, 2] if subject.lattice.dimension == 2 else list(range(b))
        rules = _rules(subject, joint.n_spins, blocks[:, order])
        if subject.fields_from == "regression":  # such fields are never 0 outside
            local = bool(np.ptp(rules, axis=0).max() < ROUNDING)
        kept = _summed(joint, rules if local else np.stack([[sign_rule(one) for one in weights[:, order]]]))
    note = "" if local else f"fields cut to their blocks, which hold {inside.mean():.2f} of w^2"
    return Found(kept, note, *subject.evidence.once(_shared, b))


def _kept(subject: Subject) -> Reading:
    found = subject.once(information)
    # the mean of what block rules with weights of random sign, +1 or -1, keep
    null = Side.of("random signs", found.random)
    return Reading(found.kept.value, found.kept.error, found.note, below=null)


def _share(subject: Subject) -> Reading:
    found = subject.once(information)
    kept, whole = found.kept, found.whole
    if whole is None or not whole.value > 0:
        why = f"I(V:E) is counted for blocks of at most {COUNTED} spins" if whole is None else "E tells nothing of V"
        raise NotDefined("no I(V:E)", why)
    value = kept.value / whole.value
    # the same chains give both, so that the errors add up to too much, if anything
    return Reading(value, math.hypot(kept.error, value * whole.error) / whole.value)


def exact_joint(evidence: Evidence, b: int) -> Joint | None:
    """p(V, E) where it can be summed, else None."""
    model, lattice = evidence.model, evidence.lattice
    if not nearest(model):
        return None
    if lattice.kind == "chain" and b <= SUMMED:
        return surroundings.chain(model, b, max(1, b // 2))
    if lattice == Lattice.square(6) and b == 2:
        return surroundings.torus(model)
    return None


def blocks_of(subject: Subject, own: NDArray[np.intp]) -> NDArray[np.intp]:
    """Sites of each unit's block, (M, b^d): its `own` of the tiling, or the window that holds more of w^2."""
    weight, every = subject.fields**2, windows_at(subject.lattice, round(subject.b))
    best, most = best_windows(weight, every)
    better = most > on_sites(weight, own).sum(axis=1) * (1 + LOCAL)
    chosen: NDArray[np.intp] = np.where(better[:, None], every[best], own)
    return chosen


def _patterns(n: int, seed: int) -> FloatArray:
    """Weights of +1 and -1, the first +1: all where they are at most `SIGNS`, else as many drawn."""
    if 1 << (n - 1) <= SIGNS:
        return block_states(n)[1::2].astype(float)
    signs: FloatArray = np.where(generator(seed, "random signs", n).random((SIGNS, n)) < 0.5, 1.0, -1.0)
    return signs


def _shared(evidence: Evidence, b: int) -> tuple[Estimate | None, Estimate]:
    """I(V:E), and what rules of random signs keep, by the tiling's own blocks of side b: the same for all maps."""
    joint, shell = evidence.once(exact_joint, b), windows(evidence.lattice, b, max(1, b // 2), 1)
    n = shell.blocks.shape[1]
    patterns = _patterns(n, evidence.seed)
    if joint is not None:
        mean = np.mean([joint.kept(sign_rule(signs)) for signs in patterns])
        return Estimate(joint.information(), 0.0), Estimate(float(mean), 0.0)
    chains = evidence.few.sizes["chain"]
    v, e = cut(to_matrix(evidence.few), shell, MOST, generator(evidence.seed, "windows", b))
    coin = generator(evidence.seed, "ties", b).normal(0, 1e-3, len(v))
    kept = [bound(np.where(v @ signs + coin > 0, 1, -1), e, chains) for signs in patterns]
    error = float(np.mean([one.error for one in kept]))  # all on the same chains
    values = np.array([one.value for one in kept])
    if 1 << (n - 1) > SIGNS:
        error = math.hypot(error, float(values.std(ddof=1)) / math.sqrt(SIGNS))
    whole = whole_bound(v, e, chains) if n <= COUNTED else None
    return whole, Estimate(float(values.mean()), error)


def _estimated(
    subject: Subject,
    embedding: Embedding,
    shell: Windows,
    blocks: NDArray[np.intp],
    weights: FloatArray,
    local: bool,
) -> Estimate:
    evidence, lattice, X = subject.evidence, subject.lattice, to_matrix(subject.evidence.few)
    if local:
        placed = subject.placed("samples" if evidence.every == 1 else "few")
        h = placed.reshape(len(X), -1)[:, embedding.site]
    else:
        h = np.stack([_signs(X[:, sites], field) for sites, field in zip(blocks, weights, strict=True)], axis=1)
    # the ring around each unit's own block: that of the first block of the tiling, moved
    shift = lattice.coordinates[blocks[:, 0]] - lattice.coordinates[shell.blocks[0, 0]]
    ring = (lattice.coordinates[shell.environments[0]] + shift[:, None]) % lattice.shape
    around = np.ravel_multi_index(tuple(np.moveaxis(ring, -1, 0)), lattice.shape)
    # coarse spins as sites behind those of the lattice
    units = Windows(lattice.n_sites + np.arange(len(blocks))[:, None], around)
    random = generator(evidence.seed, "windows", round(subject.b))
    coarse, e = cut(np.hstack([X, h]), units, MOST, random)
    return bound(coarse[:, 0], e, evidence.few.sizes["chain"])


def _signs(v: NDArray[np.int8], weights: FloatArray) -> NDArray[np.int8]:
    """sign(sum w v) of each row, a tie by the first spin."""
    total = (v * weights).sum(axis=1)
    return np.where(np.where(total == 0, v[:, 0], total) > 0, 1, -1).astype(np.int8)


def _rules(subject: Subject, n_spins: int, blocks: NDArray[np.intp]) -> FloatArray:
    """P(h = +1 | V) of each unit by state of its block, in `REPEATS` surroundings, (REPEATS, M, 2^n)."""
    states = np.tile(block_states(n_spins), (REPEATS, 1))
    rules = np.empty((REPEATS, len(blocks), 1 << n_spins))
    for unit, sites in enumerate(blocks):
        X = np.repeat(np.resize(subject.evidence.X, (REPEATS, subject.lattice.n_sites)), 1 << n_spins, axis=0)
        X[:, sites] = states
        rules[:, unit] = subject.as_spins.chance_of(subject.map, X)[:, unit].reshape(REPEATS, -1)
    return rules


def _summed(joint: Joint, rules: FloatArray) -> Estimate:
    """The mean over units of I(H:E) by P(h = +1 | V), (surroundings, M, 2^n); exact where P hangs on the block alone.

    Else it is that of the mean of P over surroundings, with the jackknife error over them.
    """

    def kept(units: FloatArray) -> float:
        return float(np.mean([joint.kept(rule) for rule in np.clip(units, 0, 1)]))

    if np.ptp(rules, axis=0).max() < ROUNDING:
        return Estimate(kept(rules[0]), 0.0)
    return with_blocks(*leave_one_out(rules, kept))


INFORMATION = Criterion(
    __doc__,
    (Quantity(KEPT, _kept, Exceeds()), Quantity(SHARE, _share, Described())),
    headline=(KEPT,),
)
