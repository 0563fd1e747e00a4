"""Fidelity: a machine that is the Ising model exactly, Kaufman's energies, and what a coarse spin remembers."""

from __future__ import annotations

import math

import numpy as np
import pytest
import xarray as xr
from made_maps import Linear, ising_machine, z
from made_maps import measured as measured_of
from sklearn.pipeline import make_pipeline

from blockspin.coarse.blocks import Decimation, Majority
from blockspin.coarse.fields import ToBinary
from blockspin.coarse.rbm import RBM
from blockspin.coarse.rbm.units import binary_from_spin
from blockspin.exact import enumeration, ising2d
from blockspin.judging import Evidence, Subject
from blockspin.judging.criteria.fidelity import (
    absolute_magnetisation,
    correlation,
    effective_coupling,
    energy_per_site,
    reconstruction,
)
from blockspin.judging.measurement import Measurement
from blockspin.lattice import Lattice
from blockspin.models import Ising
from blockspin.own_data.read import read_samples as own
from blockspin.samples import make, to_matrix
from blockspin.sampling.sample import sample
from blockspin.statistics import Estimate

SMALL = Ising(Lattice.square(6), 0.3)


@pytest.fixture(scope="module")
def small() -> xr.DataArray:
    return sample(SMALL, 2000, seed=1)


def measured(transformer: object, evidence: Evidence) -> dict[str, Measurement]:
    return measured_of("fidelity", transformer, evidence)


