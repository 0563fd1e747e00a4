"""The table of published values: exact exponents, scaling relations, tension between sources, DOIs."""

from __future__ import annotations

import copy
import math
import pickle
import re
import runpy
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

import blockspin as bs
from blockspin.judging.critical import EXACT
from blockspin.models import KC_CUBIC, KC_SQUARE, KC_TRIANGULAR, critical_coupling, potts_kc
from blockspin.models.references import FOLLOWS, Published
from blockspin.statistics import Estimate

DOCS = Path(__file__).parents[2] / "docs"
STORED: dict[str, Any] = runpy.run_path(str(DOCS / "values.py"))["stored"]()
NAMES = tuple(STORED["models"])
PUBLISHED = [(name, one) for name in NAMES for one in bs.reference(name).published]
DOI = re.compile(r"10\.48550/arXiv\.(\d{4}\.\d{5}|\d{4}\.\d{4}|[a-z-]+/\d{7})|10\.(1103|1007|1016|1017)/[\w.()-]+")
WIDE = 2.0  # combined errors: what is further apart is listed with a reason


def coulomb_gas(q: int) -> tuple[float, float]:
    """y_t and y_h of the q-state Potts model in two dimensions.

    y_t = 3 (1 - u)/(2 - u), y_h = (3 - u)(5 - u)/(4 (2 - u)), u = (2/pi) arccos(sqrt(q)/2).
    Source: den Nijs, J. Phys. A 12, 1857 (1979); Nienhuis, Riedel and Schick, J. Phys. A 13, L189 (1980).
    """
    u = 2 / math.pi * math.acos(math.sqrt(q) / 2)
    return 3 * (1 - u) / (2 - u), (3 - u) * (5 - u) / (4 * (2 - u))


@pytest.mark.parametrize(
    ("q", "name"), [*enumerate(("percolation-2d", "ising-2d", "potts-3-2d", "potts-4-2d"), start=1)]
)
def test_exact_exponents_are_those_of_the_coulomb_gas(q: int, name: str) -> None:
    known = bs.reference(name)
    assert (known.y_t.value, known.y_h.value) == pytest.approx(coulomb_gas(q), abs=1e-14)
    assert (known.y_t.method, known.y_t.error, known.y_h.error) == ("exact", 0, 0)


def test_the_tricritical_exponents_are_those_of_the_kac_table() -> None:
    def h(r: int, s: int, m: int = 4) -> float:  # Friedan, Qiu and Shenker 1984, eq. 3
        return (((m + 1) * r - m * s) ** 2 - 1) / (4 * m * (m + 1))

    known = bs.reference("blume-capel-tricritical-2d")
    assert (known.y_t.value, known.y_h.value) == pytest.approx((2 - 2 * h(3, 3), 2 - 2 * h(2, 2)))


def test_critical_couplings_are_those_of_the_models() -> None:
    ising, square = bs.reference("ising-2d"), bs.Lattice.square(4)
    assert (ising.Kc.value, ising.Kc_triangular.value) == (KC_SQUARE, KC_TRIANGULAR)  # keys of stored results hold them
    assert bs.reference("ising-3d").Kc.value == KC_CUBIC == critical_coupling(bs.Ising, bs.Lattice.cubic(4))
    for q in (3, 4):
        known = bs.reference(f"potts-{q}-2d").Kc.value
        assert known == pytest.approx(potts_kc(q), rel=1e-15)
        assert known == pytest.approx(critical_coupling(bs.Potts, square, q=q), rel=1e-15)


def test_the_judge_compares_with_the_table() -> None:
    for kind, name in (("square", "ising-2d"), ("triangular", "ising-2d"), ("cubic", "ising-3d")):
        for y in ("y_t", "y_h"):
            side, known = EXACT[kind][y], getattr(bs.reference(name), y)
            assert (side.value, side.error, side.doi) == (known.value, known.error, known.doi)
    assert [(side.name, side.value, side.error) for side in EXACT["square"].values()] == [
        ("exact", 1.0, 0.0), ("exact", 15 / 8, 0.0)]  # fmt: skip
    assert [str(Estimate(side.value, side.error)) for side in EXACT["cubic"].values()] == [
        "1.5873747(3)",
        "2.48185119(2)",
    ]


