"""Products that a likelihood rests on are in full float32: GPUs would round them to TF32, which no CPU shows.

The programs are looked at, not run. Mutant tried: each of the `with` blocks taken away fails its own case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.extend.core import ClosedJaxpr, Jaxpr
from made_rbms import machine

from blockspin.coarse.rbm import annealing, gibbs, records
from blockspin.coarse.rsmi import bounds

RBM = machine("spin")._parameters()
ROWS = jnp.ones((4, 6))
KEY = jax.random.key(1)
WATCHED = (records.Rows(ROWS, ROWS),)
NETWORKS = bounds.new_critic(np.random.RandomState(0), 6, 6)
CLASSIFIER = bounds.new_classifier(np.random.RandomState(0), 6, 6)

PROGRAMS: dict[str, Callable[[], Any]] = {
    "annealing": lambda: annealing.anneal(RBM, jnp.ones(6), jnp.linspace(0, 1, 3), ROWS, KEY, units="spin"),
    "Gibbs chains": lambda: gibbs.chain(RBM, ROWS, KEY, jnp.int32(2), kept=2, units="spin"),
    "records": lambda: records.measure(RBM, RBM.weights, WATCHED, records.Program("spin", True, 4)),
    "critic": lambda: bounds._batches(NETWORKS, ROWS[None], ROWS[None], bounds.ROWS["infonce"]),
    "classifier": lambda: bounds._batches(CLASSIFIER, ROWS[None], ROWS[None], bounds.ROWS["classifier"]),
}


def products(jaxpr: Jaxpr) -> Iterator[Any]:
    """The matrix products of a program, of its loops and of the functions that it calls."""
    for equation in jaxpr.eqns:
        if equation.primitive.name == "dot_general":
            yield equation
        for part in jax.tree.leaves(list(equation.params.values()), is_leaf=lambda x: isinstance(x, ClosedJaxpr)):
            if isinstance(part, (Jaxpr, ClosedJaxpr)):
                yield from products(part.jaxpr if isinstance(part, ClosedJaxpr) else part)


@pytest.mark.parametrize("name", PROGRAMS)
def test_products_are_in_full_float32(name: str) -> None:
    found = [one.params["precision"] for one in products(jax.make_jaxpr(PROGRAMS[name])().jaxpr)]
    assert len(found) >= 2
    assert set(found) == {(jax.lax.Precision.HIGHEST,) * 2}
