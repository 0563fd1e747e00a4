"""The choices that the paper leaves open: each a change of the recipe of the variant l1, trained and judged like it."""

from typing import Any

TWICE = "twice-samples"  # the paper has 20,000 in its main text and 40,000 in its appendix
ALTERNATIVES: dict[str, tuple[str, dict[str, Any]]] = {  # in words, and what it changes
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


def check(names: tuple[str, ...]) -> None:
    """Raise ValueError for an unknown alternative."""
    if not set(names) <= set(ALTERNATIVES):
        raise ValueError(f"alternatives must be among {', '.join(ALTERNATIVES)}; got {', '.join(names)}")


def recipe(name: str, base: dict[str, Any]) -> dict[str, Any]:
    """The parameters of an alternative's RBM, from those of the variant l1."""
    return base | ALTERNATIVES[name][1]
