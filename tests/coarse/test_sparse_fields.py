"""Fields held as sparse matrices: the same numbers as of the table, for block rules and their nulls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array, issparse

import blockspin as bs
from blockspin.coarse.embedding import alive, centres, embed, radius_of_gyration
from blockspin.coarse.maps import taken
from blockspin.coarse.sparse_fields import best_windows, dense, on_sites, pieces, sparse
from blockspin.judging.criteria.locality import participation, window_share
from blockspin.judging.criteria.symmetry import translation
from blockspin.judging.criteria.tiling import coverage, duplicates
from blockspin.judging.nulls import shuffled
from blockspin.lattice import windows_at

LATTICES = [bs.Lattice.chain(48), bs.Lattice.square(12, 16), bs.Lattice.triangular(12), bs.Lattice.cubic(6)]
OF_FIELDS: dict[str, Callable[[Any, bs.Lattice], Any]] = {
    "alive": lambda fields, lattice: alive(fields),
    "centres": centres,
    "radius": radius_of_gyration,
    "radius on the open plane": lambda fields, lattice: radius_of_gyration(fields, lattice, periodic=False),
    "participation": lambda fields, lattice: participation(fields),
    "window": lambda fields, lattice: window_share(fields, lattice, 3),
    "open window": lambda fields, lattice: window_share(fields, lattice, 3, periodic=False),
    "coverage": lambda fields, lattice: coverage(fields),
    "duplicates": lambda fields, lattice: duplicates(fields),
    "template": lambda fields, lattice: translation(fields, lattice)[0],
    "share": lambda fields, lattice: translation(fields, lattice)[1],
}


@pytest.mark.parametrize("lattice", LATTICES, ids=str)
@pytest.mark.parametrize("name", OF_FIELDS)
def test_sparse_fields_have_the_numbers_of_dense_ones(name: str, lattice: bs.Lattice) -> None:
    random = np.random.default_rng(1)
    blocks = lattice.blocks(2)
    fields = np.zeros((len(blocks), lattice.n_sites))
    np.put_along_axis(fields, blocks, random.normal(size=blocks.shape), axis=1)
    for one in (fields, fields[:, random.permutation(lattice.n_sites)]):
        found = [OF_FIELDS[name](held, lattice) for held in (one, csr_array(one))]
        np.testing.assert_allclose(found[1], found[0], rtol=1e-9, atol=1e-12)


def test_fields_are_sparse_where_most_weights_are_0() -> None:
    random = np.random.default_rng(2)
    few, many = (np.where(random.random((40, 50)) < share, 1.0, 0.0) for share in (0.05, 0.5))
    for matrix in (few, csr_array(few)):
        assert issparse(sparse(matrix))
        np.testing.assert_array_equal(dense(sparse(matrix)), few)
    for matrix in (many, csr_array(many)):
        held = sparse(matrix)
        assert isinstance(held, np.ndarray)
        np.testing.assert_array_equal(held, many)
        assert not np.shares_memory(held, many)


def test_a_block_rule_its_null_and_a_stack_of_them_have_sparse_fields() -> None:
    fine = bs.Lattice.square(16)
    X = np.random.default_rng(3).choice(np.array([-1, 1], np.int8), (20, 256))
    rule = bs.Majority(fine, 2, random_state=1)
    null = shuffled(rule, 256, seed=1)
    for one in (rule, null):
        fields, origin = taken(one).fields(X, one.transform(X))
        assert (issparse(fields), origin) == (True, "weights")
    moved = null.weights(256)
    assert moved is not None
    np.testing.assert_array_equal(dense(moved)[:, null.permutation], rule.fields_)
    assert embed(moved, fine) is not None


def test_windows_and_the_best_of_them() -> None:
    lattice = bs.Lattice.square(5, 7)
    sites = windows_at(lattice, 2)
    assert sites.shape == (35, 4)
    assert sites[0].tolist() == [0, 1, 7, 8]
    assert sites[-1].tolist() == [34, 28, 6, 0]  # around both edges
    weight = np.random.default_rng(4).random((6, 35))
    for held in (weight, csr_array(weight)):
        best, most = best_windows(held, sites)
        every = weight[:, sites].sum(axis=2)
        assert best.tolist() == every.argmax(axis=1).tolist()
        np.testing.assert_allclose(most, every.max(axis=1))
        np.testing.assert_allclose(on_sites(held, sites[best]).sum(axis=1), most)


def test_pieces_are_all_rows_in_order() -> None:
    assert [row for piece in pieces(10, 2**19) for row in range(10)[piece]] == list(range(10))
    assert next(pieces(10, 2**30)) == slice(0, 1)
