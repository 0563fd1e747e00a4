"""The whole judge: block rules renormalize, maps that know no blocks do not, wrong input is named."""

from __future__ import annotations

import copy
import json
from typing import Any

import numpy as np
import pytest
import xarray as xr
from made_maps import Linear, Of, ising_machine
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.decomposition import PCA
from sklearn.neural_network import BernoulliRBM
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.random_projection import GaussianRandomProjection, SparseRandomProjection

import blockspin as bs
from blockspin.exact import ising2d
from blockspin.judging import (
    CRITERIA,
    Evidence,
    Note,
    Outcome,
    Row,
    Scorecard,
    Subject,
    measure_subject,
    reference,
    scorecard,
)
from blockspin.judging.criteria import quantity_of, spectrum
from blockspin.judging.judge import chosen
from blockspin.judging.measurement import Side, State
from blockspin.judging.notes import of_all, warnings
from blockspin.judging.nulls import cheap, noise
from blockspin.judging.trainings import difference
from blockspin.judging.verdict import Verdict
from blockspin.models import Ising
from blockspin.samples import make, to_matrix

PASS, FAIL, CANNOT_TELL = Outcome.PASS, Outcome.FAIL, Outcome.CANNOT_TELL


def rows(card: Scorecard) -> dict[str, Row]:
    return {row.quantity: row for row in card.rows}


def codes(card: Scorecard) -> set[str]:
    return {note.code for note in card.notes}


@pytest.fixture(scope="module")
def majority(lattice: bs.Lattice, held_out: xr.DataArray) -> bs.Majority:
    return bs.Majority(lattice, 2, random_state=1).fit(to_matrix(held_out))


def test_majority_renormalizes(
    majority: bs.Majority, held_out: xr.DataArray, critical: xr.DataArray, train: xr.DataArray, model: Ising
) -> None:
    card = bs.judge(majority, held_out, critical=critical, train=train, model=model, name="block rule")
    assert card.verdict is Verdict.RENORMALIZES
    assert [card.outcome(name) for name in ("locality", "tiling", "spectrum", "symmetry")] == [PASS] * 4
    assert (card.map, card.b) == ("block rule", 2.0)
    assert codes(card) == set()
    y_t = rows(card)["y_t"]
    assert y_t.reference is not None
    assert y_t.reference.name == "majority"
    assert y_t.null is not None
    assert y_t.null.name in ("shuffled sites", "nothing relevant")
    # retrained clones of a rule that learns nothing are the rule itself: they tell nothing and are not made
    assert all(row.null is None or row.null.name != "K=0 data" for row in card.rows)


def test_decimation_tiles_and_has_other_exponents_than_majority(
    lattice: bs.Lattice, held_out: xr.DataArray, critical: xr.DataArray
) -> None:
    # one-site fields stay so where the sites are permuted, and its locality says little of a lattice; decimation has
    # no fixed point, and y_h lies at 1.95, not at 15/8
    rule = bs.Decimation(lattice, 2).fit(to_matrix(held_out))
    card = bs.judge(rule, held_out, critical=critical)
    assert card.outcome("tiling") is PASS
    assert rows(card)["y_t"].outcome is PASS
    y_h = rows(card)["y_h"]
    assert y_h.reference is not None
    assert y_h.value - y_h.reference.value > 4.5 * np.hypot(y_h.error, y_h.reference.error)
    assert y_h.outcome is FAIL  # nearer to d, which spins of the fine lattice have
    assert card.verdict is not Verdict.RENORMALIZES
    assert rows(card)["participation ratio"].value == 1


def test_noise_on_the_blocks_shows_in_the_magnetic_exponent(
    lattice: bs.Lattice, held_out: xr.DataArray, critical: xr.DataArray
) -> None:
    class Noisy(bs.Majority):
        def transform(self, X: Any) -> Any:
            blocks = super().transform(X)
            flip = np.random.default_rng(3).random(blocks.shape) < 0.1
            return np.where(flip, -blocks, blocks).astype(np.int8)

    card = bs.judge(Noisy(lattice, 2, random_state=1).fit(to_matrix(held_out)), held_out, critical=critical)
    assert rows(card)["y_h"].outcome is FAIL
    assert card.verdict is not Verdict.RENORMALIZES


