"""The experiment ho-2013: its images and controls, what is measured, the rules of its claims on made-up numbers.

Mutants tried, each of which fails a test: a permutation undone the wrong way, L2 interpolated in the order of its
strengths, locality at any held-out quality, a participation ratio counted the wrong way round, L2 not asked whether
it is local itself, dead filters taken for local ones.
"""

from __future__ import annotations

import copy
import json
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from blockspin.experiments import find
from blockspin.experiments.ho_2013 import claims, data, tasks
from blockspin.experiments.ho_2013.findings import NONE, Findings, Machine, clear
from blockspin.experiments.ho_2013.measure import alike, independent, locality, window
from blockspin.experiments.plan import stored_plan
from blockspin.experiments.run import prepare, redraw, run
from blockspin.lattice import Lattice
from blockspin.runs import settings as settings_file
from blockspin.runs.settings import SettingsError
from blockspin.runs.task import Result

SMALL = (
    "natural.n_train=200", "natural.n_test=50", "hidden=6", "updates=40", "seeds=2", "annealing=50",
    "natural.scan.l1=[0.06]", "natural.scan.l2=[0.03]",
    "digits.scan.l1=[0.01]", "digits.scan.l2=[0.003]",
)  # fmt: skip


def test_a_page_has_filters_of_every_kind_and_control(tmp_path: Path) -> None:
    planned = prepare(find("ho-2013"), overrides=SMALL, seed=1)
    assert len(planned.tasks) == 2 * 2 * (1 + 3 * 2)  # images, and for images and two controls a training and a measure
    run(planned, tmp_path / "small")
    text = redraw(tmp_path / "small").read_text()
    assert text.count('class="plot"') == 4  # window and participation of either kind of image
    assert text.count("mosaic signed") >= 2 * 1 + 2 * 3  # none at least, and the controls


@pytest.mark.parametrize(
    "wrong",
    [
        "wrong",
        "natural.scan.control_l1=0.5",
        "digits.scan.l2=[0.003, 0.003]",
        'data=["digits", "digits"]',
        "data=[]",
        "seeds=1",
        'controls=["shuffled"]',
        "natural.n_train=1e12",
        "hidden=1e12",
        "natural.scan.l1=[]",
        "learning_rate=2",
        "digits.threshold=nan",
        "seeds=1e9",
        "natural.side=65",
        "natural.side=64",
        "natural.n_train=1000000",
        "natural.source=sklearn-digits",
        "digits.source=sklearn-photographs",
        "digits.held_out=0.0001",
    ],
)
def test_settings_that_do_not_fit(wrong: str) -> None:
    with pytest.raises(SettingsError, match=wrong.partition("=")[0].rpartition(".")[2]):
        prepare(find("ho-2013"), overrides=(wrong,))


def test_a_source_that_cannot_be_had_is_refused_at_once(tmp_path: Path) -> None:
    for source in ("sklearn-photograph", "foo", str(tmp_path)):
        with pytest.raises(SettingsError, match=r"natural\.source"):
            prepare(find("ho-2013"), overrides=(f"natural.source={source}",))
        prepare(find("ho-2013"), overrides=(f"natural.source={source}", 'data=["digits"]'))  # not asked for
    (tmp_path / "a.PNG").touch()
    with pytest.raises(SettingsError, match=r"natural\.source"):  # it is no image
        prepare(find("ho-2013"), overrides=(f"natural.source={tmp_path}",))
    picture = np.random.default_rng(1).integers(0, 256, (320, 320), np.uint8)
    Image.fromarray(picture).save(tmp_path / "a.PNG")
    prepare(find("ho-2013"), overrides=(f"natural.source={tmp_path}",))


def test_a_stored_run_is_listed_after_its_images_are_gone(tmp_path: Path) -> None:
    plan = prepare(find("ho-2013"))
    stored = plan.document
    stored["settings"]["natural"]["source"] = str(tmp_path / "gone")
    settings_file.write(tmp_path, stored)
    assert stored_plan(tmp_path).tasks
    with pytest.raises(SettingsError, match=r"natural\.source"):
        prepare(find("ho-2013"), overrides=(f"natural.source={tmp_path / 'gone'}",))


def cut(source: str = "sklearn-digits", held_out: float = 0.2) -> dict[str, Any]:
    return dict(zip(("train", "test"), data.digits(1, source, held_out, threshold=0.5), strict=True))