# relations between what one source prints, which are 0: names, function of d and their values
RELATIONS = {
    "gamma/nu": (("gamma", "nu", "gamma/nu"), lambda d, gamma, nu, ratio: gamma / nu - ratio),
    "beta/nu": (("beta", "nu", "beta/nu"), lambda d, beta, nu, ratio: beta / nu - ratio),
    "Fisher": (("gamma", "nu", "eta"), lambda d, gamma, nu, eta: gamma - nu * (2 - eta)),
    "hyperscaling": (("beta", "gamma", "nu"), lambda d, beta, gamma, nu: 2 * beta + gamma - d * nu),
    "d = 2 beta/nu + gamma/nu": (("beta/nu", "gamma/nu"), lambda d, beta, gamma: 2 * beta + gamma - d),
    "gamma from y_h": (("gamma", "y_t", "y_h"), lambda d, gamma, y_t, y_h: gamma * y_t - (2 * y_h - d)),
    "beta from y_h": (("beta", "y_t", "y_h"), lambda d, beta, y_t, y_h: beta * y_t - (d - y_h)),
    "nu": (("nu", "y_t"), lambda d, nu, y_t: nu * y_t - 1),
    "eta": (("eta", "y_h"), lambda d, eta, y_h: eta - (d + 2 - 2 * y_h)),
}  # fmt: skip


def related() -> list[Any]:
    """Every relation that a source prints enough for: model, source, relation."""
    keys = dict.fromkeys((name, one.key) for name, one in PUBLISHED)
    own = {pair: {one.quantity for name, one in PUBLISHED if (name, one.key) == pair} for pair in keys}
    return [(*pair, relation) for pair in keys for relation, (names, _) in RELATIONS.items() if own[pair] >= {*names}]


@pytest.mark.parametrize(("name", "key", "relation"), related())
def test_scaling_relations_hold_within_the_errors_of_a_source(name: str, key: str, relation: str) -> None:
    # errors are propagated as if independent; those of one simulation are correlated, so 2 is a loose bound
    names, function = RELATIONS[relation]
    known = {one.quantity: one for of, one in PUBLISHED if (of, one.key) == (name, key)}
    values, errors = [known[one].value for one in names], [known[one].error for one in names]
    d = bs.reference(name).d
    off = function(d, *values)
    moved = [function(d, *(v + e * (i == n) for i, (v, e) in enumerate(zip(values, errors, strict=True)))) - off
             for n in range(len(names))]  # fmt: skip
    assert abs(off) <= 2 * math.hypot(*moved) + 1e-12


def test_scaling_relations_are_tested_where_sources_print_enough() -> None:
    assert len(related()) > 30
    ferrenberg = {relation for _, key, relation in related() if key == "ferrenberg-2018"}
    assert ferrenberg >= {"gamma/nu", "beta/nu", "hyperscaling", "gamma from y_h", "beta from y_h"}


def test_sources_that_differ_are_listed_with_a_reason() -> None:
    found, most = {}, {}
    for name in NAMES:
        quantities = dict.fromkeys(one.quantity for one in bs.reference(name).published)
        for quantity in [one for one in quantities if one not in FOLLOWS]:
            for one, other in combinations(bs.reference(name).all(quantity), 2):
                pair = (name, quantity, *sorted((one.key, other.key)))
                (found if abs(one.z(other)) > WIDE else most)[pair] = abs(one.z(other))
    listed = [(one["model"], one["quantity"], *sorted(one["between"])) for one in STORED["tensions"]]
    assert sorted(listed) == sorted(found)
    assert all(one["reason"] for one in STORED["tensions"])
    assert len(most) > 60  # the others agree
    assert max(found.values()) < 15
    helium = ("xy-3d", "y_t", "hasenbusch-2025", "lipa-2003")
    assert found[helium] == pytest.approx(8, abs=0.5)  # the eight errors between theory and experiment


