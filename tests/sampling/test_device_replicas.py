"""Multi-spin updates by JAX against exact distributions and the kernels of numba. A GPU would run this very program.

Here JAX's CPU takes the GPU's part. Seeds are fixed and were not chosen. Mutants tried, each fails a test: a bit of the
thresholds dropped, and all beyond the twelfth; K 0.5 % high; Metropolis 2 % low; a neighbour off by a column at one
colour, the two of a row exchanged, one above counted twice; heat bath never run; one key for all words, or blocks;
random numbers that colours, sweeps, single lanes or neighbouring bits share; sweeps not counted; rows unpacked alike.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np
import pytest
import xarray as xr
from drawing import chi_square
from jax.extend.random import threefry_2x32
from typer.testing import CliRunner

import blockspin as bs
import oracles.enumeration
from blockspin import cli
from blockspin.exact import enumeration, ising2d
from blockspin.lattice import Lattice
from blockspin.models import KC_SQUARE, Ising
from blockspin.randomness import threefry
from blockspin.runs import devices
from blockspin.samples import provenance
from blockspin.sampling import device_replicas
from blockspin.sampling.device_replicas import DeviceReplicas
from blockspin.statistics import mean_over_chains
from oracles import transfer

CPU = jax.devices("cpu")[0]
MODEL = Ising(Lattice.square(6, 4), 0.4)
NEVER = 2**31  # sweeps


def begin(model: Ising, chains: int, seed: int = 1) -> DeviceReplicas:
    return DeviceReplicas.begin(model, chains, seed, "test", device=CPU)


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """JAX's CPU as its GPU."""
    monkeypatch.setattr(device_replicas, "gpu", lambda: CPU)


def misfits(model: Ising, replicas: DeviceReplicas, spacing: int, draws: int) -> tuple[float, float]:
    """Sigma of chi^2 over all states, and over (energy, magnetisation)."""
    lattice, chance = model.lattice, enumeration.probabilities(model)
    counts = np.zeros(2**lattice.n_sites)
    for _ in range(draws):
        replicas.advance(spacing)
        counts += np.bincount(oracles.enumeration.index(replicas.spins(), lattice), minlength=len(counts))
    states = enumeration.states(lattice)
    label = np.round(np.stack([Ising(lattice, 1.0).energy(states), states.sum(1, dtype=float)], axis=1))
    _, group = np.unique(label, axis=0, return_inverse=True)
    classes = (np.bincount(group.ravel(), some) for some in (counts, chance))
    return chi_square(counts, chance), chi_square(*classes)


CASES = [
    (Lattice.square(4), 0.2, 0.0),
    (Lattice.square(4), KC_SQUARE, 0.0),
    (Lattice.square(4), -KC_SQUARE, 0.0),
    (Lattice.square(4), 0.3, 0.2),
    (Lattice.square(4), -0.3, 0.5),
    (Lattice.square(2, 6), 0.3, 0.0),
    (Lattice.square(6, 2), -0.3, 0.0),
    (Lattice.square(2, 2), 0.3, -0.1),
]


@pytest.mark.parametrize(("lattice", "K", "h"), CASES, ids=str)
def test_distribution(lattice: Lattice, K: float, h: float) -> None:
    model = Ising(lattice, K, h)
    replicas = begin(model, 2**15)
    replicas.advance(300)
    # 330,000 draws, 10 tau apart or more: 0.3 % in K shows in the second at 5 sigma
    assert max(map(abs, misfits(model, replicas, 50, 10))) < 5


@pytest.mark.parametrize("K", [KC_SQUARE, -0.25])
def test_each_rule_alone_keeps_the_distribution(monkeypatch: pytest.MonkeyPatch, K: float) -> None:
    model = Ising(Lattice.square(4), K)
    replicas = begin(model, 2**15, 2)
    monkeypatch.setattr(device_replicas, "HEAT_BATH_EVERY", 1)
    replicas.advance(300)
    assert max(map(abs, misfits(model, replicas, 50, 10))) < 5
    monkeypatch.setattr(device_replicas, "HEAT_BATH_EVERY", NEVER)  # from equilibrium, since it is reducible
    assert max(map(abs, misfits(model, replicas, 51, 10))) < 5


