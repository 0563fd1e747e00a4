"""The tasks: draw samples, train layer by layer, measure every layer of every map, and the study of sample numbers."""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

import blockspin as bs
from blockspin import judging
from blockspin.experiments.mehta_schwab.settings import ALTERNATIVES, OWN, TWICE, Deep, Recipe, Settings
from blockspin.experiments.shared_tasks import again, ising_samples
from blockspin.experiments.stored import Samples
from blockspin.experiments.task import task
from blockspin.experiments.tree import Tree
from blockspin.models.ising import KC_SQUARE
from blockspin.randomness import integer
from blockspin.runs.task import Progress, Result, Task

RULES = ("majority", "decimation")
NULLS = {"untrained": "untrained", "shuffled sites": "ising"}  # of every variant: what its stack is trained on
MORE_NULLS = {"K=0 data": "noise", "permuted data": "permuted"}  # of the null_variants
UNUSED = {"none": {"l1", "l1_method", "l2"}, "l2": {"l1", "l1_method"}, "l1": {"l2"}}  # of the recipe
SHOWN = 4  # held-out samples whose reconstructions are kept for the page


def plan(settings: Settings, seed: int, training: int = 1) -> dict[str, Tree]:
    """Samples, stacks by variant and by what they are trained on, the study, and the measurements by map and layer.

    A later training has stacks on other chains of the same samples; nulls and the study are those of the first.
    """
    s, own = settings, again(seed, training)
    critical = _drawn("critical samples", s.L, KC_SQUARE, s.n_critical, s.chains, seed)

    def samples_of(variant: str) -> Task:
        n = 2 * s.n_samples if variant == TWICE else s.n_samples
        return _drawn("samples", s.L, s.K, n, s.chains, seed)

    def stack(variant: str, data: str, seed: int) -> list[Task]:
        layers: list[Task] = []
        for layer, (units, n_iter) in enumerate(zip(s.layers, s.recipe.n_iter, strict=True), start=1):
            about = {"variant": variant, "data": data, "layer": layer, "units": units, "seed": seed}
            recipe = recipe_of(variant, s.recipe, n_iter, s.autoencoder)
            layers.append(train(samples_of(variant), [*layers], **about, recipe=recipe, held_out=s.held_out))
        return layers

    def measures(name: str, kind: str, variant: str, trained: list[Task], seed: int, null: str = "") -> list[Task]:
        units = recipe_of(variant, s.recipe, 0)["units"] if variant in s.alternatives else s.recipe.units
        about = {"map": name, "kind": kind, "variant": variant, "null": null, "units": units, "K": s.K}
        about |= {"held_out": s.held_out, "seed": seed}
        sides = enumerate((round((s.L**2 / units) ** 0.5) for units in s.layers), start=1)
        return [measure(samples_of(variant), critical, trained[:n], **about, layer=n, b=b) for n, b in sides]

    trained = {}
    measured = {rule: measures(rule, "reference", rule, [], seed) for rule in RULES}
    for variant in (*s.variants, *s.alternatives):
        nulls = NULLS | (MORE_NULLS if variant in s.null_variants else {})
        stacks = {data: stack(variant, data, seed) for data in ("ising", *nulls.values())}
        trained[variant] = stacks | {"ising": stack(variant, "ising", own)}
        measured[variant] = measures(variant, "learned", variant, trained[variant]["ising"], own)
        for null, data in nulls.items():
            name = f"{variant}, {null}"
            measured[name] = measures(name, "null", variant, stacks[data], seed, null)
    samples = {"training": samples_of(""), "critical": critical}
    return {"samples": samples, "trained": trained, "conditions": _conditions(s, seed), "measured": measured}


def _conditions(s: Settings, seed: int) -> dict[str, dict[int, Task]]:
    """The study by variant and number of samples: all RBMs make the same number of updates."""
    study = s.conditions
    if not study.n_samples:
        return {}
    samples = _drawn("small-lattice samples", study.L, s.K, study.n_drawn, study.chains, seed)
    used = {"units": study.units, "held_out": study.held_out, "seed": seed}
    epochs = {n: max(1, round(study.updates * s.recipe.batch_size / n)) for n in study.n_samples}
    return {
        name: {
            n: condition(samples, variant=name, n=n, recipe=recipe_of(name, s.recipe, n_iter), **used)
            for n, n_iter in epochs.items()
        }
        for name in OWN
        if name in s.variants
    }


