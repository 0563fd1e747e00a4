"""Blobs on a background: blocks, a Gaussian in noise, noise by its extremes, site by site, shuffled sites."""

from __future__ import annotations

import math

import numpy as np
import pytest
import xarray as xr
from made_maps import Linear, measured
from scipy.sparse import csr_array

from blockspin.coarse.blocks import Decimation, Majority
from blockspin.coarse.triangular import TriangularMajority
from blockspin.judging import Evidence, Outcome, Subject, measure_subject, scorecard
from blockspin.judging.criteria.blob import blobs
from blockspin.judging.measurement import State
from blockspin.lattice import Lattice

L = Lattice.square(40)
RATIO, SITES = "background over peak", "sites of the blob"


@pytest.mark.parametrize(
    ("lattice", "b"),
    [(Lattice.square(8), 2), (Lattice.square(9), 3), (Lattice.cubic(4), 2), (Lattice.chain(12), 4)],
    ids=str,
)
def test_a_block_has_no_background_and_its_sites(lattice: Lattice, b: int) -> None:
    for fields in (Majority(lattice, b).fields_, np.asarray(csr_array(Majority(lattice, b).fields_).todense())):
        ratio, sites = blobs(-3 * fields, lattice, b)
        np.testing.assert_array_equal(ratio, 0)
        np.testing.assert_array_equal(sites, b**lattice.dimension)
    ratio, sites = blobs(Decimation(lattice, b).fields_, lattice, b)
    np.testing.assert_array_equal([ratio, sites], [np.zeros(len(ratio)), np.ones(len(ratio))])


def test_a_triangular_block_is_nine_sites() -> None:
    ratio, sites = blobs(TriangularMajority(Lattice.triangular(6)).fields_, Lattice.triangular(6), 3)
    np.testing.assert_array_equal([ratio, sites], [np.zeros(4), np.full(4, 9)])


def test_a_flat_field_is_one_blob_and_a_checkerboard_is_none() -> None:
    even = np.where(L.coordinates.sum(axis=1) % 2, -1.0, 1.0)
    ratio, sites = blobs(np.stack([np.full(1600, -0.1), even]), L, 2)
    np.testing.assert_array_equal(ratio, [0, np.nan])
    np.testing.assert_array_equal(sites, [1600, np.nan])


@pytest.mark.parametrize(
    "lattice", [Lattice.square(7, 9), Lattice.triangular(6), Lattice.cubic(4), Lattice.chain(30)], ids=str
)
@pytest.mark.parametrize("side", [1, 2, 3])
def test_blobs_site_by_site(lattice: Lattice, side: int) -> None:
    random = np.random.default_rng(1)
    fields = random.normal(size=(20, lattice.n_sites)) * (random.random((20, lattice.n_sites)) < 0.7)
    found = np.transpose(blobs(fields, lattice, side))
    np.testing.assert_allclose(found, [by_hand(field, lattice, side) for field in fields])
    np.testing.assert_allclose(np.transpose(blobs(csr_array(fields), lattice, side)), found)


def by_hand(field: np.ndarray, lattice: Lattice, side: int) -> tuple[float, float]:
    windows = [
        [i for i, step in enumerate((lattice.coordinates - corner) % lattice.shape) if (step < side).all()]
        for corner in lattice.coordinates
    ]
    means = [field[window].mean() for window in windows]
    best = int(np.argmax(np.abs(means)))
    field, peak = field * np.sign(means[best]), abs(means[best])
    inside, waiting = set(), [max(windows[best], key=lambda site: field[site])]
    while waiting:
        site = waiting.pop()
        if site not in inside and field[site] >= peak / 2:
            inside.add(site)
            waiting += lattice.neighbours[site].tolist()
    outside = [field[site] for site in range(len(field)) if site not in inside]
    return math.sqrt(np.square(outside).mean()) / peak, len(inside)


