"""The phase diagram of locality: where one RBM layer learns local blocks, and where these renormalize."""

from blockspin.experiments.core import Experiment
from blockspin.experiments.locality_map.claims import CLAIMS
from blockspin.experiments.locality_map.numbers import data
from blockspin.experiments.locality_map.settings import PRESETS, Settings, check_memory
from blockspin.experiments.locality_map.tasks import plan

EXPERIMENT = Experiment(
    name="locality-map",
    summary="where does an RBM learn local blocks, and where do they renormalize? maps over penalty, coupling, samples",
    Settings=Settings,
    presets=PRESETS,
    plan=plan,
    claims=CLAIMS,
    page="blockspin.experiments.locality_map.page",
    data=data,
    # one map in place of the preset's
    swept=lambda sweep: {"planes": {"-".join(sweep.names) or "seeds": sweep.model_dump()}},
    growing=("planes",),
    check=check_memory,
)
