"""blockspin: does a learned coarse-graining renormalize?

The public names; each is imported from its module when first used, so that ``import blockspin`` is cheap.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_WHERE = {
    "Lattice": "lattice",
    "PairModel": "models.pair",
    "Ising": "models.ising",
    "Potts": "models.potts",
    "BlumeCapel": "models.blume_capel",
    "Dimers": "models.dimers",
    "critical_coupling": "models.critical",
    "reference": "models.references",
    "sample": "sampling.sample",
    "split": "samples",
    "to_matrix": "samples",
    "read_samples": "own_data.read",
    "write_samples": "samples",
    "RBM": "coarse.rbm",
    "ConvolutionalRBM": "coarse.rbm",
    "Autoencoder": "coarse.autoencoder",
    "ToBinary": "coarse.fields",
    "RSMI": "coarse.rsmi.estimator",
    "SelfSimilar": "rg.learned.self_similar",
    "Majority": "coarse.blocks",
    "Decimation": "coarse.blocks",
    "Placed": "coarse.placed",
    "judge": "judging.judge",
    "Estimate": "statistics",
}
_MODULES = ("rg", "rules")
__all__ = [*_WHERE, *_MODULES, "__version__"]

if TYPE_CHECKING:
    from blockspin import rg as rg
    from blockspin import rules as rules
    from blockspin.coarse.autoencoder import Autoencoder as Autoencoder
    from blockspin.coarse.blocks import Decimation as Decimation
    from blockspin.coarse.blocks import Majority as Majority
    from blockspin.coarse.fields import ToBinary as ToBinary
    from blockspin.coarse.placed import Placed as Placed
    from blockspin.coarse.rbm import RBM as RBM
    from blockspin.coarse.rbm import ConvolutionalRBM as ConvolutionalRBM
    from blockspin.coarse.rsmi.estimator import RSMI as RSMI
    from blockspin.judging.judge import judge as judge
    from blockspin.lattice import Lattice as Lattice
    from blockspin.models.blume_capel import BlumeCapel as BlumeCapel
    from blockspin.models.critical import critical_coupling as critical_coupling
    from blockspin.models.dimers import Dimers as Dimers
    from blockspin.models.ising import Ising as Ising
    from blockspin.models.pair import PairModel as PairModel
    from blockspin.models.potts import Potts as Potts
    from blockspin.models.references import reference as reference
    from blockspin.own_data.read import read_samples as read_samples
    from blockspin.rg.learned.self_similar import SelfSimilar as SelfSimilar
    from blockspin.samples import split as split
    from blockspin.samples import to_matrix as to_matrix
    from blockspin.samples import write_samples as write_samples
    from blockspin.sampling.sample import sample as sample
    from blockspin.statistics import Estimate as Estimate


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"blockspin.{name}")
    if name not in _WHERE:
        raise AttributeError(f"blockspin has no {name!r}; its public names are {', '.join([*_WHERE, *_MODULES])}")
    return getattr(import_module(f"blockspin.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