def test_images_and_controls() -> None:
    images = cut()
    assert (images["train"].shape, images["test"].shape) == ((1438, 8, 8), (359, 8, 8))
    assert set(np.unique(images["train"])) == {0, 1}
    flat, flat_test = data.rows(images, "images", 1)
    mixed, mixed_test = data.rows(images, "permuted", 1)
    order = data.permutation(64, 1)
    np.testing.assert_array_equal(mixed[:, np.argsort(order)], flat)  # nothing but the places has changed
    np.testing.assert_array_equal(data.restored(mixed, "permuted", 1), flat)
    np.testing.assert_array_equal(data.restored(mixed, "images", 1), mixed)
    assert data.restored(mixed, "permuted", 1).flags.c_contiguous  # sums in the order of an image's
    assert independent(mixed, mixed_test) == pytest.approx(independent(flat, flat_test))
    noise, _ = data.rows(images, "noise", 1)
    # 92,032 coins know their share of ink to 0.0016
    assert abs(noise.mean() - flat.mean()) < 5 * 0.0016
    assert abs(np.corrcoef(noise[:, 20], noise[:, 21])[0, 1]) < 5 / math.sqrt(1438)
    with pytest.raises(ValueError, match="held_out"):
        cut(held_out=1e-4)


@pytest.mark.parametrize("normalise", ["patch", "pixel"])
def test_natural_patches(normalise: str) -> None:
    train, test = data.natural(1, "sklearn-photographs", side=8, n_train=300, n_test=100, normalise=normalise)
    assert (train.shape, test.shape, train.dtype) == ((300, 8, 8), (100, 8, 8), np.float32)
    axes = (1, 2) if normalise == "patch" else 0
    np.testing.assert_allclose(train.mean(axis=axes), 0, atol=1e-5)
    np.testing.assert_allclose(train.std(axis=axes), 1, rtol=1e-5)
    # the test patches by their own pixels, or by the shift and scale of those to train on
    np.testing.assert_allclose(test.std(axis=axes), 1, rtol=1e-5 if normalise == "patch" else 0.5)
    assert (np.abs(test.mean(axis=axes)).max() < 1e-5) == (normalise == "patch")


def test_independent_pixels_in_closed_form() -> None:
    train = np.array([[0.0, 2.0], [2.0, 2.0]])
    # means 1 and 2, unit variance
    assert independent(train, np.array([[1.0, 4.0]])) == pytest.approx(-0.5 * (0 + 4) / 2 - 0.5 * math.log(2 * math.pi))
    coins = np.array([[0, 1], [1, 1], [1, 1]], np.int8)  # 2 and 3 of 3: (k + 1/2) / 4
    assert independent(coins, np.array([[1, 0]], np.int8)) == pytest.approx((math.log(2.5 / 4) + math.log(0.5 / 4)) / 2)


def test_neighbouring_weights() -> None:
    plane = Lattice.square(6, 5)
    x, y = plane.coordinates.T
    # flat 1, a chessboard -1, one pixel 0, stripes along y: half of all neighbours agree, up to the edges
    fields = np.stack([np.full(30, 0.3), (-1.0) ** (x + y), np.eye(30)[7], (-1.0) ** x])
    np.testing.assert_allclose(alike(fields, plane), [1, -1, 0, (24 - 25) / 49], atol=1e-12)
    assert window(Lattice.square(8)) == 3
    assert window(Lattice.square(28)) == 10
    assert locality(np.zeros((0, 30)), plane) == dict.fromkeys(("participation", "window", "radius", "alike"))


