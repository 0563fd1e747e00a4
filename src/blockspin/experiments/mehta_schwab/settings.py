"""Settings and presets of the Mehta-Schwab experiment, each value with its source.

Mehta & Schwab, arXiv 1410.3831, adapted the code of Hinton & Salakhutdinov, Science 313, 504 (2006); its values are
taken where the paper gives none.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self, get_args

from pydantic import Field, model_validator

from blockspin.experiments.ranges import (
    Coupling,
    Different,
    Momentum,
    Penalty,
    Rate,
    Repetitions,
    check_block,
    check_samples,
    check_split,
    check_weights,
)
from blockspin.runs.settings import Section

Variant = Literal[
    "sklearn-default", "sklearn-matched", "none", "l2", "l1", "autoencoder", "autoencoder-l2", "autoencoder-l1"
]
VARIANTS = {
    "sklearn-default": "scikit-learn's BernoulliRBM with its defaults",
    "sklearn-matched": "BernoulliRBM with this run's learning rate, batch size and epochs",
    "none": "RBM without a penalty",
    "l2": "RBM with L2 weight decay",
    "l1": "RBM with the L1 penalty",
    "autoencoder": "autoencoder without a penalty, layer by layer",
    "autoencoder-l2": "autoencoder with L2 weight decay",
    "autoencoder-l1": "autoencoder with the L1 penalty",
}
RBMS: tuple[Variant, ...] = get_args(Variant)[:5]
OWN = ("none", "l2", "l1")  # the variants that this package trains itself
TWICE = "twice-samples"  # the paper has 20,000 in its main text and 40,000 in its appendix
ALTERNATIVES: dict[str, tuple[str, dict[str, Any]]] = {  # in words, and what each changes in the recipe of l1
    "slow": ("learning rate 0.01", {"learning_rate": 0.01}),
    "small-start": ("initial weights of deviation 0.01", {"init": "small"}),
    "spins": ("spins -1/+1 in place of 0/1", {"units": "spin"}),
    "momentum": (  # Hinton and Salakhutdinov's code (2006)
        "momentum 0.5 for five epochs, 0.9 afterwards",
        {"momentum": 0.9, "early": {"momentum": 0.5, "n_iter": 5}},
    ),
    "sampled": ("sampled reconstructions", {"reconstruction": "sample"}),
    TWICE: ("twice as many samples", {}),
    "proximal": ("the penalty outside of the momentum, with exact zeros", {"l1_method": "proximal"}),
    "no-biases": ("no biases", {"biases": False}),
}


class Recipe(Section):
    """How every RBM of a stack is trained, but for the penalty that a variant leaves out."""

    units: Literal["binary", "spin"] = "spin"
    biases: bool = False
    learning_rate: Rate = 0.01
    momentum: Momentum = 0.5
    batch_size: Annotated[int, Field(ge=1)] = 100
    k: Annotated[int, Field(ge=1)] = 1
    l1: Penalty = 0.02
    l1_method: Literal["proximal", "subgradient"] = "proximal"
    l2: Penalty = 0.02
    init: Literal["small", "hinton-salakhutdinov"] = "small"
    reconstruction: Literal["sample", "mean"] = "sample"
    output: Literal["mean", "sample"] = "sample"
    n_iter: tuple[Annotated[int, Field(ge=0)], ...] = (25, 60)


class Deep(Section):
    """How the autoencoders are trained, but for the penalty that a variant leaves out; each layer alike."""

    biases: bool = False
    learning_rate: Rate = 0.001
    batch_size: Annotated[int, Field(ge=1)] = 100
    l1: Penalty = 0.02
    l2: Penalty = 0.02
    n_iter: Annotated[int, Field(ge=0)] = 30


class Conditions(Section):
    """A study apart from the stacks: one layer on a small lattice, against the number of training samples."""

    L: Annotated[int, Field(ge=8)] = 16
    units: Annotated[int, Field(ge=4)] = 64
    n_samples: Annotated[tuple[Annotated[int, Field(ge=100)], ...], Different] = (1000, 16_000, 256_000)
    updates: Annotated[int, Field(ge=1)] = 8000
    chains: Annotated[int, Field(ge=4)] = 100
    held_out: Annotated[float, Field(gt=0, lt=1)] = 0.1

    @property
    def n_drawn(self) -> int:
        """Samples to draw: the largest number to train on, and those held out."""
        return round(max(self.n_samples) / (1 - self.held_out))

    @model_validator(mode="after")
    def _fits(self) -> Conditions:
        check_block(self.L, self.units, "units")
        if self.n_samples:
            check_split(self.n_drawn, self.chains, self.held_out)
        return self


class Settings(Section):
    """The experiment in full; what a run folder keeps as settings.toml.

    trainings: of every variant, each on other chains of the same samples; nulls and the study are trained once.
    alternatives: to the variant l1, one change of the recipe each, as `ALTERNATIVES` names them.
    """

    L: Annotated[int, Field(ge=8)] = 24
    K: Coupling = 0.408
    n_samples: Annotated[int, Field(ge=100)] = 10_000
    n_critical: Annotated[int, Field(ge=100)] = 10_000
    chains: Annotated[int, Field(ge=4)] = 50
    held_out: Annotated[float, Field(gt=0, lt=1)] = 0.2
    layers: Annotated[tuple[Annotated[int, Field(ge=4)], ...], Field(min_length=1)] = (144, 36)
    variants: Annotated[tuple[Variant, ...], Field(min_length=1), Different] = RBMS
    null_variants: Annotated[tuple[Variant, ...], Different] = ("l1",)
    alternatives: Annotated[tuple[str, ...], Different] = ()
    recipe: Recipe = Recipe()
    autoencoder: Deep = Deep()
    conditions: Conditions = Conditions()
    trainings: Repetitions = 1

    @model_validator(mode="after")
    def _fits(self) -> Self:
        for units in self.layers:
            check_block(self.L, units, "layers")
        check_split(self.n_samples, self.chains, self.held_out)
        if not set(self.alternatives) <= set(ALTERNATIVES):
            given = ", ".join(self.alternatives)
            raise ValueError(f"alternatives must be among {', '.join(ALTERNATIVES)}; got {given}")
        if len(self.recipe.n_iter) != len(self.layers):
            given = f"{len(self.layers)} layers, {len(self.recipe.n_iter)} numbers"
            raise ValueError(f"recipe.n_iter needs one number of epochs a layer: {given}")
        return self


def check_memory(settings: Settings, seed: int) -> None:
    """Raise ValueError where samples or weights want more memory than is free."""
    check_samples(settings.L, settings.n_samples * (1 + (TWICE in settings.alternatives)), "n_samples")
    check_samples(settings.L, settings.n_critical, "n_critical")
    check_weights(settings.L, max(settings.layers), "layers")
    study = settings.conditions
    if study.n_samples:
        check_samples(study.L, study.n_drawn, "conditions.n_samples")
        check_weights(study.L, study.units, "conditions.units")


PAPER, CODE, OURS = "Mehta & Schwab (2014)", "Hinton & Salakhutdinov's code (2006)", "this project"
SOURCES: dict[str, tuple[Any, str]] = {  # the preset "paper": a setting's value, and where it comes from
    "L": (40, f"{PAPER}: periodic 40 x 40"),
    "K": (0.408, f"{PAPER}: J/kT = 0.408"),
    "n_samples": (22_000, f"{PAPER}: 20,000 (main text; 40,000 in its appendix); 2,000 more to hold out, {OURS}"),
    "held_out": (1 / 11, OURS),
    "chains": (110, OURS),
    "n_critical": (20_000, f"{OURS}: the exponents' samples, at the critical coupling"),
    "layers": ((400, 100, 25), f"{PAPER}: 1600-400-100-25"),
    "recipe.n_iter": ((200, 200, 200), f"{PAPER}: 200 epochs"),
    "recipe.l1": (2e-4, f"{PAPER}: 2e-4, in place of weight decay"),
    "recipe.biases": (True, f"{PAPER}: eq. 10"),
    "recipe.units": ("binary", f"{CODE}: logistic units"),
    "recipe.learning_rate": (0.1, f"{CODE}: 0.1"),
    "recipe.momentum": (0.5, f"{CODE}: 0.5 in its first five epochs (0.9 then); 0.5 throughout here"),
    "recipe.batch_size": (100, f"{CODE}: 100"),
    "recipe.k": (1, f"{CODE}: one step of contrastive divergence"),
    "recipe.l1_method": ("subgradient", f"{CODE}: the penalty is part of the gradient, inside the momentum"),
    "recipe.l2": (2e-4, f"{CODE}: weightcost 2e-4"),
    "recipe.init": ("hinton-salakhutdinov", f"{CODE}: 0.1 randn"),
    "recipe.reconstruction": ("mean", f"{CODE}: real-valued reconstructions"),
    "recipe.output": ("mean", f"{CODE}: probabilities are the next layer's data"),
}
FULL: dict[str, Any] = {
    **{name: value for name, (value, _) in SOURCES.items() if "." not in name},
    "variants": get_args(Variant),
    "conditions": {"n_samples": (1000, 4000, 16_000, 64_000, 256_000), "updates": 20_000},
    "trainings": 3,
}
RECIPE = {name[7:]: value for name, (value, _) in SOURCES.items() if "." in name}
PRESETS: dict[str, dict[str, Any]] = {
    # the demo: the whole story on a small lattice
    "quick": {},
    # the paper's values, and the code's where the paper is silent
    "paper": {**FULL, "recipe": RECIPE},
    # a recipe that gives local fields in all three layers
    "local": {**FULL, "recipe": {"n_iter": (25, 60, 100)}},
    # the first layer of the preset paper, and each choice that the paper leaves open made the other way
    "alternatives": {
        **FULL,
        "layers": (400,),
        "variants": ("l1",),
        "null_variants": (),
        "alternatives": tuple(ALTERNATIVES),
        "recipe": RECIPE | {"n_iter": (200,)},
        "conditions": {"n_samples": ()},
    },
}
