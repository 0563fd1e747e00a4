"""Block rules with weights: can a first step have the exact exponents, and which objective finds such a rule?"""

from blockspin.experiments.core import Experiment
from blockspin.experiments.kernels.claims import CLAIMS
from blockspin.experiments.kernels.settings import PRESETS, Settings, check_memory
from blockspin.experiments.kernels.tasks import plan

EXPERIMENT = Experiment(
    name="kernels",
    summary="can a block rule be exact at its first step, and which objective finds one without exponents?",
    Settings=Settings,
    presets=PRESETS,
    plan=plan,
    claims=CLAIMS,
    page="blockspin.experiments.kernels.page",
    check=check_memory,
    growing=("trainings", "weights"),
)