def test_metropolis_alone_is_reducible_and_the_mixture_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    # at K = 0+ Metropolis turns every spin: a chain would see two states
    replicas = begin(Ising(Lattice.square(2, 6), 1e-9), 512)
    monkeypatch.setattr(device_replicas, "HEAT_BATH_EVERY", NEVER)
    replicas.advance(1)
    before = replicas.spins()
    replicas.advance(2)
    np.testing.assert_array_equal(replicas.spins(), before)
    monkeypatch.setattr(device_replicas, "HEAT_BATH_EVERY", 32)
    replicas.advance(32)
    assert 0.4 < (replicas.spins() != before).mean() < 0.6


@pytest.mark.parametrize("K", [0.42, KC_SQUARE, -0.42])
def test_energy_and_order_agree_with_exact_values(K: float) -> None:
    model = Ising(Lattice.square(8), K)
    replicas, seen = begin(model, 8192, 3), []
    replicas.advance(400)
    for _ in range(10):
        replicas.advance(40)
        seen.append(replicas.observe())
    energy, order = (mean_over_chains(one.T) for one in np.moveaxis(seen, 2, 0))
    # the error of e K is 3e-4, of abs(m) 7e-4: 0.2 % of K would show at 5 sigma
    assert abs(energy.z(abs(K) * ising2d.energy_per_site(model.lattice, abs(K)))) < 4.5
    assert abs(order.z(transfer.magnetisation_moments(Ising(model.lattice, abs(K))).abs_m)) < 4.5


def test_lanes_words_and_blocks_have_random_numbers_of_their_own() -> None:
    # one random word that several replicas share inflates the variance of their mean
    replicas = begin(Ising(Lattice.square(4), 0.3), 1024, 4)
    replicas.advance(100)
    drawn = []
    for _ in range(300):
        replicas.advance(10)
        drawn.append(replicas.observe()[:, 0])
    energies = np.array(drawn)
    for group in (1, 32, 512):  # neighbours, those of a lane in all words, those of a lane in both blocks
        parts = energies.reshape(300, -1, group).swapaxes(1, 2) if group > 1 else energies[:, None]
        means = parts.mean(axis=-1)
        ratio = means.var(axis=0, ddof=1).mean() / (energies.var(ddof=1) / parts.shape[-1])
        assert 0.6 < ratio < 1.5  # the first is known to 8 %


def test_replicas_depend_on_their_number_alone_and_not_on_the_pieces() -> None:
    many, few = begin(MODEL, 1024, 5), begin(MODEL, 32, 5)
    many.advance(70)
    for steps in (0, 1, 33, 36):
        few.advance(steps)
    np.testing.assert_array_equal(few.spins(), many.spins()[:32])
    np.testing.assert_array_equal(many.first(40).spins(), many.spins()[:40])
    assert not (many.spins()[0] == many.spins()[32]).all()
    assert not (begin(MODEL, 32, 6).spins() == begin(MODEL, 32, 5).spins()).all()


def test_a_state_can_be_taken_up_again() -> None:
    one, other = begin(MODEL, 600), begin(MODEL, 600, 2)
    seen = one.record(70)  # more than the device keeps at once
    np.testing.assert_array_equal(seen[:, -1], one.observe())
    other.restore({name: array.copy() for name, array in one.state().items()})
    one.advance(7)
    other.advance(7)
    np.testing.assert_array_equal(one.spins(), other.spins())
    alone = begin(MODEL, 600)
    alone.advance(77)
    np.testing.assert_array_equal(alone.spins(), one.spins())


