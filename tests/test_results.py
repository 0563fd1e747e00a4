"""Results as objects: data frames, JSON, tables, pictures, several maps on one evidence, blocks and warned values."""

from __future__ import annotations

import json
import math
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.figure import Figure

import blockspin as bs
from blockspin.coarse.rsmi.bounds import Bound
from blockspin.experiments.stored import Number, Stored
from blockspin.judging import Comparison, Scorecard
from blockspin.judging.card import Note
from blockspin.judging.measurement import Side, State
from blockspin.judging.rules import Outcome
from blockspin.judging.verdict import Row
from blockspin.lattice import Lattice
from blockspin.report.drawn import COLOURS
from blockspin.report.theme import KNOWN
from blockspin.rg.mcrg import Spectra, undefined
from blockspin.rg.trajectories import Trajectories
from blockspin.samples import make
from blockspin.statistics import Estimate, jackknife_error, mean_over_chains

mpl.use("Agg")
L = Lattice.square(16)
MAPS = {"majority": bs.Majority(L, 2, random_state=1), "decimation": bs.Decimation(L, 2), "<b>": bs.Majority(L, 4)}
CRITERIA = ["tiling", "spectrum"]


def rule(lattice: Lattice) -> bs.Majority:
    return bs.Majority(lattice, 2, random_state=1)


@pytest.fixture(scope="module")
def critical() -> xr.DataArray:
    return bs.sample(bs.Ising(L, bs.critical_coupling(bs.Ising, L)), 2000, seed=1)


@pytest.fixture(scope="module")
def compared(critical: xr.DataArray) -> Comparison:
    return bs.judge(MAPS, critical, critical=critical, criteria=CRITERIA)


@pytest.fixture(scope="module")
def results(critical: xr.DataArray, compared: Comparison) -> dict[str, Any]:
    spectra, flows = (
        bs.rg.exponents(critical, rule, 2),
        bs.rg.flow([critical, critical[:, :10]], rule, 1, ["nn", "nnn"]),
    )
    return {
        "spectra": spectra,
        "spectrum": spectra[0],
        "couplings": bs.rg.couplings(critical, ["nn", "nnn"]),
        "flows": flows,
        "trajectory": flows[0],
        "comparison": compared,
        "card": compared["decimation"],
    }


def fake(
    criterion: str = "spectrum", quantity: str = "y_t", value: float = 0.9, error: float = 0.05, **more: Any
) -> Row:
    return Row(criterion, quantity, value, error, **({"state": State.MEASURED, "outcome": Outcome.PASS} | more))


@pytest.mark.parametrize(
    ("name", "rows", "columns"),
    [
        ("spectrum", 6, ["exponent", "last_operator"]),
        ("spectra", 12, ["step", "exponent", "last_operator"]),
        ("couplings", 3, ["operator", "last_operator"]),
        ("trajectory", 4, ["from_K", "operator", "lattice"]),
        ("flows", 8, ["set", "from_K", "operator", "lattice"]),
    ],
)
def test_a_result_is_a_data_frame(results: dict[str, Any], name: str, rows: int, columns: list[str]) -> None:
    frame = results[name].to_dataframe()
    assert len(frame) == rows
    assert list(frame) == [*columns, "value", "error", "why", "warned_value", "warned_error"]
    assert frame[["value", "error", "warned_value"]].dtypes.eq(float).all()
    assert (frame["why"] == "").all()
    stored = json.loads(json.dumps(results[name].to_dict(), allow_nan=False))
    assert stored["rows"][0]["warned_value"] is None
    again = pd.DataFrame(stored["rows"])
    np.testing.assert_array_equal(again["value"], frame["value"])


def test_rows_hold_the_estimates(results: dict[str, Any]) -> None:
    spectra, couplings, flows = results["spectra"], results["couplings"], results["flows"]
    frame = spectra.to_dataframe()
    last = frame[(frame["step"] == 2) & (frame["last_operator"] == "corner")].iloc[0]
    assert (last["exponent"], last["value"], last["error"]) == ("y_h", spectra[1].y_h.value, spectra[1].y_h.error)
    assert couplings.to_dataframe()["value"].tolist() == [one.value for first in couplings.nested for one in first]
    frame = flows.to_dataframe()
    of = frame[(frame["set"] == 2) & (frame["operator"] == "nnn") & (frame["lattice"] == "square 8x8")].iloc[0]
    assert of["value"] == flows[1].levels[1]["nnn"].value
    assert frame["from_K"].unique().tolist() == [flows[0].K]


def test_steps_and_sets_are_tuples_that_print(results: dict[str, Any]) -> None:
    spectra, flows = results["spectra"], results["flows"]
    assert isinstance(spectra, Spectra)
    assert isinstance(flows, Trajectories)
    first, second = spectra
    assert spectra[1:] == (second,)
    assert str(spectra) == repr(spectra) == f"step 1: {first}\nstep 2: {second}"
    assert str(flows[1]) in str(flows)
    assert repr(results["couplings"]) == str(results["couplings"])
    assert len(Spectra()) == 0 == len(Spectra().to_dataframe())