def _drawn(name: str, L: int, K: float, n: int, chains: int, seed: int) -> Task:
    drawn = ising_samples(L=L, K=K, n=n, chains=chains, seed=integer(seed, "sample", name))
    return replace(drawn, label=name)


def recipe_of(variant: str, recipe: Recipe, n_iter: int, deep: Deep | None = None) -> dict[str, Any]:
    """The parameters of a variant in a layer: of an RBM, or an autoencoder, less the penalties that it does not have.

    What a variant does not use is not among its task's settings, so changing it does not train the variant again.
    """
    if variant.startswith("autoencoder") and deep is not None:
        unused = {"l1", "l2"} - {variant.removeprefix("autoencoder-")}
        return {name: value for name, value in deep.model_dump(mode="json").items() if name not in unused}
    if variant in ALTERNATIVES:
        return recipe_of("l1", recipe, n_iter) | ALTERNATIVES[variant][1]
    values = {**recipe.model_dump(mode="json"), "n_iter": n_iter}
    if variant == "sklearn-default":
        return {}
    if variant == "sklearn-matched":
        return {name: values[name] for name in ("learning_rate", "batch_size", "n_iter")}
    return {name: value for name, value in values.items() if name not in UNUSED[variant]}


def _train_cost(
    samples: Task, below: list[Task], variant: str, data: str, units: int, recipe: dict[str, Any], **_: Any
) -> float:
    if data == "untrained":
        return 0.1
    inputs = below[-1].settings["units"] if below else samples.settings["L"] ** 2
    epochs = recipe.get("n_iter", 30) * (2 if variant.startswith(("sklearn-matched", "autoencoder")) else 1)
    return float(max(inputs * units * samples.settings["n"] * epochs * recipe.get("k", 1) * 1e-10, 0.1))


@task(
    label=lambda variant, data, layer, **_: f"train {variant}, layer {layer}" + f" ({data})" * (data != "ising"),
    weight=_train_cost,
)
def train(
    samples: Samples,
    below: list[Result],
    /,
    variant: str,
    data: str,
    layer: int,
    units: int,
    held_out: float,
    recipe: dict[str, Any],
    seed: int,
    *,
    progress: Progress,
) -> Result:
    """Train one layer on what the layers below pass on; arrays: weights and trajectory."""
    from blockspin.experiments.mehta_schwab.machines import build, inputs, stack_of, weights

    parts = bs.split(samples, 1 - held_out, seed=seed)
    shift = 1 if data == "noise" else 0  # the held-out noise must not repeat the training noise
    X, validation = (inputs(data, bs.to_matrix(part), seed + n * shift) for n, part in enumerate(parts))
    stack = stack_of(variant, recipe.get("units", "binary"), below, seed)
    X, validation = stack.transform(X), stack.transform(validation)
    early = recipe.get("early", {})
    machine = build(variant, units, {name: value for name, value in recipe.items() if name != "early"}, layer, seed)
    if data == "untrained":
        machine.set_params(n_iter=0)
    if not isinstance(machine, bs.RBM):
        machine.fit(X)
    elif machine.n_iter > early.get("n_iter", machine.n_iter):
        machine.set_params(**early).fit(X, validation=validation)
        machine.set_params(**{name: recipe[name] for name in early}, verbose=progress).resume(X, validation=validation)
    else:
        machine.set_params(**early | {"n_iter": machine.n_iter, "verbose": progress}).fit(X, validation=validation)
    arrays = weights(machine)
    course = getattr(machine, "trajectory_", {})  # scikit-learn keeps none
    arrays |= {f"trajectory_{name}": np.asarray(values) for name, values in course.items()}
    return Result(arrays, {"output": recipe.get("output", "mean")})