@pytest.mark.parametrize(("K", "h"), [(0.4, 0.0), (-0.4, 0.0), (-0.2, 0.3)])
def test_observables_are_those_of_the_spins(K: float, h: float) -> None:
    model = Ising(MODEL.lattice, K, h)
    replicas = begin(model, 700)
    for steps in (0, 3):
        replicas.advance(steps)
        spins, observed = replicas.spins(), replicas.observe()
        assert (spins.shape, observed.shape) == ((700, model.lattice.n_sites), (700, 2))
        assert set(np.unique(spins)) == {-1, 1}
        np.testing.assert_allclose(observed[:, 0], model.energy(spins) / model.lattice.n_sites, atol=1e-12)
        sign = 1 - 2 * (model.lattice.coordinates.sum(axis=1) % 2) if K < 0 else 1
        order = (spins * sign).mean(axis=1)
        np.testing.assert_allclose(observed[:, 1], np.abs(order) if h == 0 else order, atol=1e-12)
        if steps == 0:  # up, random, down, random
            np.testing.assert_array_equal(order[::2], np.tile([1.0, -1.0], 175))
            assert 0 < np.abs(order[1::2]).mean() < 0.6
    np.testing.assert_array_equal(replicas.groups, np.arange(700) % 2)


def test_random_bits_are_those_of_jax() -> None:
    words = np.random.default_rng(1).integers(0, 2**32, (50, 4), np.uint32)
    for a, b, counter, sweep in words:
        ours = threefry((a[None], b[None]), (counter, sweep))
        np.testing.assert_array_equal(np.ravel(ours), threefry_2x32(np.array([a, b]), np.array([counter, sweep])))


def test_thresholds_keep_all_their_bits() -> None:
    masks, rest = device_replicas._thresholds(Ising(Lattice.square(4), 0.31, 0.07))
    first = [[sum(int(bit & 1) << (63 - k) for k, bit in enumerate(one)) for one in rule] for rule in masks]
    whole = [
        [high + ((int(a) << 32 | int(b)) >> 12) for high, (a, b) in zip(*rule, strict=True)]
        for rule in zip(first, rest, strict=True)
    ]
    for n in range(5):
        gain = 2 * (0.31 * (2 * n - 4) + 0.07)
        assert whole[0][n] / 2**64 == pytest.approx(1 / (1 + np.exp(-gain)), rel=1e-15)
        assert whole[1][n] / 2**64 == pytest.approx(min(1.0, np.exp(gain)), rel=1e-15)


def test_lanes_below_a_threshold_are_decided_by_all_bits() -> None:
    # made-up bits that agree with a threshold to the last: of three open lanes one is below, by its last bit
    masks, rest = np.zeros((1, 12), np.uint32), np.array([[5, 7]], np.uint32)
    singles = {6: (5, 6), 7: (5, 7), 8: (4, 2**32 - 1)}

    def random(k: int) -> tuple[np.ndarray, ...]:
        pair = singles.get(int(k), (0, 2**32 - 8))
        return tuple(np.full((1, 1, 1, 1), word, np.uint32) for word in pair)

    with jax.disable_jit():
        below = device_replicas._below([np.full((1, 1, 1, 1), 2**32 - 1, np.uint32)], masks, rest, random)
    assert int(below[0, 0, 0, 0]) == 0b101


@pytest.mark.usefixtures("gpu")
def test_sample_draws_on_the_device() -> None:
    model = Ising(Lattice.square(8), 0.38)
    drawn = bs.sample(model, 2560, seed=1, device="gpu", chains=512)
    assert drawn.shape == (512, 5, 8, 8)
    stored = provenance(drawn)
    assert (stored["device"], stored["algorithm"]) == ("gpu", "multi-spin")
    assert all(value < 1.05 for value in stored["r_hat"].values())
    energy = mean_over_chains(model.energy(drawn.values) / 64)
    assert abs(energy.z(0.38 * ising2d.energy_per_site(model.lattice, 0.38))) < 4.5