@pytest.mark.parametrize("name", ["spectrum", "spectra", "couplings", "trajectory", "flows", "comparison", "card"])
def test_a_result_draws_itself_on_ones_own_axes_or_new_ones(results: dict[str, Any], name: str) -> None:
    own = Figure().subplots()
    before = mpl.rcParams.copy()
    assert results[name].plot(own) is own
    new = results[name].plot()
    assert new is not own
    assert own.containers
    new.figure.canvas.draw()
    assert mpl.rcParams == before
    mpl.pyplot.close(new.figure)  # type: ignore[attr-defined]


def test_a_picture_has_a_line_for_each_and_the_values_on_it(results: dict[str, Any]) -> None:
    axes = results["spectra"].plot(Figure().subplots())
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        f"step {n}, exponent {y}" for n in (1, 2) for y in ("y_t", "y_h")
    ]
    line = axes.containers[2].lines[0]
    assert line.get_ydata().tolist() == [y.value for y in results["spectra"][1].y_t_by_operators]


def test_a_forest_shows_distances_in_the_maps_own_look(results: dict[str, Any]) -> None:
    compared = results["comparison"]
    axes = compared.plot(Figure().subplots())
    lines = [one.lines[0] for one in axes.containers]
    distances = [compared[name].row("spectrum", y).distance.value for y in ("y_t", "y_h") for name in MAPS]
    assert [line.get_xdata()[0] for line in lines] == distances
    assert [line.get_marker() for line in lines[:2]] == [KNOWN["majority"].marker, KNOWN["decimation"].marker]
    assert lines[0].get_color() == COLOURS[KNOWN["majority"].colour]
    assert axes.get_ylim()[0] > axes.get_ylim()[1]  # from the top
    card = compared["decimation"].plot(Figure().subplots())
    assert len(card.containers) == 6  # the map, the reference and the null, twice
    assert len(card.get_yticklabels()) == 6
    with pytest.raises(ValueError, match="spectrum"):
        Scorecard("m", 1, 2.0, ()).plot()


def test_what_has_no_number_has_a_line_in_the_picture_too() -> None:
    none = fake(value=math.nan, error=math.nan, state=State.UNDEFINED)
    card = Scorecard("m", 1, 2.0, (none, fake(quantity="y_h", exact=Side("exact", 1.0))))
    axes = Comparison({"m": card}).plot(Figure().subplots())
    assert len(axes.containers) == 1
    assert State.UNDEFINED in axes.get_yticklabels()[0].get_text()


def test_html_is_a_table_and_names_cannot_break_it(results: dict[str, Any]) -> None:
    for name, one in results.items():
        found = one._repr_html_()
        assert found.count("<table") == found.count("</table") > 0, name
        assert "<b></th" not in found
    assert "&lt;b&gt;" in results["comparison"]._repr_html_()
    spectrum = undefined(["<i>"], ["m"], "<script>")
    assert "<script>" not in spectrum._repr_html_()
    assert "&lt;script&gt;" in spectrum._repr_html_()


def test_a_comparison_holds_the_cards_of_maps_judged_one_by_one(compared: Comparison, critical: xr.DataArray) -> None:
    assert list(compared) == list(MAPS)
    alone = bs.judge(MAPS["decimation"], critical, critical=critical, criteria=CRITERIA, name="decimation")
    assert isinstance(alone, Scorecard)
    assert compared["decimation"] == alone
    assert compared.to_dict() == {name: card.to_dict() for name, card in compared.items()}
    frame = compared.to_dataframe()
    assert frame["map"].unique().tolist() == list(MAPS)
    assert len(frame) == sum(len(card.rows) for card in compared.values())
    assert list(frame)[:6] == ["map", "layer", "criterion", "quantity", "value", "error"]
    row = compared["<b>"].row("spectrum", "y_h")
    assert row is not None
    assert row.exact is not None
    (found,) = frame[(frame["map"] == "<b>") & (frame["quantity"] == "y_h")].to_dict("records")
    assert (found["value"], found["why"], found["exact_value"]) == (row.value, row.why, row.exact.value)
    assert (found["outcome"], found["state"]) == (row.outcome, row.state)


def test_a_comparison_prints_a_row_a_map_with_distances_in_errors() -> None:
    exact, why = Side("exact", 1.0), "no chains"
    measured, none = fake(exact=exact), fake(quantity="y_h", value=math.nan, state=State.UNDEFINED, why=why)
    cards = {name: Scorecard(name, 1, 2.0, (measured, none), (Note("c", "n"),)) for name in ("one", "the other")}
    head, *lines = str(Comparison(cards | {"third": Scorecard("third", 1, 2.0, ())})).splitlines()
    assert head.split()[:2] == ["map", "verdict"]
    assert [line.split()[0] for line in lines[:3]] == ["one", "the", "third"]
    assert "-0.10(5)" in lines[0]
    assert "-2.0" in lines[0]
    assert lines[2].split()[-4:] == ["-"] * 4
    assert why in lines[3]  # once for both
    assert "one" in lines[3]
    assert "the other" in lines[3]
    assert len(lines) == 4