def test_what_is_measured_of_a_machine_made_by_hand() -> None:
    # no weights: ln p is that of independent pixels, no unit lives; one filter of 2 x 2 pixels before it, and after
    # it the same of a hundredth the size, dead beside the first; mutant: each machine compared with itself
    train, test = (np.random.default_rng(seed).standard_normal((400, 4, 4)).astype(np.float32) for seed in (1, 2))
    block = np.zeros((2, 4, 4), np.float32)
    block[0, :2, :2] = 0.1
    weights = np.stack([block.reshape(2, 16), np.zeros((2, 16), np.float32), block.reshape(2, 16) / 100])
    visible = np.tile(train.reshape(400, 16).mean(axis=0), (3, 1))
    fitted = Result(
        {"weights": weights, "visible": visible, "hidden": np.zeros((3, 2), np.float32)}, {"weight_change": [0.1, 0, 0]}
    )
    names = [{"penalty": "none", "strength": 0.0}, *({"penalty": "l1", "strength": size} for size in (1.0, 0.1))]
    images = Result({"train": train, "test": test})
    found = tasks.measure.plain(images, fitted, "natural", "images", 1, names, 50, progress=lambda *_: None).meta
    first, dead, small = found["machines"]
    assert (small["living"], small["window"], small["zeros"]) == (0, None, 28 / 32)
    assert (first["living"], first["participation"], first["zeros"]) == (1, pytest.approx(4), 28 / 32)
    assert (first["weight_change"], first["penalty"], small["strength"]) == (0.1, "none", 0.1)
    assert (dead["living"], dead["participation"], dead["zeros"]) == (0, None, 1)
    assert dead["held_out"] == pytest.approx(found["independent"], abs=1e-6)
    assert dead["reconstruction"] == pytest.approx(found["flat_error"], rel=1e-5)
    assert found["window"] == 2  # 3/8 of 4
    assert (first["window"], first["shuffled"]["window"] < 1) == (pytest.approx(1), True)


NUMBERS = {
    "living": 50, "participation": 20.0, "window": 0.40, "radius": 3.0, "alike": 0.0, "zeros": 0.0, "largest": 0.5,
    "held_out": -1.25, "training": -1.24, "annealing_error": 1e-4, "trouble": "", "reconstruction": 0.4,
}  # fmt: skip
SHUFFLED = {"participation": 20.0, "window": 0.40, "radius": 3.0, "alike": 0.0}


def machine(penalty: str, strength: float, **changed: float) -> dict[str, Any]:
    own = NUMBERS | changed
    restored = {key: own[key] for key in SHUFFLED}
    return {"penalty": penalty, "strength": strength, **own, "shuffled": dict(SHUFFLED), "restored": restored}


LOCAL = {"participation": 8.0, "window": 0.7, "zeros": 0.4, "largest": 0.8, "held_out": -1.255}


Measured = Sequence[Result]


def repeated(*machines: dict[str, Any]) -> Measured:
    """Three seeds, of which every number but a zero moves by a thousandth."""
    results = []
    for seed in range(3):
        rows = copy.deepcopy(list(machines))
        for row in rows:
            for key in ("participation", "window", "alike", "zeros", "largest"):
                if row[key] is not None:
                    row[key] *= 1 + 1e-3 * (seed - 1)
        common = {"independent": -1.40, "flat_error": 1.0, "window": 3, "shape": [8, 8]}
        untrained = {"participation": 21.0 + 0.02 * (seed - 1), "window": 0.28 + 0.002 * (seed - 1)}
        results.append(Result({}, common | {"untrained": untrained, "machines": rows}))
    return results


def images(l1: dict[str, Any] | None = None, l2: dict[str, Any] | None = None, **none: float) -> Measured:
    return repeated(
        machine("none", 0.0, **none),
        machine("l2", 0.01, held_out=-1.252, largest=0.4, **(l2 or {})),
        machine("l2", 0.1, held_out=-1.36, window=0.9, participation=5.0),  # local, and models nothing
        machine("l1", 0.02, **(LOCAL | (l1 or {}))),
        machine("l1", 0.5, held_out=-1.39, window=0.95, participation=3.0),
    )


def permuted(**l1: Any) -> Measured:
    return repeated(machine("none", 0.0), machine("l2", 0.01), machine("l1", 0.02, **(LOCAL | l1)))


def entries(**kinds: dict[str, Measured]) -> dict[str, dict[str, Any]]:
    made = {claim.id: claim({"measured": kinds}) for claim in claims.CLAIMS}
    json.dumps(made, allow_nan=False)
    assert not any(re.search(r"\bnan\b", entry["why"]) for entry in made.values())
    return made


def statuses(**kinds: dict[str, Measured]) -> list[str]:
    """Of HO-1 to HO-6."""
    return [entry["status"] for entry in entries(**kinds).values()]


def status(claim: str, some: Measured, other: Measured | None = None) -> str:
    """A claim's status; the permuted images are as local as the images unless given."""
    return str(entries(digits={"images": some, "permuted": other or permuted()})[claim]["status"])


