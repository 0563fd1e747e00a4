"""Mehta & Schwab (2014), reproduced and judged: do stacked RBMs coarse-grain the 2D Ising model as the RG does?"""

from blockspin.experiments.core import Experiment
from blockspin.experiments.mehta_schwab.cards import cards
from blockspin.experiments.mehta_schwab.claims import CLAIMS
from blockspin.experiments.mehta_schwab.settings import PRESETS, Settings, check_memory
from blockspin.experiments.mehta_schwab.tasks import plan

EXPERIMENT = Experiment(
    name="mehta-schwab",
    summary="do stacked RBMs coarse-grain the 2D Ising model as the renormalization group does?",
    Settings=Settings,
    presets=PRESETS,
    plan=plan,
    claims=CLAIMS,
    page="blockspin.experiments.mehta_schwab.page",
    cards=cards,
    growing=("trainings", "alternatives"),
    repeated=True,
    check=check_memory,
)
