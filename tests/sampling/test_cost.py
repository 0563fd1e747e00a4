"""The choice of an algorithm: what it must and must not be, and, slowly, that it is right within a factor of two."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockspin.lattice import Lattice
from blockspin.models import KC_SQUARE, Ising
from blockspin.sampling import sample
from blockspin.sampling.cost import candidates, choose, seconds


@pytest.mark.parametrize(
    ("model", "n", "served"),
    [
        (Ising(Lattice.square(40), 0.408), 20_000, "multi-spin"),
        (Ising(Lattice.square(40), KC_SQUARE), 20_000, "multi-spin"),
        (Ising(Lattice.square(512), KC_SQUARE), 1000, "multi-spin"),
        (Ising(Lattice.square(40), 0.6), 20_000, "multi-spin"),
        (Ising(Lattice.square(41), 0.6), 20_000, "swendsen-wang or wolff"),  # sweeps alone would stay in stripes
        (Ising(Lattice.square(41), 0.3), 20_000, "swendsen-wang or wolff or heat-bath"),
        (Ising(Lattice.chain(100), 0.5), 1000, "swendsen-wang or heat-bath"),
        (Ising(Lattice.triangular(12), -0.5), 1000, "multi-spin"),  # frustrated: clusters would percolate
        (Ising(Lattice.square(8), -0.3, 0.2), 1000, "multi-spin"),
        (Ising(Lattice.square(7), -0.3, 0.2), 1000, "heat-bath"),
        (Ising(Lattice.cubic(8), 0.2), 1000, "multi-spin"),
    ],
    ids=str,
)
def test_the_choice_is_one_that_serves(model: Ising, n: int, served: str) -> None:
    assert choose(model, n).algorithm in served.split(" or ")


@given(n=st.integers(1, 300_000), chains=st.none() | st.integers(1, 3000), L=st.integers(1, 150))
def test_a_plan_holds_n_draws_and_few_more(n: int, chains: int | None, L: int) -> None:
    for algorithm in ("multi-spin", "swendsen-wang"):
        plan = choose(Ising(Lattice.square(4, 2 * L), 0.3), n, algorithm, chains)
        assert n <= plan.chains * plan.draws < n + plan.draws
        assert plan.chains <= (chains or n)


@pytest.mark.slow
@pytest.mark.parametrize("K", [0.3, 0.408, KC_SQUARE, 0.5])
@pytest.mark.parametrize("L", [16, 64, 128])
def test_the_choice_is_within_twice_the_best(L: int, K: float) -> None:
    model, n = Ising(Lattice.square(L), K), 2000
    taken = {}
    for algorithm in candidates(model):
        sample(model, 10, seed=1, algorithm=algorithm, spacing=1, equilibration=1)  # compiles
        start = time.process_time()
        sample(model, n, seed=1, algorithm=algorithm)
        taken[algorithm] = time.process_time() - start
    chosen = choose(model, n).algorithm
    predicted = {name: seconds(model, choose(model, n, name)) for name in taken}
    assert taken[chosen] <= 2 * min(taken.values()), f"{taken}, predicted {predicted}"