def test_the_evidence_and_the_reference_are_made_once(critical: xr.DataArray, monkeypatch: pytest.MonkeyPatch) -> None:
    from blockspin.judging import judge as module

    made: list[str] = []

    class Counted(module.Evidence):
        def __post_init__(self) -> None:
            made.append("evidence")
            super().__post_init__()

    measure = module.measure_subject

    def counted(subject: Any, *rest: Any, **more: Any) -> Any:
        made.append(subject.name)
        return measure(subject, *rest, **more)

    monkeypatch.setattr(module, "Evidence", Counted)
    monkeypatch.setattr(module, "measure_subject", counted)
    two = {name: bs.Majority(L, 2, random_state=n) for n, name in enumerate(("a", "b"))}
    seen: list[float] = []
    bs.judge(two, critical, criteria=["tiling"], progress=lambda share, text: seen.append(share))
    assert sorted(made) == ["a", "b", "evidence", "majority", "shuffled sites", "shuffled sites"]
    assert seen == sorted(seen)
    assert seen[-1] == 1
    assert 0.5 in seen


def test_maps_by_name_are_checked(critical: xr.DataArray) -> None:
    for wrong, error in (({}, ValueError), ({"a": 3}, TypeError), ({3: MAPS["majority"]}, TypeError)):
        with pytest.raises(error, match="transformer"):
            bs.judge(wrong, critical)
    with pytest.raises(ValueError, match="name"):
        bs.judge(MAPS, critical, name="x")


def test_blocks_give_the_error_and_that_of_functions(results: dict[str, Any], critical: xr.DataArray) -> None:
    couplings, (first, second) = results["couplings"], results["spectra"]
    turn = results["trajectory"].turns[0]
    mean = mean_over_chains(critical.mean(("x", "y")))
    for one in (*couplings.K, first.y_t, second.y_h, *turn.K, mean):
        assert one.blocks is not None
        assert jackknife_error(one.blocks) == pytest.approx(one.error, rel=1e-9)
    np.testing.assert_array_equal(couplings["nnn"].blocks, couplings.left_out[:, 1])
    # the same chains: what they share falls out of a difference
    growth = jackknife_error(second.y_h.blocks - first.y_h.blocks)
    assert growth < 1.2 * math.hypot(first.y_h.error, second.y_h.error)
    assert jackknife_error(first.y_h.blocks - first.y_h.blocks) == 0
    assert Estimate(1.0, 0.1).blocks is None


def test_blocks_are_no_part_of_what_an_estimate_is(results: dict[str, Any]) -> None:
    class Kept(Stored):
        y: Number

    y = results["spectrum"].y_t
    bare = Estimate(y.value, y.error)
    assert y == bare
    assert hash(y) == hash(bare)
    assert (str(y), repr(y)) == (str(bare), repr(bare))
    assert Kept(y=y).model_dump(mode="json") == {"y": [y.value, y.error]}


def test_an_exponent_within_its_errors_of_nothing_is_kept_aside() -> None:
    spins = np.random.default_rng(0).choice(np.array([-1, 1], np.int8), (12, 4, 16, 16))
    (found,) = bs.rg.exponents(make(spins, L), rule, 1)
    refused = [one for one in (*found.y_t_by_operators, *found.y_h_by_operators) if one.why]
    assert refused
    assert all(math.isnan(one.value) and one.blocks is None for one in refused)
    warned = [one.warned for one in refused if one.warned is not None]
    assert warned
    numbers = [one for one in warned if math.isfinite(one.value)]  # the others are complex or negative
    assert numbers
    assert all(one.error > 0 for one in numbers)
    frame = found.to_dataframe()
    assert set(frame["warned_value"].dropna()) == {one.value for one in numbers}
    assert (frame["value"].isna() == (frame["why"] != "")).all()
    assert found.why_t == found.y_t.why
    nothing = undefined(["nn"], ["magnetisation"], "why")
    assert (nothing.y_t.why, nothing.y_t.warned) == ("why", None)


def test_a_refused_bound_and_couplings_say_why() -> None:
    measured = Estimate(0.4, 0.1)
    assert Bound("infonce", measured, measured, 1.0).estimate is measured
    bound = Bound("infonce", measured, measured, 1.0, "more samples").estimate
    assert math.isnan(bound.value)
    assert (bound.why, bound.warned) == ("more samples", measured)
    frozen = bs.rg.couplings(make(np.ones((4, 3, 8, 8), np.int8), Lattice.square(8)), ["nn"])
    assert frozen.why == frozen["nn"].why != ""
    assert frozen["nn"].blocks is None
