"""Recipes of a paper and of re-implementations as points of the maps, in this experiment's units."""

from dataclasses import dataclass

from blockspin.experiments.ranges import penalty_on_spins


@dataclass(frozen=True)
class Recipe:
    """A recipe; letter: its mark on the maps; values: parameters of the layer, and n / M, samples a hidden unit."""

    name: str
    letter: str
    values: dict[str, float]
    source: str

    def at(self, name: str, units: int) -> float | None:
        """The value of a parameter of a layer of so many units; None where the source does not give it."""
        return self.values["n / M"] * units if name == "n_samples" else self.values.get(name)


def converted(l1: float, rate: float, scale: float, momentum: float = 0.5) -> dict[str, float]:
    """A recipe for 0/1 units, its penalty in the gradient, as one for -1/+1 units with the proximal penalty.

    W(+-1) = W(0/1) / 4, so that the rate becomes rate / 16. Biases have no counterpart here.
    """
    return {"l1": penalty_on_spins(l1, momentum), "learning_rate": rate / 16, "init_scale": scale / 4}


RECIPES = (
    Recipe(
        "Mehta & Schwab (2014)",
        "M",
        {"K": 0.408, "n / M": 50.0, **converted(2e-4, 0.1, 0.1)},
        "K, 20,000 samples for 400 units and L1 2e-4 from the paper; rate 0.1 and W ~ N(0, 0.1^2) from the code it "
        "adapted (Hinton & Salakhutdinov 2006)",
    ),
    Recipe(
        "re-implementation MEHTA_project",
        "F",
        {"n / M": 50.0, **converted(8e-3, 0.1, 0.01)},
        "20,000 samples for 400 units, L1 8e-3, rate 0.1, W ~ N(0, 0.01^2), no biases; its coupling is not stated",
    ),
    Recipe(
        "re-implementation in one file",
        "S",
        {"K": 1 / 2.3, "n / M": 62.5, **converted(2e-4, 0.1, 0.1)},
        "T = 2.3, 25,000 samples for 400 units, L1 2e-4, rate 0.001 on sums over batches of 100, W ~ N(0, 0.1^2)",
    ),
)