def test_what_nobody_requested_neither_passes_nor_fails(majority: bs.Majority, held_out: xr.DataArray) -> None:
    card = bs.judge(majority, held_out)
    assert {(row.state, row.outcome, row.code) for row in card.rows if row.criterion in ("spectrum", "flow")} == {
        (State.NOT_REQUESTED, CANNOT_TELL, "no critical samples")
    }
    assert [card.outcome(name) for name in ("locality", "tiling", "spectrum")] == [PASS, PASS, CANNOT_TELL]
    assert card.verdict is Verdict.COARSE_GRAINS


@pytest.mark.parametrize(
    "transformer",
    [PCA(64), GaussianRandomProjection(64, random_state=1), SparseRandomProjection(64, random_state=1)],
    ids=lambda transformer: type(transformer).__name__,
)
def test_maps_that_know_no_blocks_do_not_renormalize(
    transformer: Any, held_out: xr.DataArray, critical: xr.DataArray, train: xr.DataArray
) -> None:
    card = bs.judge(transformer, held_out, critical=critical, train=train)  # fitted by the judge
    assert card.verdict is Verdict.DOES_NOT
    assert card.outcome("spectrum") is card.outcome("locality") is FAIL
    y_h = rows(card)["y_h"]
    assert (y_h.state, y_h.code) == (State.FORCED, "forced")
    assert y_h.why in str(card)


@pytest.mark.slow
def test_a_machine_of_scikit_learn(
    held_out: xr.DataArray, critical: xr.DataArray, train: xr.DataArray, model: Ising
) -> None:
    machine = make_pipeline(bs.ToBinary(), BernoulliRBM(64, n_iter=2, batch_size=100, random_state=1))
    card = bs.judge(machine, held_out, critical=critical, train=train, model=model)
    assert card.verdict is Verdict.DOES_NOT  # two epochs
    assert {row.criterion for row in card.rows} == set(CRITERIA)
    assert rows(card)["energy a site"].reference == Side("exact", ising2d.energy_per_site(model.lattice, model.K))
    assert rows(card)["free-energy gap"].outcome is not CANNOT_TELL
    stored = json.dumps(card.to_dict(), allow_nan=False)
    assert json.loads(stored)["verdict"] == "does not"


@pytest.mark.slow
def test_a_faithful_machine_need_not_coarse_grain(held_out: xr.DataArray, critical: xr.DataArray, model: Ising) -> None:
    # the Ising model exactly: samples as good as the data's, and more units than sites
    machine, names = ising_machine(model.lattice, model.K), ["fidelity", "spectrum"]
    card = bs.judge(machine, held_out, critical=critical, model=model, criteria=names)
    assert rows(card)["energy a site"].outcome is PASS
    y_t = rows(card)["y_t"]
    # no block rule has such a side: without a reference nothing fails
    assert (y_t.state, y_t.code, y_t.outcome) == (State.UNDEFINED, "not coarse", CANNOT_TELL)
    assert "no reference" in codes(card)


def test_nulls_of_the_majority_rule_fail(
    majority: bs.Majority, held_out: xr.DataArray, critical: xr.DataArray, train: xr.DataArray
) -> None:
    for seed in range(3):
        for name, null in cheap(majority, to_matrix(train), seed).items():
            card = bs.judge(null, held_out, critical=critical, nulls={name: majority}, name=name)
            assert card.verdict is Verdict.DOES_NOT
            assert card.outcome("spectrum") is FAIL


