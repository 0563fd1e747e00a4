"""Settings with which each experiment runs in seconds; their numbers mean nothing."""

from blockspin.models import KC_SQUARE

TINY = {  # seconds each
    "mehta-schwab": (
        "L=8", "n_samples=200", "n_critical=200", "chains=10", "layers=[16, 4]", "recipe.n_iter=[1, 1]",
        'variants=["none", "l1"]', "conditions.n_samples=[100]", "conditions.L=8", "conditions.units=16",
        "conditions.updates=5", "conditions.chains=20",
    ),
    "exact-mapping": ("ring=6", "K=0.6", "flow=[0.3, 0.6]", "n_draws=200", "n_iter=2", "starts=1"),
    "mcrg": (
        "L=8", "n_samples=200", "chains=10", "steps=1", "distances=[-0.04, 0.04]", 'maps=["majority", "rbm-l1"]',
        "training.n_samples=200", "training.n_iter=[1]",
    ),
    "koch-janusz-ringel": (
        "chains=10", "n_iter=20", f"filters.K=[{KC_SQUARE!r}]", "filters.n_samples=500", "filters.seeds=2",
        "blocks.L=12", "blocks.sides=[4]", "blocks.n_samples=500", "blocks.seeds=2", "blocks.buffer=1",
        "blocks.environment=1", "curve.L=12", "curve.b=2", f"curve.T=[{1 / KC_SQUARE!r}]", "curve.buffers=[1, 2, 3]",
        "curve.environment=1",
        "curve.n_samples=500", "flow.L=16", "flow.steps=2", "flow.distances=[-0.04, -0.02, 0.02, 0.04]",
        "flow.n_samples=500", "chain.K=[0.1, 0.5]", "chain.points=3",
    ),
    "ho-2013": (
        "natural.n_train=100", "natural.n_test=30", "natural.side=6", "hidden=4", "updates=10", "seeds=2",
        "annealing=20", "natural.scan.l1=[0.06]", "natural.scan.l2=[0.03]", "digits.scan.l1=[0.01]",
        "digits.scan.l2=[0.003]", 'controls=["noise"]',
    ),
    "dimers": (
        "L=8", "block=4", "buffer=1", "environment=1", "n_samples=100", "chains=10", "temperatures=[0.5, inf]",
        "components=[2]", "torus=4", "learning.n_iter=20", "machines.hidden=[2]", "machines.n_iter=1",
        "machines.n_samples=100",
    ),
    "kernels": (
        "L=[16]", "n_samples=400", "chains=10", "steps=1", "weights=[0.75]", "learning.L=12", "learning.n_rows=100",
        "learning.n_samples=400", "learning.n_iter=1",
    ),
    "rbm-flows": (
        "L=[4, 6]", "hidden=[1.0]", "trainings=2", "chains=100", "steps=[1, 40]", "n_labelled=30",
        "learning.n_samples=8", "learning.n_iter=2", "stack.L=8", "stack.n_samples=400", "stack.n_iter=1",
    ),
    "locality-map": (
        "layer.L=8", "layer.units=16", "layer.updates=20", "layer.n_samples=100", "pool=100", "held_out=100",
        "n_critical=100", "chains=20",
        'planes={small={seeds=2, grid={l1=[0.01, 0.1], K=[0.4, 0.44]}}}',
    ),
}  # fmt: skip
