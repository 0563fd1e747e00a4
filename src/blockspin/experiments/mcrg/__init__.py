"""Monte Carlo RG with block rules and learned maps: exponents, couplings, flow."""

from blockspin.experiments.core import Experiment
from blockspin.experiments.mcrg.claims import CLAIMS
from blockspin.experiments.mcrg.settings import PRESETS, Settings, check_memory
from blockspin.experiments.mcrg.tasks import cards, plan

EXPERIMENT = Experiment(
    name="mcrg",
    summary="exponents, couplings and flow of block rules and learned maps, side by side",
    Settings=Settings,
    presets=PRESETS,
    plan=plan,
    claims=CLAIMS,
    page="blockspin.experiments.mcrg.page",
    cards=cards,
    check=check_memory,
)