@pytest.mark.parametrize(
    "lattice", [Lattice.square(4), Lattice.square(3, 5), Lattice.chain(6), Lattice.triangular(4, 3)], ids=str
)
def test_observables_bond_by_bond(lattice: Lattice) -> None:
    spins = np.random.default_rng(1).choice(np.array([-1, 1], np.int8), (3, 4, *lattice.shape))
    flat = spins.reshape(3, 4, -1).astype(int)
    bonds = flat[..., lattice.bonds[:, 0]] * flat[..., lattice.bonds[:, 1]]
    np.testing.assert_allclose(energy_per_site(spins, lattice), -bonds.sum(axis=2) / lattice.n_sites)
    np.testing.assert_allclose(absolute_magnetisation(spins, lattice), np.abs(flat.mean(axis=2)))
    G = correlation(spins)
    np.testing.assert_allclose(G[:, 0], 1)
    if lattice.kind != "triangular":  # where the axes are two of three directions
        np.testing.assert_allclose(G[:, 1], -energy_per_site(spins, lattice).mean(axis=1) / lattice.dimension)
    assert G.shape == (3, min(lattice.shape) // 2 + 1)


def test_observables_do_not_overflow_on_large_lattices() -> None:
    lattice = Lattice.square(40)
    up = np.ones((1, 1, 40, 40), np.int8)
    assert energy_per_site(up, lattice) == -2
    assert absolute_magnetisation(-up, lattice) == 1
    assert (correlation(up) == 1).all()


@pytest.mark.parametrize("lattice", [Lattice.square(4), Lattice.square(16), Lattice.square(6, 10)], ids=str)
@pytest.mark.parametrize("K", [0.05, 0.3, 0.44, 0.7])
def test_the_effective_coupling_inverts_kaufmans_energy(lattice: Lattice, K: float) -> None:
    u = ising2d.energy_per_site(lattice, K)
    found = effective_coupling(Estimate(u, 0.001), lattice)
    assert found.value == pytest.approx(K, abs=1e-8)
    beyond = effective_coupling(Estimate(u + 1e-5, 0.001), lattice)
    assert found.error == pytest.approx(0.001 * abs(beyond.value - found.value) / 1e-5, rel=0.01)


def test_energies_that_no_coupling_gives_have_no_effective_coupling() -> None:
    for energy in (0.1, -2.0):
        assert math.isnan(effective_coupling(Estimate(energy, 0.01), Lattice.square(8)).value)
    assert math.isnan(effective_coupling(Estimate(-0.5, 0.01), Lattice.chain(8)).value)


def test_the_exact_machine_makes_samples_of_its_model(small: xr.DataArray) -> None:
    # 1200 states; at 4.5 sigma sees 5 % of K, 0.05 of the energy (of 0.74), 0.04 of |m| and 0.03 of G(1)
    rows = measured(ising_machine(SMALL.lattice, SMALL.K), Evidence(small, model=SMALL))
    energy = rows["energy a site"]
    assert energy.target is not None
    assert energy.target.name == "exact"
    assert energy.target.value == pytest.approx(ising2d.energy_per_site(SMALL.lattice, SMALL.K))
    assert not any(row.why for row in rows.values())
    for quantity in ("energy a site", "effective K", "|m|", "G(L/4)"):
        row = rows[quantity]
        assert row.target is not None
        assert abs(z(row, row.target)) < 4.5
    assert energy.error < 0.011
    assert rows["effective K"].error < 0.0035
    assert rows["|m|"].error < 0.009
    # the targets that come from data agree with the exact ones: G(1) = -u / 2, and L/4 is 1 here
    assert abs(z(rows["G(L/4)"].target, -energy.target.value / 2)) < 4.5


def test_a_machine_of_another_coupling_is_seen(small: xr.DataArray) -> None:
    rows = measured(ising_machine(SMALL.lattice, 0.33), Evidence(small, model=SMALL))
    coupling = rows["effective K"]
    assert abs(z(coupling, 0.33)) < 4.5
    assert coupling.value - 0.3 > 4.5 * coupling.error
    energy = rows["energy a site"]
    assert energy.target is not None
    assert energy.target.value - energy.value > 4.5 * energy.error


def test_without_a_model_the_data_are_the_target(small: xr.DataArray) -> None:
    rows = measured(ising_machine(SMALL.lattice, SMALL.K), Evidence(own(small.values)))
    energy = rows["energy a site"].target
    assert energy is not None
    assert energy.name == "data"
    assert abs(z(energy, ising2d.energy_per_site(SMALL.lattice, SMALL.K))) < 4.5
    assert "effective K" not in rows


def test_a_binary_machine_of_the_same_weights_does_as_well(small: xr.DataArray) -> None:
    machine = ising_machine(SMALL.lattice, SMALL.K)
    W, b, c = binary_from_spin(machine.components_, machine.intercept_visible_, machine.intercept_hidden_)
    stack = make_pipeline(ToBinary().fit(np.ones((1, 36))), RBM.from_weights(W, b, c, units="binary"))
    energy = measured(stack, Evidence(small, model=SMALL))["energy a site"]
    assert energy.target is not None
    assert abs(z(energy, energy.target.value)) < 4.5


def test_a_run_that_remembers_its_start_says_so(small: xr.DataArray) -> None:
    # every unit keeps its state: chains from data stay ordered, chains from noise stay noise
    up = make(np.ones((4, 5, 6, 6), np.int8), SMALL.lattice)
    energy = measured(RBM.from_weights(20 * np.eye(36), units="spin"), Evidence(up, model=SMALL))["energy a site"]
    assert energy.why
    assert energy.value == pytest.approx(-1, abs=0.1)
    assert energy.error > 0.9


@pytest.mark.parametrize("units", ["gaussian", "none"])
def test_what_makes_no_spins_is_not_run(units: str, small: xr.DataArray) -> None:
    fields = np.random.default_rng(1).normal(0, 0.1, (9, 36))
    transformer = Linear(fields) if units == "none" else RBM.from_weights(fields, units="gaussian")
    subject = Subject(transformer, Evidence(small, model=SMALL), name="m")
    assert subject.free_run is None
    assert list(measured(transformer, subject.evidence)) == ["reconstructed sites"]


def test_half_of_the_free_run_starts_from_data_and_half_from_noise(small: xr.DataArray) -> None:
    free = Subject(RBM.from_weights(20 * np.eye(36), units="spin"), Evidence(small), name="m").free_run
    assert free is not None
    from_data, from_noise = free
    known = {row.tobytes() for row in to_matrix(small)}
    assert all(draw.tobytes() in known for draw in from_data.reshape(-1, 36))
    noise = from_noise[:, 0]
    assert from_data.shape == from_noise.shape == (100, 6, 6, 6)
    assert abs(noise.mean()) < 4.5 / math.sqrt(noise.size)


def test_a_block_spin_gives_back_its_majority(lattice: Lattice, held_out: xr.DataArray) -> None:
    # a site of a block of sum S agrees with probability (1 + |S| / 4) / 2, whatever coin broke a tie
    X = to_matrix(held_out)
    total = X[:, lattice.blocks(2)].sum(axis=2)
    exact = ((1 + np.abs(total) / 4) / 2).mean()
    subject = Subject(Majority(lattice, 2, random_state=1).fit(X), Evidence(held_out), name="m")
    row = reconstruction(subject)
    assert row.value == pytest.approx(exact)
    chains = ((1 + np.abs(total) / 4) / 2).reshape(held_out.sizes["chain"], -1).mean(axis=1)
    assert row.error == pytest.approx(chains.std(ddof=1) / math.sqrt(len(chains)))


def test_decimation_knows_one_site_and_nothing_of_the_rest(lattice: Lattice, held_out: xr.DataArray) -> None:
    subject = Subject(Decimation(lattice, 2).fit(to_matrix(held_out)), Evidence(held_out), name="m")
    row = reconstruction(subject)
    assert row.value == pytest.approx((1 + 3 / 2) / 4)
    assert row.error == pytest.approx(0, abs=1e-9)


def test_the_exact_machine_reconstructs_a_site_from_its_bonds() -> None:
    # the sign of sum over the bonds of tanh(2 w) (s_i + s_j) / 2 at each site, by every state of a 3 x 3 torus
    lattice = Lattice.square(3)
    states = enumeration.states(lattice)
    samples = make(states.reshape(2, -1, 9), lattice)
    back = states + states[:, lattice.neighbours].sum(axis=2) / 4
    exact = ((1 + np.sign(np.round(back, 9)) * states) / 2).mean()
    row = reconstruction(Subject(ising_machine(lattice, 0.4), Evidence(samples), name="m"))
    assert row.value == pytest.approx(exact, abs=0.02)
