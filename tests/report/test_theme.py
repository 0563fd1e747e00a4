"""Looks of names: no two maps alike, every page the same, and no more than can be told apart."""

from __future__ import annotations

import pytest

from blockspin.experiments.exact_mapping.tasks import FLOWS, in_words
from blockspin.experiments.mcrg.settings import MAPS
from blockspin.experiments.mehta_schwab.settings import VARIANTS
from blockspin.report import theme


def test_no_two_maps_have_colour_and_marker_in_common() -> None:
    looks = [(style.colour, style.marker) for style in theme.KNOWN.values()]
    assert len(set(looks)) == len(looks)
    spare = [(style.colour, style.marker, style.line) for style in theme.SPARE]
    assert len(set(spare)) == len(spare)


@pytest.mark.parametrize(
    "names", [MAPS, [*map(in_words, FLOWS)], VARIANTS], ids=["mcrg", "exact-mapping", "mehta-schwab"]
)
def test_every_map_of_an_experiment_has_its_own_look(names: dict[str, str]) -> None:
    assert all(theme.known(name) is not None for name in names)
    assert theme.styles(names) == {name: theme.known(name) for name in names}


def test_a_machine_and_its_nulls_look_the_same_on_every_page() -> None:
    assert (
        theme.known("l1") == theme.known("rbm-l1") == theme.known("l1, untrained") == theme.styles(["rbm-l1"])["rbm-l1"]
    )
    assert theme.known("a map") is None


def test_other_names_take_what_is_left_in_order() -> None:
    names = ["l1", "rbm-l1", *(f"map {n}" for n in range(15))]
    looks = theme.styles(names)
    assert list(looks) == names
    assert looks == theme.styles(names)
    assert len(set(looks.values())) == len(names)
    with pytest.raises(ValueError, match="distinguished"):
        theme.styles([*names, "map 15"])
