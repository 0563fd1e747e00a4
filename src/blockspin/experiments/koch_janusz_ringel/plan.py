"""The tasks of the experiment koch-janusz-ringel, laid out without importing what runs them."""

from __future__ import annotations

from dataclasses import dataclass

from blockspin.experiments.koch_janusz_ringel.settings import TORUS, Settings
from blockspin.models.ising import KC_SQUARE
from blockspin.randomness import integer
from blockspin.runs.task import Task

TASKS = "blockspin.experiments.koch_janusz_ringel.tasks:"


@dataclass(frozen=True)
class Plan:
    """Every task by what it is for: filters by K, blocks by side, curve by temperature, flow by K."""

    filters: dict[float, Task]
    blocks: dict[int, Task]
    curve: dict[float, Task]
    trained: Task
    flow: dict[float, Task]
    chain: dict[float, Task]

    def tasks(self) -> list[Task]:
        """All tasks; the samples are reached through them."""
        parts = (self.filters, self.blocks, self.curve, self.flow, self.chain)
        return [self.trained, *(task for part in parts for task in part.values())]


def plan(settings: Settings, seed: int) -> Plan:
    """Lay out the tasks; nothing is run. A task's settings hold what it uses and no more."""
    chains, common = settings.chains, {"n_iter": settings.n_iter, "seed": seed}
    training = 0.2 + 4.0 * settings.n_iter / 3000  # seconds at most

    def samples(L: int, K: float, n: int, use: str) -> Task:
        chosen = {"L": L, "K": K, "n": n, "chains": chains, "seed": integer(seed, use, f"{K:.12g}")}
        return Task(
            "sample",
            f"samples of {L} x {L} at K = {K:.4f}",
            "blockspin.experiments.mcrg.tasks:run_sample",
            chosen,
            weight=L**2 * n * 1e-7,
        )

    small, large, curve, flow = settings.filters, settings.blocks, settings.curve, settings.flow
    filters = {
        K: Task(
            "filter",
            f"2 x 2 filters at K = {K:.4f}",
            f"{TASKS}run_filter",
            {"K": K, "seeds": small.seeds, **common},
            parents=(samples(TORUS, K, small.n_samples, "filters"),),
            weight=training * small.seeds,
        )
        for K in small.K
    }
    critical = samples(large.L, KC_SQUARE, large.n_samples, "blocks")
    blocks = {
        b: Task(
            "block",
            f"filters of {b} x {b} blocks",
            f"{TASKS}run_block",
            {"b": b, **large.model_dump(include={"buffer", "environment", "seeds"}), **common},
            parents=(critical,),
            weight=training * large.seeds,
        )
        for b in large.sides
    }
    curves = {
        T: Task(
            "curve",
            f"information at T = {T:.3f}",
            f"{TASKS}run_curve",
            {"b": curve.b, "buffers": curve.buffers, "environment": curve.environment, "K": 1 / T, **common},
            parents=(samples(curve.L, 1 / T, curve.n_samples, "curve"),),
            weight=training * len(curve.buffers),
        )
        for T in curve.T
    }
    trained = Task(
        "steps",
        f"filters step by step at K = {flow.K_filters:.4f}",
        f"{TASKS}run_steps",
        {"steps": flow.steps, **common},
        parents=(samples(flow.L, flow.K_filters, flow.n_samples, "steps"),),
        weight=training * flow.steps,
    )
    flows = {
        K: Task(
            "flow",
            f"flow from K = {K:.4f}",
            f"{TASKS}run_flow",
            {"critical": K == KC_SQUARE, "seed": seed},
            parents=(samples(flow.L, K, flow.n_samples, "flow"), trained),
            weight=0.1 + flow.L**2 * flow.n_samples * 4e-8,
        )
        for K in sorted([KC_SQUARE, *(KC_SQUARE + distance for distance in flow.distances)])
    }
    chain = {
        K: Task(
            "chain",
            f"the chain at K = {K:g}",
            f"{TASKS}run_chain",
            {"K": K, **settings.chain.model_dump(exclude={"K"})},
            weight=0.1 + settings.chain.points**2 * 6e-4,
        )
        for K in settings.chain.K
    }
    return Plan(filters, blocks, curves, trained, flows, chain)