@pytest.mark.parametrize(("name", "one"), PUBLISHED, ids=lambda one: getattr(one, "key", one))
def test_every_value_has_an_error_a_source_and_a_doi(name: str, one: Published) -> None:
    assert isinstance(one, Estimate)
    assert math.isfinite(one.value)
    assert (one.error == 0) == (one.method == "exact")
    assert 0 <= one.error < 0.2 * abs(one.value)
    assert one.method in ("exact", "bootstrap", "Monte Carlo", "series", "tensor network", "experiment")
    assert one.authors
    assert one.journal
    assert 1940 < one.year < 2030
    assert DOI.fullmatch(one.doi), one.doi


def test_sources_are_used_once_each_and_their_places_are_in_their_dois() -> None:
    used = {one.key for _, one in PUBLISHED}
    assert used == set(STORED["sources"])
    dois = {key: source[-1] for key, source in STORED["sources"].items()}
    assert len(set(dois.values())) == len(dois)
    for key, (_, _, journal, _, doi) in STORED["sources"].items():
        if journal.startswith(("Phys. Rev.", "Rev. Mod. Phys.")):  # the publisher's rule: journal, volume, page
            title, volume, page = re.fullmatch(r"(.*?) (\d+), (\d+)", journal).groups()  # type: ignore[union-attr]
            assert doi == f"10.1103/{title.replace('Lett.', 'Lett').replace('.', '').replace(' ', '')}.{volume}.{page}"
        elif journal.startswith("JHEP") and "arXiv" not in doi:
            month, year, page = re.fullmatch(r"JHEP (\d+) \((\d+)\) (\d+)", journal).groups()  # type: ignore[union-attr]
            assert doi == f"10.1007/JHEP{month}({year}){page}"
        elif journal.startswith("arXiv:"):
            assert doi == f"10.48550/arXiv.{journal.removeprefix('arXiv:')}", key


def test_values_are_read_as_printed_and_errors_follow() -> None:
    ising = bs.reference("ising-3d")
    known = {one.key: one for one in ising.all("y_t")}["ferrenberg-2018"]
    assert known.quoted == "nu = 0.629912(86)"
    assert (known.value, known.error) == (1 / 0.629912, pytest.approx(86e-6 / 0.629912**2, rel=1e-6))
    assert ising.omega.value == 0.82968
    assert [one.value for one in ising.all("y_1")] == [-0.821]
    assert [one.value for one in ising.all("omega") if one.key == "qian-2026"] == [0.821]
    alpha = {one.key: one for one in bs.reference("xy-3d").all("y_t")}["lipa-2003"]
    assert (alpha.value, alpha.error) == (3 / 2.0127, pytest.approx(3 * 3e-4 / 2.0127**2, rel=1e-5))


def test_unknown_names_are_refused_with_the_choices() -> None:
    with pytest.raises(ValueError, match="potts-3-2d"):
        bs.reference("ising")
    with pytest.raises(ValueError, match="Delta_sigma"):
        bs.reference("ising-3d").all("delta")
    with pytest.raises(AttributeError, match="phi4-2d"):
        _ = bs.reference("phi4-2d").y_t


def test_a_reference_is_a_table_and_can_be_copied() -> None:
    known = bs.reference("ising-3d")
    assert pickle.loads(pickle.dumps(known)) == copy.deepcopy(known) == known
    frame = known.to_dataframe()
    assert {"quantity", "value", "error", "doi"} <= set(frame)
    assert list(frame["value"]) == [one.value for one in known.published if one.quantity not in FOLLOWS]
    assert known.y_t.doi in str(known)


def test_the_page_is_made_from_the_table() -> None:
    page = (DOCS / "reference" / "values.md").read_text()
    assert runpy.run_path(str(DOCS / "values.py"))["written"](page) == page
