"""Maps and generative maps: what is taken of an object, and a network of numpy that is judged as an RBM is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr
from sklearn.base import BaseEstimator
from sklearn.decomposition import PCA
from sklearn.neural_network import BernoulliRBM
from sklearn.pipeline import make_pipeline

import blockspin as bs
from blockspin.coarse.maps import taken
from blockspin.coarse.stack import Stack
from blockspin.exact import enumeration
from blockspin.judging import Evidence, Outcome, Scorecard, Subject
from blockspin.judging.criteria.divergence import divergence
from blockspin.judging.criteria.generalization import GENERALIZATION
from blockspin.judging.measurement import NotDefined, Reading
from blockspin.judging.nulls import shuffled

LATTICE = bs.Lattice.square(4)
MODEL = bs.Ising(LATTICE, 0.3)


class Network:
    """The Ising model of another coupling as a generative network: drawn from its table of all 2^16 states."""

    outputs_ = "numbers"

    def __init__(self, K: float) -> None:
        self.model = bs.Ising(LATTICE, K)

    def transform(self, X: np.ndarray) -> np.ndarray:
        return X.reshape(-1, 2, 2, 2, 2).sum(axis=(2, 4)).reshape(len(X), 4) / 3

    def free_run(self, start: np.ndarray, *, steps: int, draws: int, random: np.random.Generator) -> np.ndarray:
        chance = enumeration.probabilities(self.model)
        states = random.choice(len(chance), (len(start), draws), p=chance)
        return enumeration.states(LATTICE)[states]

    def free_energy(self, X: np.ndarray) -> np.ndarray:
        return self.model.energy(X)

    def log_partition(self, X: np.ndarray, *, seed: int) -> bs.Estimate | None:
        return bs.Estimate(enumeration.log_partition(self.model), 0.0)

    def untrained(self) -> Network:
        return Network(0.0)


class Of:
    """A function of spins as a map with these attributes."""

    def __init__(self, function: Any, **attributes: Any) -> None:
        self.transform = function
        vars(self).update(attributes)


@pytest.fixture(scope="module")
def samples() -> xr.DataArray:
    return bs.sample(MODEL, 1000, seed=1, chains=20)


@pytest.fixture(scope="module")
def train() -> xr.DataArray:
    return bs.sample(MODEL, 1000, seed=2, chains=20)


def rows(card: Scorecard) -> dict[str, Any]:
    return {row.quantity: row for row in card.rows}


def test_a_network_of_ones_own_is_judged_as_a_generative_model(samples: xr.DataArray, train: xr.DataArray) -> None:
    # energy from 1200 independent draws; 5 errors see a coupling off by 10 %
    card = bs.judge(Network(MODEL.K), samples, train=train, name="mine")
    found = rows(card)
    assert abs(found["energy a site"].value - found["energy a site"].reference.value) < 5 * found["energy a site"].error
    assert found["KL a site"].value == pytest.approx(0, abs=1e-9)
    assert found["|m|"].defined
    assert found["G(L/4)"].defined
    gap = found["free-energy gap"]
    chains = [MODEL.energy(one.values).mean() for one in (samples, train)]
    assert gap.value == pytest.approx(chains[0] - chains[1])
    # the true model has no gap: "pass" is within 2 errors, which 5 % of samples miss
    assert abs(gap.value) < 4.5 * gap.error
    X = bs.to_matrix(samples).astype(float)
    conditional = -np.log1p(np.exp(-2 * MODEL.K * X * X[:, LATTICE.neighbours].sum(axis=2)))
    assert found["pseudo-likelihood"].value == pytest.approx(conditional.mean())
    assert "null untrained" not in {note.code for note in card.notes}
    other = divergence(Subject(Network(0.5), Evidence(samples), name="m"))
    assert other is not None
    assert other.value > 5 * other.error
    assert bs.judge(Network(0.5), samples, criteria=["fidelity"], name="mine").outcome("fidelity") is Outcome.FAIL


def test_an_rbm_by_the_protocol_is_what_it_is_to_the_judge(samples: xr.DataArray, train: xr.DataArray) -> None:
    machine = bs.RBM(4, n_iter=2, random_state=1).fit(bs.to_matrix(train))
    stack = Stack(machine)
    names = ("free_run", "free_energy", "log_partition", "pseudo_log_likelihood", "reconstruct")
    wrapped = Of(machine.transform, outputs_="means", **{name: getattr(stack, name) for name in names})
    evidence = Evidence(samples, train=train)
    for criterion in (bs.judging.CRITERIA["fidelity"], GENERALIZATION):
        one, other = (criterion.measure("", Subject(map, evidence, name="m")) for map in (machine, wrapped))
        assert len(one) > 1
        assert one == other


def test_what_is_missing_is_left_out_and_what_is_wrong_is_named(samples: xr.DataArray) -> None:
    def measured(**methods: Any) -> set[str]:
        subject = Subject(Of(Network(0.3).transform, **methods), Evidence(samples, train=samples), name="mine")
        names = ("fidelity", "generalization")
        return {row.quantity for name in names for row in bs.judging.CRITERIA[name].measure(name, subject)}

    network = Network(0.3)
    assert measured() == {"reconstructed sites"}
    assert "|m|" in measured(free_run=network.free_run)
    assert "KL a site" not in measured(free_energy=network.free_energy, log_partition=lambda X, *, seed: None)
    wrong = {
        "free_run": (lambda start, **how: np.ones((3, 2, 16)), lambda start, **how: np.zeros((200, 6, 16))),
        "free_energy": (lambda X: 0.0, lambda X: np.full(len(X), np.nan)),
        "reconstruct": (lambda X: X[:, :3], lambda X: np.full(X.shape, "a")),
    }
    for name, methods in wrong.items():
        for method in methods:
            with pytest.raises(ValueError, match=name):
                measured(**{name: method})
    with pytest.raises(TypeError, match="Estimate"):
        measured(free_energy=network.free_energy, log_partition=lambda X, *, seed: 3.0)

    def refuse(X: np.ndarray, *, seed: int) -> None:
        raise RuntimeError("chains disagree")

    subject = Subject(Of(network.transform, log_partition=refuse), Evidence(samples), name="m")
    with pytest.raises(NotDefined) as refused:
        divergence(subject)
    assert refused.value.code == "ln Z refused"


def test_what_a_map_says_of_its_outputs_is_checked(samples: xr.DataArray) -> None:
    X = bs.to_matrix(samples)
    with pytest.raises(ValueError, match="outputs_"):
        taken(Of(lambda X: X, outputs_="spin"))
    for kind in ("spins", "bits", "means", "probabilities"):
        with pytest.raises(ValueError, match=kind):
            Subject(Of(lambda X: 3 * X[:, :4], outputs_=kind), Evidence(samples), name="m").as_spins  # noqa: B018
    cut = Subject(Of(lambda X: X[:, :4], outputs_="numbers"), Evidence(samples), name="m")
    np.testing.assert_array_equal(cut.as_spins(X, X[:, :4]), X[:, :4])


def test_what_is_taken_of_estimators_and_wrappers(samples: xr.DataArray) -> None:
    X = bs.to_matrix(samples)
    rule, twice = bs.Decimation(LATTICE, 2), taken(make_pipeline(bs.rules.Plurality(LATTICE, 2, random_state=1)))
    fine, outputs = bs.BlumeCapel.alphabet, np.ones((3, 4), np.int8)
    keeps = [taken(one).alphabet(fine_letters(fine), outputs) for one in (rule, twice.given, bs.Majority(LATTICE, 2))]
    assert [alphabet.q for alphabet in keeps] == [3, 3, 2]
    bits = BernoulliRBM(4, n_iter=1, random_state=1).fit((X + 1) // 2)
    assert taken(bits).as_bits
    assert not taken(make_pipeline(bs.ToBinary(), bits)).as_bits
    np.testing.assert_array_equal(taken(bits).transform(X), bits.transform(((X + 1) / 2).astype(np.float32)))
    null = shuffled(bits, 16, 1)
    assert null.outputs == "probabilities"
    assert null.generative is None
    np.testing.assert_array_equal(null.transform(X), taken(bits).transform(X[:, null.permutation]))
    assert taken(null) is null
    assert [taken(one).placed for one in (bits, PCA(4).fit(X), rule)] == [False, False, True]
    with pytest.raises(TypeError, match="transform"):
        taken(BaseEstimator())


def fine_letters(letters: Any) -> Any:
    from blockspin.alphabet import Alphabet

    return Alphabet.of(letters)


def test_a_placed_map_has_the_nulls_of_what_it_places(samples: xr.DataArray, train: xr.DataArray) -> None:
    placed = bs.Placed(PCA(4, random_state=0).fit(bs.to_matrix(train)), LATTICE, strict=False).fit(bs.to_matrix(train))
    card = bs.judge(placed, samples, train=train, criteria=["locality"])
    assert "nulls retrained" not in {note.code for note in card.notes}
    assert isinstance(divergence(Subject(Network(0.3), Evidence(samples), name="m")), Reading)
