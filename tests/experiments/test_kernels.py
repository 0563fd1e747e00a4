"""The experiment kernels on small lattices, its claims on made-up exponents, and a filter's kernel."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import blockspin as bs
from blockspin.experiments.kernels import claims
from blockspin.experiments.kernels.settings import Settings
from blockspin.experiments.kernels.tasks import STARTS, Measured, Step, named, symmetric
from blockspin.statistics import Estimate

EXACT = (1.0, 1.875)
MAJORITY = (0.966, 1.8808)


class Made(dict[str, Any]):
    """A run with given exponents, the same at every step unless there are more of them."""

    def __init__(
        self, exponents: dict[str, Any], second: dict[str, Any] | None = None, error: float = 0.002, **settings: Any
    ) -> None:
        self.error = error  # of y_t
        self.settings = Settings.model_validate(
            {"weights": [0.75], "second": {"n_samples": 1000 if second else 0}, **settings}
        )
        starts = {STARTS[0]: exponents} | ({STARTS[1]: second} if second else {})
        super().__init__(
            measured={
                start: {32: {name: self.measured(found) for name, found in some.items()}}
                for start, some in starts.items()
            }
        )

    def measured(self, found: Any) -> Measured:
        pairs = found if isinstance(found, list) else [found] * self.settings.steps
        steps = [
            Step(y_t=Estimate(y_t, self.error), y_h=Estimate(y_h, 0.0001), y_t_by_operators=[], y_h_by_operators=[])
            for y_t, y_h in pairs
        ]
        return Measured(steps=steps)


def made(error: float = 0.002, **changes: Any) -> Any:
    own = {"majority": MAJORITY, "w = 0.75": (1.02, 1.9), named("self-similar", STARTS[0], 0): EXACT}
    return Made(own | {named("likelihood", STARTS[0], 0): (0.98, 1.86)} | changes, error=error)


def status(claim: Any, run: Any) -> str:
    return str(claim(run)["status"])


SELF, LIKELIHOOD = named("self-similar", STARTS[0], 0), named("likelihood", STARTS[0], 0)


def test_claims_follow_the_exponents() -> None:
    run = made()
    assert status(claims.exact_at_once, run) == "reproduced"
    assert status(claims.exact_at_once, made(**{SELF: (0.995, 1.88)})) == "partly"
    assert status(claims.exact_at_once, made(**{SELF: MAJORITY, LIKELIHOOD: MAJORITY})) == "not reproduced"
    assert status(claims.one_weight, run) == "not reproduced"
    assert status(claims.one_weight, made(**{"w = 0.75": (1.002, 1.9), "majority": (0.9, 1.8751)})) == "partly"
    assert status(claims.one_weight, made(**{"w = 0.75": EXACT})) == "reproduced"
    assert status(claims.without_exponents, run) == "reproduced"
    assert status(claims.without_exponents, made(**{SELF: [EXACT, MAJORITY]})) == "partly"
    assert status(claims.without_exponents, made(**{SELF: [MAJORITY, EXACT]})) == "not reproduced"
    assert status(claims.likelihood, run) == "partly"
    assert status(claims.likelihood, made(**{LIKELIHOOD: EXACT})) == "reproduced"
    assert status(claims.likelihood, made(**{LIKELIHOOD: (0.9, 1.8)})) == "not reproduced"


def test_numbers_that_are_not_sharp_decide_nothing_that_they_agree_with() -> None:
    blurred = made(error=0.006)  # of y_t: 2 errors exceed the distance of 0.01
    assert [status(one, blurred) for one in claims.CLAIMS] == [
        "partly",  # y_h is sharp
        "not reproduced",  # no w has y_h
        "undecided",
        "undecided",  # 0.980(6) and 0.966(6) are not told apart
        "not tested",
    ]
    far = made(error=0.006, **{SELF: (0.9, 1.8), LIKELIHOOD: (0.9, 1.8)})
    assert status(claims.exact_at_once, far) == status(claims.without_exponents, far) == "not reproduced"
    assert status(claims.likelihood, made(error=0.02, **{LIKELIHOOD: (0.97, 1.86)})) == "undecided"


def test_more_trainings_are_no_more_chances() -> None:
    """One training of three that has the exponents is not their mean, and their scatter is an error."""
    some = {named("self-similar", STARTS[0], n): EXACT if n == 0 else MAJORITY for n in range(3)}
    some |= {named("likelihood", STARTS[0], n): MAJORITY for n in range(3)}
    assert status(claims.exact_at_once, Made(some | {"majority": MAJORITY}, trainings=3)) == "undecided"


def starts(first: Any, second: Any, trainings: int = 3, scatter: float = 1e-4) -> str:
    """The status of KE-5 from y_h of the rules of either start, the first start's first, at each start."""
    found = [
        {
            named("self-similar", start, n): (1.0, y_h + scatter * (n - 1))
            for start, y_h in zip(STARTS, pair, strict=True)
            for n in range(trainings)
        }
        for pair in (first, second)
    ]
    return status(claims.starting_point, Made(*found, trainings=trainings))