def test_the_exponents_of_noise_are_no_exponents(
    majority: bs.Majority,
    lattice: bs.Lattice,
    held_out: xr.DataArray,
    critical: xr.DataArray,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # the majority rule on samples without correlations, believed to be critical, against itself at the critical point
    monkeypatch.setattr(spectrum, "critical_needed", lambda evidence: evidence.critical)
    still = make(noise(np.ones((8000, 256)), 1).reshape(100, 80, 16, 16), lattice)
    found = measure_subject(Subject(majority, Evidence(held_out, critical=still), name="at K = 0"), ["spectrum"])
    beside = measure_subject(Subject(majority, Evidence(held_out, critical=critical), name="majority"), ["spectrum"])
    card = scorecard(found, [], beside)
    assert card.outcome("spectrum") is FAIL
    assert rows(card)["y_h"].value < 1
    # against itself on the same samples: below the bounds of any RG step, it decides nothing
    card = scorecard(found, [], found)
    assert rows(card)["y_h"].code == "unfit reference"
    assert card.outcome("spectrum") is CANNOT_TELL


def test_the_reference_is_the_block_rule_of_the_maps_side(
    majority: bs.Majority, held_out: xr.DataArray, critical: xr.DataArray
) -> None:
    evidence = Evidence(held_out, critical=critical)
    for rule, ratio in (("majority", 16.0), ("decimation", 1.0)):
        found = reference(evidence, 4.0, criteria=["locality"], rule=rule)
        assert found is not None
        assert (found.name, found.b, found.measurements[0].value) == (rule, 4, ratio)
    for b in (1.0, 2.5, 3.0, 16.0):  # no block, no whole number, does not divide, leaves one site
        assert reference(evidence, b) is None
    with pytest.raises(ValueError, match=r"majority, decimation, plurality, .*; got 'mean'"):
        reference(evidence, 2.0, rule="mean")


def test_some_criteria_beside_another_rule(majority: bs.Majority, held_out: xr.DataArray) -> None:
    card = bs.judge(majority, held_out, criteria=["tiling", "locality"], reference="decimation")
    assert list(dict.fromkeys(row.criterion for row in card.rows)) == ["locality", "tiling"]  # in the table's order
    beside = rows(card)["participation ratio"].reference
    assert beside == Side("decimation", 1.0, 0.0)
    assert (card.outcome("tiling"), card.outcome("spectrum"), card.verdict) == (
        PASS,
        CANNOT_TELL,
        Verdict.COARSE_GRAINS,
    )
    with pytest.raises(ValueError, match="'beauty'"):
        bs.judge(majority, held_out, criteria=["beauty"])
    with pytest.raises(ValueError, match="'mean'"):
        bs.judge(majority, held_out, criteria=["locality"], reference="mean")


def test_criteria_are_chosen_by_name() -> None:
    assert chosen(None) == list(CRITERIA)
    assert chosen(["spectrum", "locality", "spectrum"]) == ["locality", "spectrum"]
    for wrong, named in ((["beauty"], "'beauty'"), ("locality", "'locality'"), ([], "locality, .*, generalization")):
        with pytest.raises(ValueError, match=named):
            chosen(wrong)


def test_nulls_of_ones_own_take_the_place_of_the_judges(majority: bs.Majority, held_out: xr.DataArray) -> None:
    random = Linear(np.random.default_rng(1).normal(size=(64, 256)))
    card = bs.judge(majority, held_out, nulls={"a random map": random})
    own = {"reconstructed sites", "y_t", "y_h", "I(H:E), nats"}  # quantities with a null of their own
    judged = [row for row in card.rows if row.outcome is not CANNOT_TELL and row.null and row.quantity not in own]
    assert {row.null.name for row in judged if row.null} == {"a random map"}
    assert card.verdict is Verdict.COARSE_GRAINS  # no critical samples, no exponents


def test_the_same_call_gives_the_same_card(
    majority: bs.Majority, held_out: xr.DataArray, critical: xr.DataArray
) -> None:
    cards = [bs.judge(majority, held_out, critical=critical, seed=seed) for seed in (1, 1, 2)]
    assert cards[0] == cards[1]
    assert cards[0] != cards[2]
    assert cards[0].map == "Majority"  # its class, where no name is given


def test_a_chain_is_judged_too() -> None:
    chain = bs.Lattice.chain(48)
    samples = bs.sample(Ising(chain, 0.5), 400, seed=1)
    card = bs.judge(bs.Majority(chain, 3).fit(to_matrix(samples)), samples, model=Ising(chain, 0.5))
    assert card.outcome("locality") is PASS
    assert rows(card)["spacing of centres / b"].outcome is PASS
    assert rows(card)["y_h"].code == "no critical samples"
    assert card.b == 3


def test_wrong_input_is_named(majority: bs.Majority, held_out: xr.DataArray, lattice: bs.Lattice) -> None:
    other = make(np.ones((4, 3, 8, 8), np.int8), bs.Lattice.square(8))
    for name in ("critical", "train"):
        with pytest.raises(ValueError, match=f"{name} .* square 16x16; got square 8x8"):
            bs.judge(majority, held_out, **{name: other})
    with pytest.raises(ValueError, match=r"model.*square 16x16.*square 8x8"):
        bs.judge(majority, held_out, model=Ising(bs.Lattice.square(8), 0.4))
    with pytest.raises(ValueError, match="train="):
        bs.judge(PCA(64), held_out)
    with pytest.raises(TypeError, match="got ndarray"):
        bs.judge(majority, to_matrix(held_out))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="256"):
        bs.judge(majority, other)
    for wrong in (lambda X: X[:, 0], lambda X: X[:10, :64]):
        with pytest.raises(ValueError, match=r"\(1000, M\)"):
            bs.judge(Of(wrong), held_out)
    with pytest.raises(ValueError, match="'beauty'"):
        measure_subject(Subject(majority, Evidence(held_out), name="m"), ["beauty"])
    with pytest.raises(ValueError, match="got 1"):
        bs.judge(majority, held_out.isel(chain=slice(1)))
    for arguments in ({"name": 7}, {"nulls": [majority]}, {"nulls": {"raw": 7}}):
        with pytest.raises(TypeError, match=r"nulls|name"):
            bs.judge(majority, held_out, **arguments)