def of_images(some: Measured) -> Findings:
    return Findings({"measured": {"digits": {"images": some}}}, "digits")


L1, L2 = Machine("l1", 0.02), Machine("l2", 0.01)


def test_the_machines_that_are_compared() -> None:
    some = of_images(images())
    # the stronger ones are more local, and keep 2 and 4 of 15 hundredths of a nat
    assert (some.chosen("l1"), some.chosen("l2"), some.chosen("none")) == (L1, L2, NONE)
    assert some.kept(L1) == pytest.approx(0.145 / 0.15)
    # L2 at L1's likelihood, -1.255: between -1.252 (window 0.4) and -1.36 (window 0.9)
    assert some.rival(L1, "window")[1] == pytest.approx(0.4 + 0.5 * 0.003 / 0.108)
    # halfway: (0.28 + 1) / 2 = 0.64, and sqrt(21 * 9) = 13.7 pixels
    assert some.halfway("window") == pytest.approx([0.639, 0.64, 0.641])
    assert some.halfway("participation") == pytest.approx([13.741, 13.748, 13.754], abs=1e-3)
    assert some.local(L1) == [True, True]
    assert of_images(images({"window": 0.63, "participation": 13.8})).local(L1) == [False, False]
    assert of_images(images({"window": 0.63})).local(L1) == [True, False]
    assert of_images(images({"window": None, "participation": 13.748})).local(L1) == [None, None]


def test_clear_differences() -> None:
    assert clear(np.array([1.0, 1.1, 0.9])) is True
    assert clear(np.array([-1.0, -1.1, -0.9])) is False
    assert clear(np.array([20, 20, 20, 20, 20, 20, 20, 20, 20, -0.01])) is None  # a seed against it
    assert clear(np.array([1.0, 0.1, 0.1])) is None  # 0.4(3)
    assert clear(np.array([-1.0, -0.1, -0.1])) is None
    assert clear(np.array([1.0])) is None
    assert clear(np.zeros(3)) is False
    assert clear(np.array([1.0, math.nan, 1.0])) is None


def test_claims_that_hold() -> None:
    assert statuses(digits={"images": images(), "permuted": permuted()}) == ["reproduced"] * 5 + ["not tested"]


def test_claims_that_hold_in_part_or_not_at_all() -> None:
    half = {"window": 0.5}  # more local than the others, and less than halfway to a window
    assert status("HO-1", images(half)) == "partly"
    assert status("HO-1", images({"window": 0.3, "participation": 21.0})) == "not reproduced"
    assert status("HO-1", images(l2={"participation": 8.0, "window": 0.7})) == "not reproduced"  # both are local
    more = {"participation": 6.0, "window": 0.8}
    assert status("HO-1", images(more, {"participation": 13.0, "window": 0.65})) == "partly"  # and L1 more so
    assert status("HO-4", images(half)) == "partly"
    assert status("HO-4", images(window=0.7, participation=8.0)) == "not reproduced"  # local without a penalty
    assert status("HO-2", images(alike=0.5)) == "partly"  # it reconstructs; its weights have an order
    assert status("HO-2", images(alike=0.5, reconstruction=0.6)) == "not reproduced"
    assert status("HO-3", images({"largest": 0.3})) == "partly"
    assert status("HO-3", images({"largest": 0.3, "zeros": 0.0})) == "not reproduced"
    assert status("HO-5", images(), permuted(window=0.5)) == "partly"
    assert status("HO-5", images(), permuted(window=0.4)) == "not reproduced"
    assert status("HO-5", images(), permuted(window=None, participation=None, living=0)) == "not reproduced"


def scattered(key: str, of: str, *values: float) -> Measured:
    """Images whose machine of this penalty has these values, one a seed."""
    some = images()
    for one, value in zip(some, values, strict=True):
        next(row for row in one.meta["machines"] if row["penalty"] == of)[key] = value
    return some


@pytest.mark.parametrize(
    ("claim", "changed", "wanted"),
    [
        ("HO-1", scattered("window", "l1", 0.6, 0.63, 0.75), "partly"),  # local or not; surely more than L2
        ("HO-4", scattered("window", "none", 0.3, 0.5, 0.7), "undecided"),
        ("HO-2", scattered("alike", "none", 0.1, 0.5, 0.9), "partly"),  # it reconstructs
        ("HO-5", scattered("window", "l1", 0.6, 0.7, 0.85), "partly"),  # and fuller than shuffled ones
        ("HO-3", scattered("largest", "l1", 0.1, 0.5, 0.9), "partly"),
    ],
)
def test_what_seeds_leave_open_is_not_denied(claim: str, changed: Measured, wanted: str) -> None:
    assert status(claim, changed) == wanted


