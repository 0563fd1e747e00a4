"""Settings and presets of the Mehta-Schwab experiment, each value with its source.

[MS] Mehta & Schwab, arXiv 1410.3831. [HS] the Hinton-Salakhutdinov (2006) code that they adapted; its values stand
where the paper gives none. [here] chosen for this project.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

VARIANTS = {
    "sklearn-default": "scikit-learn's BernoulliRBM as it comes",
    "sklearn-matched": "BernoulliRBM with this run's learning rate, batch size and epochs",
    "none": "RBM without a penalty",
    "l2": "RBM with L2 weight decay",
    "l1": "RBM with the L1 penalty",
}
Variant = Literal["sklearn-default", "sklearn-matched", "none", "l2", "l1"]


class Recipe(BaseModel):
    """How every machine of a stack is trained, but for the penalty that a variant leaves out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    units: Literal["binary", "spin"] = "spin"
    biases: bool = False
    learning_rate: Annotated[float, Field(gt=0)] = 0.01
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.5
    batch_size: Annotated[int, Field(ge=1)] = 100
    k: Annotated[int, Field(ge=1)] = 1
    l1: Annotated[float, Field(ge=0)] = 0.02
    l1_method: Literal["proximal", "subgradient"] = "proximal"
    l2: Annotated[float, Field(ge=0)] = 0.02
    init: Literal["small", "hinton-salakhutdinov"] = "small"
    reconstruction: Literal["sample", "mean"] = "sample"
    output: Literal["mean", "sample"] = "sample"
    n_iter: tuple[int, ...] = (25, 60)


class Settings(BaseModel):
    """The experiment in full; what a run folder keeps as settings.toml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    L: Annotated[int, Field(ge=8)] = 24
    K: Annotated[float, Field(gt=0)] = 0.408
    n_samples: Annotated[int, Field(ge=100)] = 10_000
    n_critical: Annotated[int, Field(ge=100)] = 10_000
    chains: Annotated[int, Field(ge=4)] = 50
    held_out: Annotated[float, Field(gt=0, lt=1)] = 0.2
    layers: tuple[int, ...] = (144, 36)
    variants: tuple[Variant, ...] = ("sklearn-default", "sklearn-matched", "none", "l2", "l1")
    null_variants: tuple[Variant, ...] = ("l1",)
    recipe: Recipe = Recipe()

    @model_validator(mode="after")
    def _one_number_of_epochs_a_layer(self) -> Settings:
        if len(self.recipe.n_iter) != len(self.layers):
            raise ValueError(
                f"recipe.n_iter needs one number of epochs a layer: {len(self.layers)} layers, "
                f"{len(self.recipe.n_iter)} numbers"
            )
        return self


PRESETS: dict[str, dict[str, Any]] = {
    # the demo: the whole story on a small lattice [here]
    "quick": {},
    # the paper's values, then the code's where the paper is silent
    "paper": {
        "L": 40,  # [MS] periodic 40 x 40
        "K": 0.408,  # [MS] J/kT = 0.408
        "n_samples": 22_000,  # [MS] 20,000 to train on, and 2,000 held out [here]
        "n_critical": 20_000,  # [here]
        "chains": 110,  # [here]
        "held_out": 1 / 11,  # [here]
        "layers": (400, 100, 25),  # [MS] 1600-400-100-25
        "recipe": {
            "units": "binary",  # [HS] logistic units
            "biases": True,  # [MS] eq. 10
            "learning_rate": 0.1,  # [HS]
            "momentum": 0.5,  # [HS] for its first epochs
            "batch_size": 100,  # [HS]
            "k": 1,  # [HS]
            "l1": 2e-4,  # [MS] instead of weight decay
            "l1_method": "subgradient",  # [HS] the penalty stands in the gradient, inside the momentum
            "l2": 2e-4,  # [HS] weightcost
            "init": "hinton-salakhutdinov",  # [HS] 0.1 randn
            "reconstruction": "mean",  # [HS] real-valued reconstructions
            "output": "mean",  # [HS] probabilities are the next layer's data
            "n_iter": (200, 200, 200),  # [MS] 200 epochs
        },
    },
    # a recipe that gives local fields in all three layers [here]
    "local": {
        "L": 40,
        "K": 0.408,
        "n_samples": 22_000,
        "n_critical": 20_000,
        "chains": 110,
        "held_out": 1 / 11,
        "layers": (400, 100, 25),
        "recipe": {"n_iter": (25, 60, 100)},
    },
}
