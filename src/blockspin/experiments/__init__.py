"""The experiments: one module a paper, found by name in one table and imported when used."""

from importlib import import_module

from blockspin.experiments.core import Experiment
from blockspin.runs.settings import SettingsError, nearest

EXPERIMENTS = {
    "mehta-schwab": "blockspin.experiments.mehta_schwab:EXPERIMENT",
    "exact-mapping": "blockspin.experiments.exact_mapping:EXPERIMENT",
    "mcrg": "blockspin.experiments.mcrg:EXPERIMENT",
    "koch-janusz-ringel": "blockspin.experiments.koch_janusz_ringel:EXPERIMENT",
    "ho-2013": "blockspin.experiments.ho_2013:EXPERIMENT",
    "dimers": "blockspin.experiments.dimers:EXPERIMENT",
    "locality-map": "blockspin.experiments.locality_map:EXPERIMENT",
    "kernels": "blockspin.experiments.kernels:EXPERIMENT",
    "rbm-flows": "blockspin.experiments.rbm_flows:EXPERIMENT",
}
"""Name to "module:attribute"."""

__all__ = ["EXPERIMENTS", "Experiment", "find"]


def find(name: str) -> Experiment:
    """The experiment of that name; raises SettingsError with the nearest name and all the choices."""
    if name not in EXPERIMENTS:
        raise SettingsError(nearest("experiment", name, EXPERIMENTS))
    module, _, attribute = EXPERIMENTS[name].partition(":")
    experiment: Experiment = getattr(import_module(module), attribute)
    return experiment