def test_a_map_needs_a_transform_and_no_more(
    lattice: bs.Lattice, held_out: xr.DataArray, critical: xr.DataArray
) -> None:
    class Plain:
        def transform(self, X: Any) -> Any:
            return bs.Majority(lattice, 2, ties="first").fit(X).transform(X)

    card = bs.judge(Plain(), held_out.isel(draw=slice(2)), critical=critical)
    assert card.outcome("spectrum") is not CANNOT_TELL
    assert "few draws for fields" in codes(card)
    assert bs.judge(bs.Majority(lattice, 2), held_out, critical=critical).verdict is Verdict.RENORMALIZES  # not fitted
    for no_map in ("majority", bs.Majority):
        with pytest.raises(TypeError, match=r"transformer .*(majority|Majority)"):
            bs.judge(no_map, held_out)


def test_samples_off_the_critical_point_are_noted(majority: bs.Majority, held_out: xr.DataArray) -> None:
    card = bs.judge(majority, held_out, critical=held_out, criteria=["spectrum"])
    assert "off critical" in codes(card)
    # the majority rule has no exponents there either: nothing fails
    assert {(row.state, row.code, row.outcome) for row in card.rows} == {(State.UNDEFINED, "off critical", CANNOT_TELL)}


def test_another_model_than_the_samples_name_is_refused(
    majority: bs.Majority, held_out: xr.DataArray, lattice: bs.Lattice, model: Ising
) -> None:
    with pytest.raises(ValueError, match=r"K = 0.408.*K = 0.44"):
        Evidence(held_out, model=Ising(lattice, 0.44))
    assert Evidence(held_out).model == model
    assert Evidence(bs.read_samples(held_out.values)).model is None


def test_fields_that_the_outputs_do_not_follow_are_not_believed(lattice: bs.Lattice, held_out: xr.DataArray) -> None:
    X = to_matrix(held_out)
    liar = GaussianRandomProjection(64, random_state=0).fit(X)
    liar.fields_ = bs.Majority(lattice, 2).fields_
    subject = Subject(liar, Evidence(held_out), name="m")
    assert subject.fields_from == "regression"
    assert "fields by regression" in {note.code for note in warnings(subject)}
    mostly_ties = bs.rules.WeightedMajority(lattice, 2, weights=[1, 1, -1, -1], random_state=1)
    for honest in (PCA(64).fit(X), GaussianRandomProjection(64, random_state=0).fit(X), mostly_ties):
        assert Subject(honest, Evidence(held_out), name="m").fields_from == "weights"