def test_a_kind_without_a_reliable_likelihood_counts_neither_way() -> None:
    lost = {"images": repeated(machine("none", 0.0, held_out=None, trouble="apart"), *images()[0].meta["machines"][1:])}
    assert statuses(digits=lost)[0] == "not tested"
    # what holds on the photographs may hold on the digits too
    wanted = ["partly", "reproduced", "undecided", "undecided", "not tested", "not tested"]
    assert statuses(natural={"images": images()}, digits=lost) == wanted
    diffuse = {"images": images({"window": 0.3, "participation": 21.0, "zeros": 0.0, "largest": 0.3})}
    # every kind of image cannot have it, but HO-1 holds in part where one has
    assert [statuses(natural=diffuse, digits=lost)[n] for n in (0, 2, 3)] == ["undecided", *["not reproduced"] * 2]


def test_one_kind_of_image_is_not_all() -> None:
    diffuse = images({"window": 0.4, "participation": 20.0, "zeros": 0.0})
    # the largest weight is L1's on both
    wanted = ["partly", "reproduced", "partly", "not reproduced", "not tested", "not tested"]
    assert statuses(natural={"images": images()}, digits={"images": diffuse}) == wanted


def counts(claim: str, natural: Measured, control: Measured | None = None) -> list[tuple[str, str]]:
    """The "n of m" in a claim's sentence; all holds on digits."""
    digits = {"images": images(), "permuted": permuted()}
    made = entries(natural={"images": natural, "permuted": control or permuted()}, digits=digits)
    return re.findall(r"\b(\d+) of (\d+)\b", made[claim]["why"])


@pytest.mark.parametrize(
    ("claim", "changed", "wanted"),
    [
        ("HO-1", images(l2={"participation": 13.0}), "1 2"),  # L2 is local by one measure
        ("HO-1", images({"window": 0.3}), "1 1"),
        ("HO-2", images(reconstruction=0.6), "1 2"),
        ("HO-2", images(alike=0.5), "2 1"),
        ("HO-3", images({"zeros": 0.0}), "1 2"),
        ("HO-3", images({"largest": 0.3}), "2 1"),
        ("HO-4", images(window=0.65), "1 2"),
        ("HO-4", images({"window": 0.3}), "1 1"),
    ],
)
def test_what_holds_is_counted_by_kind_of_image(claim: str, changed: Measured, wanted: str) -> None:
    assert counts(claim, images()) == [("2", "2")] * 2
    assert counts(claim, changed) == [(n, "2") for n in wanted.split()]


def test_permuted_pixels_are_counted_by_kind_of_image() -> None:
    assert counts("HO-5", images()) == [("2", "2"), ("2", "2")]
    assert counts("HO-5", images(), permuted(window=0.5)) == [("1", "2"), ("2", "2")]
    assert counts("HO-5", images(), permuted(window=0.4)) == [("1", "2"), ("1", "2")]


def test_a_kind_of_image_without_a_machine_to_compare_counts_as_no() -> None:
    made = counts("HO-1", images({"held_out": -1.38}))
    assert made == [("1", "2"), ("1", "2")]
    assert counts("HO-3", images(held_out=None)) == [("1", "2"), ("1", "2")]
    assert counts("HO-4", images({"held_out": None})) == [("1", "2"), ("1", "2")]


def test_an_unreliable_likelihood_of_one_penalty_counts_neither_way() -> None:
    lost = {"images": images({"held_out": None})}
    made = entries(natural=lost, digits={"images": images()})
    assert [made[name]["status"] for name in ("HO-1", "HO-3", "HO-4")] == ["partly", "undecided", "undecided"]


@pytest.mark.parametrize("refused", [images({"held_out": -1.38}), images({"held_out": None}), images(held_out=None)])
def test_no_machine_that_models_the_images_decides_nothing(refused: Measured) -> None:
    made = entries(digits={"images": refused})
    assert [made[name]["status"] for name in ("HO-1", "HO-3", "HO-4")] == ["not tested"] * 3
    assert all(made[name]["why"] for name in made)
