"""What is larger than memory or disk is refused at once, by the name of the argument, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import blockspin as bs
from blockspin import memory
from blockspin.cli import app
from blockspin.coarse.fields import regression_fields, weight_fields
from blockspin.sampling.sample import forecast

L = bs.Lattice
ISING, HUGE = bs.Ising(L.square(16), 0.4), L.square(10**6)
X = np.where(np.random.default_rng(0).random((20, 16)) < 0.5, 1, -1)

TOO_LARGE: dict[str, tuple[str, Callable[[], Any]]] = {
    "n": ("n = ", lambda: bs.sample(ISING, 10**12, seed=1)),
    "n, independent": ("n = ", lambda: bs.sample(bs.Ising(L.square(16), 0.0), 10**12, seed=1)),
    "n, Potts": ("n = ", lambda: bs.sample(bs.Potts(L.square(16), 0.5, 3), 10**12, seed=1)),
    "n, dimers": ("n = ", lambda: bs.sample(bs.Dimers(L.square(8)), 10**12, seed=1)),
    "chains": ("n = ", lambda: bs.sample(ISING, 10**10, seed=1, chains=10**10, algorithm="heat-bath")),
    "shape": ("20000x20000", lambda: bs.sample(bs.Ising(L.square(20000), 0.4), 10, seed=1)),
    "cubic": ("4000x4000x4000", lambda: bs.sample(bs.Ising(L.cubic(4000), 0.1), 1, seed=1, algorithm="multi-spin")),
    "coordinates": ("1000000", lambda: HUGE.coordinates),
    "bonds": ("1000000", lambda: HUGE.bonds),
    "neighbours": ("1000000", lambda: HUGE.neighbours),
    "colours": ("1000000", lambda: HUGE.colours),
    "blocks": ("1000000", lambda: HUGE.blocks(2)),
    "RBM": ("n_components = 1000000000", lambda: bs.RBM(10**9).fit(X)),
    "RBM, partial": ("n_components", lambda: bs.RBM(10**9).partial_fit(X)),
    "RBM, batch": ("n_components", lambda: bs.RBM(10**8, algorithm="pcd").fit(X)),
    "ensemble": ("n_components", lambda: bs.RBM.fit_many([bs.RBM(10**8) for _ in range(3)], X)),
    "filters": ("n_filters", lambda: bs.ConvolutionalRBM(L.square(4), 2, 2, 10**9).fit(X)),
    "fields": ("1000000", lambda: bs.Majority(L.chain(10**6), 2).fit(np.ones((2, 10**6), np.int8)).fields_),
    "regression": (
        "1000000 sites",
        lambda: regression_fields(np.broadcast_to(1.0, (10**5, 10**6)), np.zeros((10**5, 2))),
    ),
}


@pytest.mark.parametrize("name", TOO_LARGE)
def test_what_is_too_large_is_refused_by_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free", lambda: 16 * 10**9)
    blamed, call = TOO_LARGE[name]
    with pytest.raises(ValueError, match=blamed):
        call()


def test_the_windows_of_rsmi_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free", lambda: 10**6)
    with pytest.raises(ValueError, match="1024 blocks"):
        bs.RSMI(L.square(64)).fit(np.ones((4000, 4096), np.int8), chains=20)


def test_what_fits_is_not_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free", lambda: 0)
    assert bs.sample(ISING, 100, seed=1).size == 25600
    assert len(bs.RBM(5, n_iter=1).fit(X).components_) == 5


def test_a_forecast_is_what_is_drawn(tmp_path: Path) -> None:
    for model, n, options in (
        (ISING, 1000, {"algorithm": "multi-spin"}),
        (bs.Potts(L.square(4), 0.5, 5), 70, {"chains": 7}),
        (bs.Ising(L.chain(9), 0.0), 30, {}),
    ):
        seen = forecast(model, n, **options)  # type: ignore[arg-type]
        path = bs.sample(model, n, seed=1, out=tmp_path / "s.nc", **options)  # type: ignore[arg-type]
        samples = bs.read_samples(path)
        assert (seen.chains, seen.draws) == (samples.sizes["chain"], samples.sizes["draw"])
        assert seen.file <= path.stat().st_size < seen.file + 20_000
        assert seen.algorithm == bs.samples.provenance(samples)["algorithm"]
        assert seen.memory >= samples.nbytes
        path.unlink()


def test_a_file_needs_disk_for_itself_and_its_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = forecast(ISING, 1000)
    monkeypatch.setattr(memory, "free_disk", lambda path: 2 * size.file - 1)
    with pytest.raises(ValueError, match="disk"):
        bs.sample(ISING, 1000, seed=1, out=tmp_path / "s.nc")
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(memory, "free_disk", lambda path: 2 * size.file)
    bs.sample(ISING, 1000, seed=1, out=tmp_path / "s.nc")
    monkeypatch.setattr(memory, "free_disk", lambda path: 0)
    bs.sample(ISING, 1000, seed=1, out=tmp_path / "s.nc")  # it is there


def test_the_command_refuses_before_anything_is_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free", lambda: 16 * 10**9)
    out = tmp_path / "s.nc"
    arguments = ["sample", "ising", "--set", "K=.4", "--shape", "20000x20000", "-n", "10", "--out", str(out)]
    for more in ([], ["--dry-run"]):
        ended = CliRunner().invoke(app, arguments + more)
        assert ended.exit_code == 2
        assert "n = 10" in ended.stderr
        assert len(ended.stderr.splitlines()) == 1
        assert list(tmp_path.iterdir()) == []
    out.write_text("kept")
    assert CliRunner().invoke(app, [*arguments, "--force"]).exit_code == 2
    assert out.read_text() == "kept"


def test_a_dry_run_says_what_would_be_drawn_and_draws_nothing(tmp_path: Path) -> None:
    out = tmp_path / "s.nc"
    arguments = ["sample", "ising", "--set", "K=.4", "--shape", "8x8", "-n", "600", "--chains", "30", "--out", str(out)]
    ended = CliRunner().invoke(app, [*arguments, "--algorithm", "wolff", "--dry-run"])
    assert ended.exit_code == 0
    for word in ("30 chains of 20 draws", "wolff", "GB"):
        assert word in ended.stdout
    assert list(tmp_path.iterdir()) == []


def test_fields_of_a_chain_of_weights_are_their_product() -> None:
    random = np.random.default_rng(0)

    class Linear:
        def __init__(self, matrix: np.ndarray) -> None:
            self.components_ = matrix

    first = Linear(random.normal(size=(4, 6)))
    found = weight_fields(first, 6)
    assert found is not None
    np.testing.assert_array_equal(found, first.components_)
    found[:] = 0
    assert first.components_.all()  # the weights are not the fields
    assert weight_fields(first, 5) is None


@pytest.mark.parametrize("n", [7, 40])
def test_regression_is_the_same_from_fewer_and_from_more_draws_than_sites(n: int) -> None:
    random = np.random.default_rng(1)
    v, h = random.normal(size=(n, 12)), random.normal(size=(n, 3))
    v0, h0 = v - v.mean(axis=0), h - h.mean(axis=0)
    expected = np.linalg.solve(v0.T @ v0 + 2.0 * np.eye(12), v0.T @ h0).T
    np.testing.assert_allclose(regression_fields(v, h, ridge=2.0), expected, rtol=1e-9, atol=1e-12)
