"""Dimers: what keeps information about the environment, and what an RBM trained by likelihood learns instead."""

from blockspin.experiments.core import Experiment
from blockspin.experiments.dimers.claims import CLAIMS
from blockspin.experiments.dimers.settings import PRESETS, Settings, check_memory
from blockspin.experiments.dimers.tasks import plan

EXPERIMENT = Experiment(
    name="dimers",
    summary="what do mutual information and an RBM learn of dimers? electric fields, plaquettes, noise",
    Settings=Settings,
    presets=PRESETS,
    plan=plan,
    claims=CLAIMS,
    page="blockspin.experiments.dimers.page",
    growing=("trainings",),
    repeated=True,
    check=check_memory,
)
