"""Monte Carlo RG with block rules and learned maps: exponents, couplings, flow."""

from blockspin.experiments.core import Experiment
from blockspin.experiments.mcrg.claims import CLAIMS
from blockspin.experiments.mcrg.settings import PRESETS, Settings, check_memory
from blockspin.experiments.mcrg.tasks import cards, plan

EXPERIMENT = Experiment(
    name="mcrg",
    summary="which exponents, couplings and flow do block rules and learned maps have?",
    Settings=Settings,
    presets=PRESETS,
    plan=plan,
    claims=CLAIMS,
    page="blockspin.experiments.mcrg.page",
    cards=cards,
    growing=("trainings",),
    repeated=True,
    check=check_memory,
)
