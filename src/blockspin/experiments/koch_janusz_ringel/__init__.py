"""Real-space mutual information (Koch-Janusz and Ringel, 2018) on Ising spins, compared with exact sums."""

from blockspin.experiments.core import Experiment
from blockspin.experiments.koch_janusz_ringel.claims import CLAIMS
from blockspin.experiments.koch_janusz_ringel.settings import PRESETS, Settings, check_memory
from blockspin.experiments.koch_janusz_ringel.tasks import plan

EXPERIMENT = Experiment(
    name="koch-janusz-ringel",
    summary="do block spins of the most mutual information renormalize? compared with exact sums (Ising)",
    Settings=Settings,
    presets=PRESETS,
    plan=plan,
    claims=CLAIMS,
    page="blockspin.experiments.koch_janusz_ringel.page",
    growing=("trainings",),
    repeated=True,
    check=check_memory,
)
