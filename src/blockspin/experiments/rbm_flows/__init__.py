"""The flow of an RBM's reconstructions: where it ends by three thermometers, and whether layers are block spins."""

from blockspin.experiments.core import Experiment
from blockspin.experiments.rbm_flows.claims import CLAIMS
from blockspin.experiments.rbm_flows.settings import PRESETS, Settings, check_memory
from blockspin.experiments.rbm_flows.tasks import plan

EXPERIMENT = Experiment(
    name="rbm-flows",
    summary="does the flow of an RBM's reconstructions end at the critical temperature, and what does that certify?",
    Settings=Settings,
    presets=PRESETS,
    plan=plan,
    claims=CLAIMS,
    page="blockspin.experiments.rbm_flows.page",
    check=check_memory,
)
