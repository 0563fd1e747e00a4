"""The divergence in nats a site: 0 for machines that are the model, the closed form for another coupling."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from made_maps import ising_machine, z
from sklearn.pipeline import make_pipeline

import oracles.chain
from blockspin.coarse import stack as stack_of
from blockspin.coarse.blocks import Majority
from blockspin.coarse.fields import ToBinary
from blockspin.coarse.rbm import RBM
from blockspin.coarse.rbm.units import binary_from_spin
from blockspin.exact import chain, enumeration, ising2d
from blockspin.judging import Evidence, Subject
from blockspin.judging.criteria.divergence import divergence, log_partition
from blockspin.judging.measurement import NotDefined, Reading
from blockspin.lattice import Lattice
from blockspin.models import Ising
from blockspin.own_data.read import read_samples as own
from blockspin.sampling.sample import sample

RING, SMALL, LARGE = Ising(Lattice.chain(12), 0.8), Ising(Lattice.square(4), 0.4), Ising(Lattice.square(6), 0.3)


def samples_of(model: Ising) -> xr.DataArray:
    return sample(model, 1000, seed=1)


def row(transformer: object, model: Ising) -> Reading:
    found = divergence(Subject(transformer, Evidence(samples_of(model), model=model), name="m"))
    assert found is not None
    return found


def closed_form(model: Ising, K: float) -> float:
    """KL(K || K') a site = (ln Z' - ln Z + (K - K') <sum s s'>) / N."""
    if model.lattice.kind == "chain":
        bonds = -oracles.chain.energy_per_site(model) / model.K
        ratio = chain.log_partition(Ising(model.lattice, K)) - chain.log_partition(model)
    else:
        bonds = -ising2d.energy_per_site(model.lattice, model.K)
        ratio = ising2d.log_partition(model.lattice, K) - ising2d.log_partition(model.lattice, model.K)
    return ratio / model.lattice.n_sites + (model.K - K) * bonds


@pytest.mark.parametrize("model", [RING, SMALL], ids=str)
def test_the_machine_of_bonds_is_the_model(model: Ising) -> None:
    machine = ising_machine(model.lattice, model.K)
    found = row(machine, model)
    assert found.value == pytest.approx(0, abs=2e-6)
    assert found.error < 1e-6
    W, b, c = binary_from_spin(machine.components_, machine.intercept_visible_, machine.intercept_hidden_)
    stack = make_pipeline(ToBinary().fit(np.ones((1, W.shape[1]))), RBM.from_weights(W, b, c, units="binary"))
    assert row(stack, model).value == pytest.approx(0, abs=5e-6)


@pytest.mark.parametrize("model", [RING, SMALL], ids=str)
@pytest.mark.parametrize("shift", [-0.1, 0.1])
def test_another_coupling_costs_what_the_closed_form_says(model: Ising, shift: float) -> None:
    # 1000 draws, 5 sigma: sees a divergence off by about 0.003 nats a site, of 0.004 to 0.012
    found = row(ising_machine(model.lattice, model.K + shift), model)
    assert abs(z(found, closed_form(model, model.K + shift))) < 5
    assert found.error < 0.004


@pytest.mark.slow
def test_annealing_serves_where_no_layer_can_be_summed() -> None:
    # 36 sites, 72 hidden spins; ln Z is known to about 0.1 nats of 113, which is 0.003 a site: sees K off by 10 %
    same, other = (row(ising_machine(LARGE.lattice, K), LARGE) for K in (0.3, 0.45))
    assert abs(z(same, 0.0)) < 5
    assert abs(z(other, closed_form(LARGE, 0.45))) < 5
    assert other.value > 5 * other.error
    assert same.error < 0.006


def test_what_annealing_cannot_tell_is_not_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack_of, "STEPS", 2)
    with pytest.raises(NotDefined) as refused:
        row(RBM.from_weights(5 * np.random.default_rng(0).normal(size=(72, 36)), units="spin"), LARGE)
    assert refused.value.code == "ln Z refused"


def test_only_one_machine_that_makes_spins_of_a_known_model_is_measured() -> None:
    X, model = samples_of(SMALL), SMALL
    one, top = RBM.from_weights(np.zeros((8, 16)), units="spin"), RBM.from_weights(np.zeros((4, 8)), units="spin")
    stack = make_pipeline(one, top)
    gaussian = RBM.from_weights(np.zeros((8, 16)), units="gaussian")
    rule = Majority(SMALL.lattice, 2, random_state=0).fit(X.values.reshape(-1, 16))
    for transformer in (stack, gaussian, rule):
        assert divergence(Subject(transformer, Evidence(X, model=model), name="m")) is None
    assert divergence(Subject(one, Evidence(own(X.values)), name="m")) is None


@pytest.mark.parametrize(
    "model",
    [Ising(Lattice.chain(7), 0.5, h=0.2), Ising(Lattice.square(3, 4), 0.4), Ising(Lattice.square(3), 0.4, h=0.1)],
    ids=str,
)
def test_ln_z_of_the_model_is_the_sum_over_states(model: Ising) -> None:
    assert log_partition(model) == pytest.approx(enumeration.log_partition(model), rel=1e-12)
    assert log_partition(Ising(Lattice.square(8), 0.4, h=0.1)) is None