def test_a_map_of_ones_own_that_learns_nothing_is_no_null_of_itself(
    lattice: bs.Lattice, held_out: xr.DataArray, critical: xr.DataArray, train: xr.DataArray, model: Ising
) -> None:
    class Sums(TransformerMixin, BaseEstimator):
        """Block sums, with a fit that does nothing."""

        def fit(self, X: Any, y: object = None) -> Sums:
            self.fitted_ = True
            return self

        def transform(self, X: Any) -> np.ndarray:
            return np.asarray(X).reshape(-1, 8, 2, 8, 2).sum(axis=(2, 4)).reshape(len(X), -1)

    card = bs.judge(Sums().fit(to_matrix(train)), held_out, critical=critical, train=train, model=model)
    assert "nulls retrained" in codes(card)
    assert card.verdict is Verdict.RENORMALIZES


def test_outputs_must_be_finite(lattice: bs.Lattice, held_out: xr.DataArray) -> None:
    class Broken:
        def transform(self, X: Any) -> Any:
            return np.full((len(X), 64), np.nan)

    with pytest.raises(ValueError, match=r"64000 "):
        bs.judge(Broken(), held_out)


def test_a_list_of_trainings_is_judged_as_one_map() -> None:
    lattice = bs.Lattice.square(8)
    samples = bs.sample(bs.Ising(lattice, 0.4), 400, seed=1)
    rbms = [bs.RBM(16, units="spin", n_iter=2, random_state=n).fit(bs.to_matrix(samples)) for n in range(3)]
    card = bs.judge(rbms, samples, criteria=["locality", "symmetry"])
    alone = [bs.judge(one, samples, criteria=["locality", "symmetry"]) for one in rbms]
    assert (card.map, len(card.rows)) == ("RBM", len(alone[0].rows))
    trained = [row for row in card.rows if row.trainings is not None]
    assert trained
    for row in trained:
        values = [one.row(row.criterion, row.quantity).value for one in alone]
        assert row.trainings.values == tuple(values)
        assert row.value == pytest.approx(np.mean(values))
        own = quantity_of(row.criterion, row.quantity).own
        assert row.trainings.own == own
        # one field made of all has no error of samples
        sampling = 0.0 if own or np.isnan(row.trainings.sampling) else row.trainings.sampling
        assert row.error == pytest.approx(np.hypot(row.trainings.between, sampling))
        nulls = [one.row(row.criterion, row.quantity).null for one in alone]
        if row.null is not None and len({null.name for null in nulls} | {row.null.name}) == 1:
            assert row.null.value == pytest.approx(np.mean([null.value for null in nulls]))
    table = card.to_dataframe()
    assert set(table["trainings"]) <= {1, 3}
    assert (
        bs.judge({"one": rbms}, samples, criteria=["locality"])["one"].rows
        == card.rows[: len(alone[0].rows)][: sum(row.criterion == "locality" for row in card.rows)]
    )
    with pytest.raises(ValueError, match=r"transformer.* got none"):
        bs.judge([], samples)
    with pytest.raises(ValueError, match=r"got 3 of which 2 "):
        bs.judge([*rbms[:2], rbms[0]], samples)
    with pytest.raises(ValueError, match=r"got 4 of which 2 "):
        bs.judge([*rbms[:2], *copy.deepcopy(rbms[:2])], samples)
    other = bs.RBM(16, units="spin", n_iter=2, l1=0.05, random_state=7).fit(bs.to_matrix(samples))
    with pytest.raises(ValueError, match=r"got l1 = 0\.0 and 0\.05"):
        bs.judge([*rbms, other], samples)
    turned = bs.judge(rbms[::-1], samples, criteria=["locality", "symmetry"])
    assert [row.outcome for row in turned.rows] == [row.outcome for row in card.rows]
    assert "mean of 3 trainings" in str(card)
    assert card.trainings == 3
    assert [note.code for note in card.notes if note.code == "trainings"] == ["trainings"]
    with pytest.raises(TypeError, match="transformer"):
        bs.judge([rbms[0], 3], samples)


