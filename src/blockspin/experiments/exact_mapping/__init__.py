"""The mapping of Mehta & Schwab (2014) taken at its word: what is an identity, what a condition, and what neither."""

from blockspin.experiments.core import Experiment
from blockspin.experiments.exact_mapping.claims import CLAIMS
from blockspin.experiments.exact_mapping.settings import PRESETS, Settings, check_memory
from blockspin.experiments.exact_mapping.tasks import plan

EXPERIMENT = Experiment(
    name="exact-mapping",
    summary="is variational RG the same as an RBM? the mapping of Mehta and Schwab, evaluated exactly",
    Settings=Settings,
    presets=PRESETS,
    plan=plan,
    claims=CLAIMS,
    page="blockspin.experiments.exact_mapping.page",
    growing=("trainings",),
    repeated=True,
    check=check_memory,
)