@pytest.mark.parametrize("width", [2.0, 3.0])
@pytest.mark.parametrize("noise", [0.05, 0.1])
def test_a_gaussian_blob_in_noise_has_the_ratio_of_their_strengths(width: float, noise: float) -> None:
    # w = exp(-r^2 / 2 s^2) + noise, windows of b = 4: the blob is r^2 < 2 s^2 ln(2 / peak), and what of the Gaussian
    # lies outside has the squares pi s^2 peak^2 / 4. 5 % for the lattice and a peak that noise moves; errors are 0.3 %
    distance = L.distance([20, 20], L.coordinates)
    fields = np.exp(-(distance**2) / (2 * width**2)) + noise * np.random.default_rng(2).normal(size=(400, 1600))
    ratio, sites = blobs(fields, L, 4)
    profile = np.exp(-((np.arange(4) - 1.5) ** 2) / (2 * width**2)).mean()
    peak = float(profile**2)  # of the window around the middle of a blob; one that is off by half a site is as good
    area = 2 * math.pi * width**2 * math.log(2 / peak)
    squares = math.pi * width**2 * peak**2 / 4 / (1600 - area) + noise**2
    assert sites.mean() == pytest.approx(area, rel=0.15)  # a circle has 21 sites or 25, and none between
    assert ratio.mean() == pytest.approx(math.sqrt(squares) / peak, rel=0.05)


@pytest.mark.parametrize(
    ("lattice", "side"), [(L, 1), (L, 2), (L, 4), (Lattice.cubic(8), 2), (Lattice.triangular(24), 3)], ids=str
)
def test_noise_lies_between_windows_that_overlap_and_windows_that_do_not(lattice: Lattice, side: int) -> None:
    # Sidak: the largest of N overlapping windows is that of between N / k and N independent ones
    random, k, N = np.random.default_rng(3), side**lattice.dimension, lattice.n_sites
    ratio, _ = blobs(5 * random.normal(size=(2000, N)), lattice, side)
    low, high = (math.sqrt(k) / np.abs(random.normal(size=(2000, n))).max(axis=1) for n in (N, N // k))
    error = ratio.std() / math.sqrt(2000)
    slack = 4 * math.hypot(error, low.std() / math.sqrt(2000))  # sees 1 %
    # the blob leaves out large weights, 3 % of the background in three dimensions
    assert 0.96 * low.mean() - slack < ratio.mean() < high.mean() + slack


def test_the_eye_sees_a_blob_where_the_participation_ratio_sees_the_lattice(held_out: xr.DataArray) -> None:
    lattice = Lattice.square(16)
    random = np.random.default_rng(4)
    centres = lattice.coordinates[::4]
    distance = lattice.distance(centres[:, None], lattice.coordinates[None])
    fields = np.exp(-(distance**2) / 2) + 0.2 * random.normal(size=distance.shape)
    rows = {
        name: measured("locality", Linear(some), Evidence(held_out))
        for name, some in {"blob": fields, "scattered": fields[:, random.permutation(256)]}.items()
    }
    assert rows["blob"]["participation ratio"].value == pytest.approx(rows["scattered"]["participation ratio"].value)
    assert rows["blob"]["participation ratio"].value > 50
    for quantity in (RATIO, SITES):
        blob, scattered = rows["blob"][quantity], rows["scattered"][quantity]
        assert abs(blob.value - scattered.value) > 5 * math.hypot(blob.error, scattered.error)
    assert rows["blob"][RATIO].value < 0.31 < rows["scattered"][RATIO].value
    assert rows["blob"][SITES].value > rows["scattered"][SITES].value
    ratio = blobs(fields, lattice, 2)[0]
    assert rows["blob"][RATIO].value == pytest.approx(ratio.mean())
    assert rows["blob"][RATIO].error == pytest.approx(ratio.std(ddof=1) / 8)


def test_blobs_decide_nothing(held_out: xr.DataArray) -> None:
    fields = np.random.default_rng(5).normal(size=(64, 256))
    evidence = Evidence(held_out)
    found = [
        measure_subject(Subject(Linear(some), evidence, name="m"), ["locality"]) for some in (fields, np.eye(256)[:64])
    ]
    card = scorecard(found[0], [found[1]], found[1])
    for quantity in (RATIO, SITES):
        row = card.row("locality", quantity)
        assert (row.state, row.outcome, row.code) == (State.MEASURED, Outcome.CANNOT_TELL, "described")
    checkers = np.where(Lattice.square(16).coordinates.sum(axis=1) % 2, -1.0, 1.0)
    none = measured("locality", Linear(np.tile(checkers, (64, 1))), evidence)[RATIO]
    assert (none.state, none.code) == (State.UNDEFINED, "no blob")