def test_maps_of_other_sizes_are_no_trainings_of_one_map() -> None:
    lattice = bs.Lattice.square(8)
    samples = bs.sample(bs.Ising(lattice, 0.4), 400, seed=1)
    with pytest.raises(ValueError, match=r"got b = 2 and 4"):
        bs.judge([bs.Majority(lattice, 2), bs.Majority(lattice, 4)], samples, criteria=["tiling"])
    with pytest.raises(ValueError, match=r"b = 2 in layer 1, b = 4 in layer 1"):  # without get_params
        bs.judge([Blocks(2), Blocks(4)], samples, criteria=["tiling"])
    with pytest.raises(ValueError, match=r"one class; got Majority, Decimation"):
        bs.judge([bs.Majority(lattice, 2), bs.Decimation(lattice, 2)], samples, criteria=["tiling"])


class Blocks:
    """Sums of blocks, without parameters that scikit-learn knows."""

    def __init__(self, b: int) -> None:
        self.b = b

    def transform(self, X: Any) -> np.ndarray:
        n = 8 // self.b
        return np.asarray(X).reshape(-1, n, self.b, n, self.b).sum(axis=(2, 4)).reshape(len(X), -1)


@pytest.mark.parametrize("make", [bs.Decimation, bs.Majority, lambda lattice, b: Blocks(b)])
def test_a_rule_that_learns_nothing_is_no_training_of_itself(make: Any) -> None:
    lattice = bs.Lattice.square(8)
    samples = bs.sample(bs.Ising(lattice, 0.4), 400, seed=1)
    with pytest.raises(ValueError, match="got 2 of which 1 differ"):
        bs.judge([make(lattice, 2), make(lattice, 2)], samples, criteria=["tiling"])


def test_recipes_are_compared_step_by_step() -> None:
    rbm = bs.RBM(16, units="spin", random_state=1)
    first = make_pipeline(bs.ToBinary(), rbm)
    assert difference(first, make_pipeline(bs.ToBinary(), clone(rbm).set_params(random_state=2, verbose=True))) == ""
    assert "l1 = 0.0 and 0.1" in difference(first, make_pipeline(bs.ToBinary(), clone(rbm).set_params(l1=0.1)))
    assert difference(first, make_pipeline(PCA(4), rbm)).startswith("steps")
    weighted = [bs.rules.WeightedMajority(bs.Lattice.square(8), 2, weights=np.array([1, 2, 3, n])) for n in (4, 4, 5)]
    assert difference(*weighted[:2]) == ""
    assert difference(*weighted[1:]).startswith("weights")
    assert difference(FunctionTransformer(np.abs), FunctionTransformer(np.abs)) == ""
    assert difference(FunctionTransformer(np.abs), FunctionTransformer(np.sign)).startswith("func")
    assert difference(Blocks(2), Blocks(4)) == ""


def test_notes_are_those_of_all_trainings() -> None:
    one, other, third = Note("a", "of all"), Note("b", "of two"), Note("b", "of one")
    found = of_all([[one, other], [one, other], [one, third]])
    assert [(note.code, note.text) for note in found] == [
        ("a", "of all"), ("b", "training 1, 2: of two"), ("b", "training 3: of one"),
    ]  # fmt: skip
    assert of_all([[one, other]]) == [one, other]


def test_what_only_a_later_training_lacks_is_on_the_card() -> None:
    lattice = bs.Lattice.square(8)
    samples = bs.sample(bs.Ising(lattice, 0.4), 400, seed=1)
    rbms = [bs.RBM(16, units="spin", n_iter=1, random_state=n).fit(bs.to_matrix(samples)) for n in range(2)]
    rbms[1].intercept_hidden_ = np.full(16, 1e3)  # always up
    card = bs.judge(rbms, samples, criteria=["tiling"])
    assert "constant map" in codes(card)
    assert "constant map" not in codes(bs.judge(rbms[0], samples, criteria=["tiling"]))