@task(version=11, label="judge {map}, layer {layer}", weight=lambda critical, **_: 1.5 * critical.weight)
def measure(
    samples: Samples,
    critical: Samples,
    trained: list[Result],
    /,
    map: str,
    kind: str,
    null: str,
    variant: str,
    layer: int,
    units: str,
    K: float,
    held_out: float,
    b: int,
    seed: int,
) -> Result:
    """Measure one layer of one map; arrays: fields, centres, free-run correlations, reconstructions."""
    from blockspin.coarse.sparse_fields import dense
    from blockspin.experiments.mehta_schwab.machines import stack_of
    from blockspin.judging.criteria.fidelity import correlation
    from blockspin.judging.nulls import shuffled
    from blockspin.statistics import jackknife

    training, rest = bs.split(samples, 1 - held_out, seed=seed)
    model = bs.Ising(bs.Lattice.square(training.sizes["x"]), K)
    evidence = judging.Evidence(rest, critical=critical, train=training, model=model, seed=seed)
    if kind == "reference":
        ties = integer(seed, "ties")
        rules: dict[str, Any] = {"majority": partial(bs.Majority, random_state=ties), "decimation": bs.Decimation}
        transformer = rules[map](model.lattice, b).fit(evidence.X)
    else:
        transformer = stack_of(variant, units, trained, seed)
        if null == "shuffled sites":
            transformer = shuffled(transformer, model.lattice.n_sites, seed)
    subject = judging.Subject(transformer, evidence, name=map, layer=layer)
    criteria = ["locality", "tiling", "symmetry", "fidelity", "spectrum"]
    if kind == "learned":
        criteria.append("generalization")
    measured = judging.measure_subject(subject, criteria, kind=null)
    arrays: dict[str, np.ndarray[Any, Any]] = {"fields": dense(subject.fields).astype(np.float32)}
    if subject.embedding is not None:
        arrays |= {"centres": subject.embedding.centres, "alive": subject.embedding.alive}
    if kind == "learned":
        rows = np.linspace(0, len(evidence.X) - 1, SHOWN).astype(int)
        arrays["shown"] = evidence.X[rows]
        arrays["reconstructed"] = np.clip(np.asarray(subject.map.reconstruct(evidence.X[rows])), -1, 1)
        if subject.free_run is not None:
            free = np.concatenate(subject.free_run)
            arrays["G"], arrays["G_error"] = jackknife(correlation(free))
            arrays["G_data"], arrays["G_data_error"] = jackknife(correlation(evidence.samples.values))
            arrays["made"] = free[::50, -1]
    return Result(arrays, {"measured": measured.to_dict(), "kind": kind, "variant": variant})


@task(
    version=6,
    label="train {variant} on {n} small samples",
    weight=lambda samples, units, n, recipe, **_: max(
        samples.settings["L"] ** 2 * units * n * recipe["n_iter"] * recipe["k"] * 4e-10, 1.0
    ),
)
def condition(
    samples: Samples,
    /,
    variant: str,
    n: int,
    units: int,
    held_out: float,
    recipe: dict[str, Any],
    seed: int,
    *,
    progress: Progress,
) -> Result:
    """Train one layer on n samples, measure its locality, its nulls' and the majority rule's; arrays: its fields."""
    from blockspin.experiments.mehta_schwab.machines import build, with_nulls

    training, rest = bs.split(samples, 1 - held_out, seed=seed)
    X = bs.to_matrix(training)
    X = X[np.linspace(0, len(X) - 1, n).round().astype(int)]  # of all chains alike
    machine = build(variant, units, recipe, 1, seed)
    stacks = with_nulls(machine, X, bs.to_matrix(rest), seed, progress)
    evidence = judging.Evidence(rest, seed=seed)
    measured, *nulls = (
        judging.measure_subject(judging.Subject(one, evidence, name=null or variant), ["locality"], kind=null)
        for null, one in stacks.items()
    )
    majority = judging.reference(evidence, measured.b, seed=seed, criteria=["locality"])
    about = {
        "measured": measured.to_dict(),
        "nulls": [null.to_dict() for null in nulls],
        "reference": majority.to_dict() if majority is not None else None,
        "free_energy_gap": float(machine.trajectory_["free_energy_gap"][-1]),
    }
    return Result({"fields": machine.components_}, about)