def test_a_second_start_needs_its_own_rule() -> None:
    assert status(claims.starting_point, made()) == "not tested"
    own, worse = 1.8751, 1.879
    assert starts((own, worse), (worse, own)) == "reproduced"
    assert starts((own, worse), (own, own)) == "partly"
    assert starts((own, own), (own, own)) == starts((worse, own), (own, worse)) == "not reproduced"


def test_the_scatter_of_few_trainings_is_no_error_of_a_gaussian() -> None:
    own, worse = 1.8751, 1.879
    assert starts((own, worse), (worse, own), trainings=2) == "not tested"
    # apart by 3.5 errors of both, which is more than 2, and less than 2 of Student's t for three parts, 4.5
    assert starts((own, worse), (worse, own), scatter=0.00137) == "undecided"
    assert starts((own, worse), (worse, own), scatter=0.0006) == "reproduced"  # by 7.7


def test_a_mean_over_trainings_has_their_scatter() -> None:
    names = [named("self-similar", STARTS[0], n) for n in range(2)]
    run = Made({names[0]: (1.0, 1.874), names[1]: (1.02, 1.876)}, trainings=2)
    found = claims.mean_of(run, 32, names, 1, "y_t")  # type: ignore[arg-type]
    assert math.isclose(found.value, 1.01)
    assert math.isclose(found.error, math.hypot(0.002, 0.01))


def test_the_kernel_of_a_symmetric_filter_is_the_rbm() -> None:
    lattice, edge, corner = bs.Lattice.square(8), 0.1, -0.2
    w = np.full((4, 4), 0.4)
    w[[0, 3], 1:3] = w[1:3, ::3] = edge
    w[::3, ::3] = corner
    found = symmetric(lattice, w)
    assert np.allclose([one.value for one in found.theta], [0.4, edge, corner])
    assert np.allclose([one.error for one in found.theta], 0)
    rows = np.random.default_rng(1).choice(np.array([-1, 1], np.int8), (5, 64))
    rule = bs.rules.Kernel(lattice, 2, found.features, [0.4, edge, corner])
    rbm = bs.ConvolutionalRBM(lattice, 2, 4, units="spin", biases=False, n_iter=0, random_state=1).fit(rows)
    rbm._set_learned(filters_=w[None].astype(np.float32), _biases=np.zeros(2, np.float32))
    assert np.allclose(2 * rule.chance(rows) - 1, rbm.transform(rows), atol=1e-6)


def test_a_filters_weights_have_the_errors_of_its_scatter() -> None:
    w = np.random.default_rng(1).normal(size=(4, 4)).astype(np.float32)
    edges = np.concatenate([w[1:3, ::3].ravel(), w[::3, 1:3].ravel()])
    for one, part in zip(symmetric(bs.Lattice.square(8), w).theta, (w[1:3, 1:3], edges, w[::3, ::3]), strict=True):
        assert np.isclose(one.value, part.mean(), rtol=1e-6)
        assert np.isclose(one.error, part.std(ddof=1) / np.sqrt(part.size), rtol=1e-6)


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"L": [12], "steps": 2}, "steps = 2"),
        ({"L": []}, "L"),
        ({"steps": 3}, "steps = 3"),
        ({"learning": {"L": 15}}, "learning.L"),
        ({"weights": [0.0]}, "weights"),
        ({"trainings": 0}, "trainings"),
    ],
)
def test_settings_that_do_not_fit(wrong: dict[str, Any], where: str) -> None:
    with pytest.raises(ValueError, match=where):
        Settings.model_validate({"L": [16], "steps": 2} | wrong)


def test_trainings_and_starts_are_rules_of_their_own() -> None:
    from blockspin.experiments import find

    settings = Settings.model_validate({"trainings": 2, "second": {"n_samples": 100}})
    plan = find("kernels").plan(settings, 1)
    assert len({task.key for task in plan["rules"].values()}) == 1 + 5 + 2 * 2 + 2
    assert set(plan["measured"]) == set(STARTS)
    assert SimpleNamespace(**plan).samples.keys() == set(STARTS)