@pytest.mark.usefixtures("gpu")
def test_a_file_resumes_and_knows_its_device(tmp_path: Path) -> None:
    def stop(at: int) -> Callable[[float, str], None]:
        calls = iter(range(at))

        def tell(fraction: float, text: str) -> None:
            if next(calls, None) is None:
                raise KeyboardInterrupt

        return tell

    asked = {"seed": 3, "chains": 600, "spacing": 2, "equilibration": 30}
    whole = bs.sample(MODEL, 6000, out=tmp_path / "whole.nc", device="gpu", **asked)
    with pytest.raises(KeyboardInterrupt):
        bs.sample(MODEL, 6000, out=tmp_path / "s.nc", device="gpu", progress=stop(5), **asked)
    path = bs.sample(MODEL, 6000, out=tmp_path / "s.nc", device="gpu", **asked)
    assert path.read_bytes() == whole.read_bytes()
    xr.testing.assert_identical(bs.read_samples(path), bs.sample(MODEL, 6000, device="gpu", **asked))
    with pytest.raises(ValueError, match="device is 'gpu'"):
        bs.sample(MODEL, 6000, out=path, **asked)
    other = bs.sample(MODEL, 6000, out=tmp_path / "other.nc", **asked)
    with pytest.raises(ValueError, match="device is 'cpu'"):
        bs.sample(MODEL, 6000, out=other, device="gpu", **asked)


def test_without_a_gpu_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"(?s)'gpu'.*RuntimeError.*'cpu'"):
        bs.sample(MODEL, 10, seed=1, device="gpu")
    with pytest.raises(ValueError, match=r"RuntimeError.*'cpu'"):
        bs.sample(MODEL, 10, seed=1, device="gpu", out=tmp_path / "s.nc")
    assert not list(tmp_path.iterdir())
    with pytest.raises(ValueError, match="cpu, gpu"):
        bs.sample(MODEL, 10, seed=1, device="auto")
    words = ["sample", "ising", "--shape", "6x4", "--set", "K=0.4", "-n", "9", "--out", str(tmp_path / "s.nc")]
    outcome = CliRunner().invoke(cli.app, [*words, "--device", "gpu"])
    assert outcome.exit_code == 2
    assert "JAX" in outcome.stderr
    assert CliRunner().invoke(cli.app, [*words, "--device", "gpu", "--dry-run"]).exit_code == 0


@pytest.mark.usefixtures("gpu")
def test_the_command_draws_on_the_device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["sample", "ising", "--shape", "6x4", "--set", "K=0.4", "-n", "9", "--device", "gpu", "--out"]
    monkeypatch.setattr(devices, "look", lambda: ("gpu", ""))
    assert CliRunner().invoke(cli.app, [*words, str(tmp_path / "s.nc")]).exit_code == 0
    assert provenance(bs.read_samples(tmp_path / "s.nc"))["device"] == "gpu"
    monkeypatch.setattr(devices, "look", lambda: ("cpu", "nothing"))
    assert "already" in CliRunner().invoke(cli.app, [*words, str(tmp_path / "s.nc")]).stdout
    assert "nothing" in CliRunner().invoke(cli.app, [*words, str(tmp_path / "t.nc")]).stderr


@pytest.mark.parametrize(
    "model",
    [
        Ising(Lattice.triangular(4), 0.2),
        Ising(Lattice.cubic(4), 0.2),
        Ising(Lattice.chain(8), 0.2),
        Ising(Lattice.square(5, 4), 0.2),
        Ising(Lattice.square(4, 5), 0.2),
        Ising(Lattice.square(4), (0.2, 0.1)),
        Ising(Lattice.square(4), 0.0),
        Ising(Lattice.square(2**14), 0.2),
        bs.Potts(Lattice.square(4), 0.2, 3),
        bs.Dimers(Lattice.square(8), 1.0),
    ],
    ids=str,
)
def test_models_that_it_does_not_serve_are_refused(model: bs.PairModel) -> None:
    with pytest.raises(ValueError, match=r"'gpu'.*Ising.*even.*'cpu'"):
        bs.sample(model, 10, seed=1, device="gpu")


@pytest.mark.parametrize("algorithm", ["wolff", "nonsense"])
def test_other_algorithms_are_refused(algorithm: str) -> None:
    with pytest.raises(ValueError, match=rf"multi-spin.*{algorithm}"):
        bs.sample(MODEL, 10, seed=1, device="gpu", algorithm=algorithm)
