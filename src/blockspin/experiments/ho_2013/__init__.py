"""Nghia Ho (2013): what penalties make of the filters of an RBM trained on images."""

from blockspin.experiments.core import Experiment
from blockspin.experiments.ho_2013.claims import CLAIMS
from blockspin.experiments.ho_2013.settings import PRESETS, Settings, check
from blockspin.experiments.ho_2013.tasks import plan

EXPERIMENT = Experiment(
    name="ho-2013",
    summary="is it the penalty that makes filters local? L1, L2 and none on images, permuted images and noise",
    Settings=Settings,
    presets=PRESETS,
    plan=plan,
    claims=CLAIMS,
    page="blockspin.experiments.ho_2013.page",
    check=check,
)
