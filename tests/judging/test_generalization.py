"""Generalization: exact conditional probabilities, and a machine that learned its samples by heart."""

from __future__ import annotations

import math

import numpy as np
import pytest
import xarray as xr
from made_maps import Linear, ising_machine
from made_maps import measured as measured_of
from sklearn.neural_network import BernoulliRBM
from sklearn.pipeline import make_pipeline

from blockspin.coarse.fields import ToBinary
from blockspin.coarse.rbm import RBM
from blockspin.coarse.rbm.units import binary_from_spin
from blockspin.coarse.stack import machine_from
from blockspin.judging import Evidence, Outcome, Subject, measure_subject, scorecard
from blockspin.judging.criteria import generalization, rule_of
from blockspin.judging.measurement import Measurement, State
from blockspin.judging.rules import Agrees
from blockspin.models import Ising
from blockspin.samples import make, to_matrix
from blockspin.statistics import jackknife


def measured(transformer: object, evidence: Evidence) -> dict[str, Measurement]:
    return measured_of("generalization", transformer, evidence)


@pytest.mark.parametrize("units", ["spin", "binary"])
def test_the_exact_machine_has_the_ising_models_energies_and_conditional_probabilities(
    units: str, model: Ising, held_out: xr.DataArray, train: xr.DataArray
) -> None:
    # -ln sum_h exp(-E) is the reduced energy, so the gap is the difference of the mean energies; ln p(s_i | others) is
    # -ln(1 + exp(-2 K s_i sum_j s_j)) over the neighbours
    machine = ising_machine(model.lattice, model.K)
    if units == "binary":
        W, b, c = binary_from_spin(machine.components_, machine.intercept_visible_, machine.intercept_hidden_)
        weights = {"components": W, "intercept_visible": b, "intercept_hidden": c}
        machine = make_pipeline(ToBinary().fit(np.ones((1, 256))), machine_from(weights, BernoulliRBM(len(W))))
    rows = measured(machine, Evidence(held_out, train=train))
    chains = [model.energy(samples.values).mean(axis=1) for samples in (held_out, train)]
    (out, out_error), (kept, kept_error) = jackknife(chains[0]), jackknife(chains[1])
    gap = rows["free-energy gap"]
    assert gap.value == pytest.approx(out - kept, abs=2e-3)
    assert gap.error == pytest.approx(math.hypot(out_error, kept_error), rel=1e-3)
    assert rule_of(gap.criterion, gap.quantity) == Agrees()
    pseudo = rows["pseudo-likelihood"]
    assert pseudo.target is not None
    for found, samples in ((pseudo.value, held_out), (pseudo.target.value, train)):
        X = to_matrix(samples).astype(float)
        field = X * X[:, model.lattice.neighbours].sum(axis=2)
        assert found == pytest.approx(-np.log1p(np.exp(-2 * model.K * field)).mean(), rel=1e-4)


def test_samples_of_one_model_leave_no_gap_and_those_of_another_do(
    model: Ising, held_out: xr.DataArray, train: xr.DataArray
) -> None:
    # 1000 samples a side of energy deviation 11 or so: a gap of 2.2 nats (1 % of the energy) is seen at 4.5 sigma
    machine = ising_machine(model.lattice, model.K)
    gap = measured(machine, Evidence(held_out, train=train))["free-energy gap"]
    assert abs(gap.value) < 4.5 * gap.error
    assert gap.error < 1
    up = make(np.ones_like(train.values), model.lattice)
    assert measured(machine, Evidence(held_out, train=up))["free-energy gap"].value > 50


def test_samples_learned_by_heart_are_found_out(model: Ising, held_out: xr.DataArray, train: xr.DataArray) -> None:
    # a hidden spin a training sample, each the sample's own picture: the Hopfield machine of five samples
    few = make(to_matrix(train)[::200].reshape(5, 1, 16, 16), model.lattice)
    machine = RBM.from_weights(0.05 * to_matrix(few).astype(float), units="spin")
    evidence = Evidence(held_out, train=few)
    gap = measured(machine, evidence)["free-energy gap"]
    assert gap.value > 2
    assert gap.value > 4.5 * gap.error
    card = scorecard(measure_subject(Subject(machine, evidence, name="m"), ["generalization"]), [], None)
    assert card.outcome("generalization") is Outcome.FAIL


def test_long_data_are_thinned(
    model: Ising, held_out: xr.DataArray, train: xr.DataArray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generalization, "MOST", 250)
    rows = measured(ising_machine(model.lattice, model.K), Evidence(held_out, train=train))
    thin = [model.energy(samples.values[:, ::4]).mean() for samples in (held_out, train)]
    assert rows["free-energy gap"].value == pytest.approx(thin[0] - thin[1], abs=2e-3)


def test_what_cannot_be_told_has_a_reason(model: Ising, held_out: xr.DataArray, train: xr.DataArray) -> None:
    assert measured(Linear(np.eye(256)), Evidence(held_out, train=train)) == {}
    rows = measured(ising_machine(model.lattice, model.K), Evidence(held_out))
    assert list(rows) == ["free-energy gap"]
    gap = rows["free-energy gap"]
    assert (gap.state, gap.code) == (State.NOT_REQUESTED, "no training samples")
    bits = BernoulliRBM(4, n_iter=1).fit(to_matrix(train))  # trained on -1/+1, which scikit-learn lets pass
    alone, behind = (measured(one, Evidence(held_out, train=train)) for one in (bits, make_pipeline(ToBinary(), bits)))
    assert len(alone) == 2
    assert alone == behind  # it gets 0/1, whoever sees to that
    below = RBM.from_weights(0.1 * np.ones((8, 256)), units="spin")
    assert measured(make_pipeline(below, BernoulliRBM(4, n_iter=1)).fit(to_matrix(train)), Evidence(held_out)) == {}
