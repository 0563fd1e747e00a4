"""The whole judge: block rules renormalize, maps that know no blocks do not, wrong input is named."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import xarray as xr
from made_maps import Linear, Of, ising_machine
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import PCA
from sklearn.neural_network import BernoulliRBM
from sklearn.pipeline import make_pipeline
from sklearn.random_projection import GaussianRandomProjection, SparseRandomProjection

import blockspin as bs
from blockspin.judging import CRITERIA, Scorecard, measure, references
from blockspin.judging.card import Criterion
from blockspin.judging.evidence import Evidence, Subject
from blockspin.judging.judge import TABLE, _warnings
from blockspin.judging.nulls import cheap, noise
from blockspin.models import Ising
from blockspin.samples import features, make


def rows(card: Scorecard) -> dict[str, Criterion]:
    return {row.quantity: row for row in card.criteria}


@pytest.fixture(scope="module")
def majority(lattice: bs.Lattice, held_out: xr.DataArray) -> bs.Majority:
    return bs.Majority(lattice, 2, random_state=1).fit(features(held_out))


def test_majority_renormalizes(
    majority: bs.Majority, held_out: xr.DataArray, critical: xr.DataArray, train: xr.DataArray, model: Ising
) -> None:
    card = bs.judge(majority, held_out, critical=critical, train=train, model=model, name="block rule")
    assert card.verdict == "renormalizes"
    assert [card.passed(name) for name in ("locality", "tiling", "spectrum", "symmetry")] == [True] * 4
    assert (card.map, card.b) == ("block rule", 2.0)
    assert card.notes == ("trained on noise or on permuted sites the map is what it was: these are no nulls of it",)
    y_t = rows(card)["y_t"]
    assert y_t.reference is not None
    assert y_t.reference["name"] == "majority"
    assert y_t.null is not None
    assert y_t.null["name"] in ("shuffled sites", "nothing relevant")
    # retrained clones of a rule that learns nothing are the rule itself: they tell nothing and are left out
    assert all(row.null is None or row.null["name"] != "K=0 data" for row in card.criteria if row.passed is not None)


def test_decimation_tiles_and_has_other_exponents_than_majority(
    lattice: bs.Lattice, held_out: xr.DataArray, critical: xr.DataArray
) -> None:
    # one-site fields stay so where the sites are permuted, and its locality says little of a lattice; decimation has
    # no fixed point, and y_h lies at 1.95, not at 15/8
    rule = bs.Decimation(lattice, 2).fit(features(held_out))
    card = bs.judge(rule, held_out, critical=critical)
    assert card.passed("tiling") is True
    assert rows(card)["y_t"].passed is True
    y_h = rows(card)["y_h"]
    assert y_h.reference is not None
    assert y_h.value - y_h.reference["value"] > 4.5 * np.hypot(y_h.error, y_h.reference["error"])
    assert y_h.passed is False  # nearer to d, which spins of the fine lattice have
    assert card.verdict != "renormalizes"
    assert rows(card)["participation ratio"].value == 1


def test_noise_on_the_blocks_shows_in_the_magnetic_exponent(
    lattice: bs.Lattice, held_out: xr.DataArray, critical: xr.DataArray
) -> None:
    class Noisy(bs.Majority):
        def _block(self, spins: Any, parts: Any) -> Any:
            blocks = super()._block(spins, parts)
            flip = np.random.default_rng(3).random(blocks.shape) < 0.1
            return np.where(flip, -blocks, blocks).astype(np.int8)

    card = bs.judge(Noisy(lattice, 2, random_state=1).fit(features(held_out)), held_out, critical=critical)
    assert rows(card)["y_h"].passed is False
    assert card.verdict != "renormalizes"


def test_what_nobody_asked_for_neither_passes_nor_fails(majority: bs.Majority, held_out: xr.DataArray) -> None:
    card = bs.judge(majority, held_out)
    assert card.passed("spectrum") is None
    assert card.verdict == "coarse-grains (locality, tiling; not told: spectrum)"


@pytest.mark.parametrize(
    "transformer",
    [PCA(64), GaussianRandomProjection(64, random_state=1), SparseRandomProjection(64, random_state=1)],
    ids=lambda transformer: type(transformer).__name__,
)
def test_maps_that_know_no_blocks_do_not_renormalize(
    transformer: Any, held_out: xr.DataArray, critical: xr.DataArray, train: xr.DataArray
) -> None:
    card = bs.judge(transformer, held_out, critical=critical, train=train)  # fitted by the judge
    assert card.verdict == "does not"
    assert card.passed("spectrum") is False
    assert card.passed("locality") is False
    assert rows(card)["y_h"].why.startswith("not defined: the fields' centres")
    assert "if forced)" in str(card)


def test_a_machine_of_scikit_learn(
    held_out: xr.DataArray, critical: xr.DataArray, train: xr.DataArray, model: Ising
) -> None:
    machine = make_pipeline(bs.ToBinary(), BernoulliRBM(64, n_iter=2, batch_size=100, random_state=1))
    card = bs.judge(machine, held_out, critical=critical, train=train, model=model)
    assert card.verdict == "does not"  # two epochs
    assert {row.name for row in card.criteria} == set(CRITERIA)
    assert rows(card)["energy a site"].reference == {
        "name": "exact",
        "value": pytest.approx(bs.judging.fidelity.ising2d.energy_per_site(model.lattice, model.K)),
        "error": 0.0,
    }
    assert rows(card)["free-energy gap"].passed is not None
    stored = json.dumps(card.to_dict(), allow_nan=False)
    assert json.loads(stored)["verdict"] == "does not"


def test_a_faithful_machine_need_not_coarse_grain(held_out: xr.DataArray, critical: xr.DataArray, model: Ising) -> None:
    # the Ising model exactly: samples as good as the data's, and more units than sites
    card = bs.judge(ising_machine(model.lattice, model.K), held_out, critical=critical, model=model)
    assert rows(card)["energy a site"].passed is True
    assert card.passed("spectrum") is not True
    assert rows(card)["y_t"].why == "512 units for 256 sites: nothing is coarse-grained"
    assert any("no block rule has b" in note for note in card.notes)


def test_nulls_of_the_majority_rule_fail(
    majority: bs.Majority, held_out: xr.DataArray, critical: xr.DataArray, train: xr.DataArray
) -> None:
    for seed in range(3):
        for name, null in cheap(majority, features(train), seed).items():
            card = bs.judge(null, held_out, critical=critical, nulls={name: majority}, name=name)
            assert card.verdict == "does not"
            assert card.passed("spectrum") is False


def test_the_exponents_of_noise_are_no_exponents(
    majority: bs.Majority, lattice: bs.Lattice, held_out: xr.DataArray, critical: xr.DataArray
) -> None:
    # the majority rule on samples without correlations, against itself at the critical point
    still = make(noise((8000, 256), 1).reshape(100, 80, 16, 16), lattice)
    found = measure(majority, Evidence(held_out, critical=still), name="at K = 0", criteria=["spectrum"])
    beside = measure(majority, Evidence(held_out, critical=critical), name="majority", criteria=["spectrum"])
    card = bs.judging.scorecard(found, [], beside)
    assert card.passed("spectrum") is False
    assert rows(card)["y_h"].value < 1


def test_references_are_the_block_rules_of_the_maps_side(held_out: xr.DataArray, critical: xr.DataArray) -> None:
    evidence = Evidence(held_out, critical=critical)
    found = references(evidence, 4.0)
    assert [rule.name for rule in found] == ["majority", "decimation"]
    assert all(rule.b == 4 for rule in found)
    for b in (1.0, 2.5, 3.0, 16.0):  # no block, no whole number, does not divide, leaves one site
        assert references(evidence, b) == []


def test_nulls_of_ones_own_take_the_place_of_the_judges(majority: bs.Majority, held_out: xr.DataArray) -> None:
    random = Linear(np.random.default_rng(1).normal(size=(64, 256)))
    card = bs.judge(majority, held_out, nulls={"a random map": random})
    own = {"reconstructed sites", "y_t", "y_h", "I(H:E), nats"}  # quantities with a null of their own
    judged = [row for row in card.criteria if row.passed is not None and row.null and row.quantity not in own]
    assert {row.null["name"] for row in judged if row.null} == {"a random map"}
    assert card.verdict == "coarse-grains (locality, tiling; not told: spectrum)"  # no critical samples, no exponents


def test_the_same_call_gives_the_same_card(
    majority: bs.Majority, held_out: xr.DataArray, critical: xr.DataArray
) -> None:
    cards = [bs.judge(majority, held_out, critical=critical, seed=seed) for seed in (1, 1, 2)]
    assert cards[0] == cards[1]
    assert cards[0] != cards[2]


def test_a_chain_is_judged_too() -> None:
    chain = bs.Lattice.chain(48)
    samples = bs.sample(Ising(chain, 0.5), 400, seed=1)
    card = bs.judge(bs.Majority(chain, 3).fit(features(samples)), samples, model=Ising(chain, 0.5))
    assert card.passed("locality") is True
    assert rows(card)["spacing of centres / b"].passed is True
    assert rows(card)["y_h"].why.startswith("no critical samples")
    assert card.b == 3


def test_wrong_input_is_named(majority: bs.Majority, held_out: xr.DataArray, lattice: bs.Lattice) -> None:
    other = make(np.ones((4, 3, 8, 8), np.int8), bs.Lattice.square(8))
    for name in ("critical", "train"):
        with pytest.raises(ValueError, match=f"{name} samples must live on the samples' lattice, square 16x16; got"):
            bs.judge(majority, held_out, **{name: other})
    with pytest.raises(ValueError, match="the model must live on the samples' lattice, square 16x16; got square 8x8"):
        bs.judge(majority, held_out, model=Ising(bs.Lattice.square(8), 0.4))
    with pytest.raises(ValueError, match="the map must be fitted, or training samples given with train="):
        bs.judge(PCA(64), held_out)
    with pytest.raises(TypeError, match=r"must be an xarray\.DataArray .*; got ndarray"):
        bs.judge(majority, features(held_out))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="Majority"):
        bs.judge(majority, other)
    for wrong in (lambda X: X[:, 0], lambda X: X[:10, :64]):
        with pytest.raises(ValueError, match=r"one row of outputs a sample, shape \(1000, units\); got"):
            bs.judge(Of(wrong), held_out)
    with pytest.raises(ValueError, match=r"criterion must be one of locality, tiling, .*; got 'beauty'"):
        measure(majority, Evidence(held_out), name="m", criteria=["beauty"])
    with pytest.raises(ValueError, match="at least 2 chains; got 1"):
        bs.judge(majority, held_out.isel(chain=slice(1)))
    assert list(TABLE) == list(CRITERIA)


def test_a_map_needs_a_transform_and_no_more(
    lattice: bs.Lattice, held_out: xr.DataArray, critical: xr.DataArray
) -> None:
    class Plain:
        def transform(self, X: Any) -> Any:
            return bs.Majority(lattice, 2, ties="first").fit(X).transform(X)

    card = bs.judge(Plain(), held_out.isel(draw=slice(2)), critical=critical)
    assert card.passed("spectrum") is not None
    assert any("draws spreads its fields" in note for note in card.notes)
    assert bs.judge(bs.Majority(lattice, 2), held_out, critical=critical).verdict == "renormalizes"  # not fitted
    with pytest.raises(TypeError, match="must have transform"):
        bs.judge("majority", held_out)


def test_samples_off_the_critical_point_are_noted(majority: bs.Majority, held_out: xr.DataArray) -> None:
    assert any("not of Kc" in note for note in bs.judge(majority, held_out, critical=held_out).notes)


def test_another_model_than_the_samples_name_is_refused(
    majority: bs.Majority, held_out: xr.DataArray, lattice: bs.Lattice, model: Ising
) -> None:
    with pytest.raises(ValueError, match=r"drawn from the .*K = 0.408.*; got as their model .*K = 0.44"):
        Evidence(held_out, model=Ising(lattice, 0.44))
    assert Evidence(held_out).model == model
    assert Evidence(bs.samples.own(held_out.values)).model is None


def test_fields_that_the_outputs_do_not_follow_are_not_believed(lattice: bs.Lattice, held_out: xr.DataArray) -> None:
    X = features(held_out)
    liar = GaussianRandomProjection(64, random_state=0).fit(X)
    liar.fields_ = bs.Majority(lattice, 2).fields_
    subject = Subject(liar, Evidence(held_out), name="m")
    assert subject.fields_from == "regression"
    assert any("do not follow the map's weights" in note for note in _warnings(subject))
    mostly_ties = bs.WeightedMajority(lattice, 2, weights=[1, 1, -1, -1], random_state=1)
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

    card = bs.judge(Sums().fit(features(train)), held_out, critical=critical, train=train, model=model)
    assert any("the map is what it was" in note for note in card.notes)
    assert card.verdict == "renormalizes"


def test_outputs_must_be_finite(lattice: bs.Lattice, held_out: xr.DataArray) -> None:
    class Broken:
        def transform(self, X: Any) -> Any:
            return np.full((len(X), 64), np.nan)

    with pytest.raises(ValueError, match="must give finite outputs"):
        bs.judge(Broken(), held_out)
