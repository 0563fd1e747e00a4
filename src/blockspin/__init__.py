"""blockspin: does a learned coarse-graining renormalize?

The public names; each is imported from its module when first used, so that ``import blockspin`` is cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_WHERE = {
    "Lattice": "lattice",
    "Ising": "models.ising",
    "BlumeCapel": "models.blume_capel",
    "Dimers": "models.dimers",
    "PairModel": "models.pair",
    "KC_SQUARE": "models.ising",
    "Potts": "models.potts",
    "potts_kc": "models.potts",
    "sample": "sampling.sample",
    "sample_to": "sampling.sample",
    "split": "samples",
    "features": "samples",
    "read": "samples",
    "write": "samples",
    "RBM": "coarse.rbm",
    "ConvolutionalRBM": "coarse.rbm",
    "fit_ensemble": "coarse.rbm",
    "ToBinary": "coarse.fields",
    "Majority": "coarse.blocks",
    "Decimation": "coarse.blocks",
    "Threshold": "coarse.weighted",
    "WeightedMajority": "coarse.weighted",
    "TriangularMajority": "coarse.triangular",
    "Plurality": "coarse.plurality",
    "RSMI": "coarse.rsmi.estimator",
    "Placed": "coarse.placed",
    "reconstruct": "coarse.stack",
    "mcrg": "rg.blocking",
    "couplings": "rg.couplings",
    "flow": "rg.flow",
    "judge": "judging.judge",
    "Scorecard": "judging.card",
    "Estimate": "statistics",
}
__all__ = [*_WHERE, "__version__"]

if TYPE_CHECKING:
    from blockspin.coarse.blocks import Decimation as Decimation
    from blockspin.coarse.blocks import Majority as Majority
    from blockspin.coarse.fields import ToBinary as ToBinary
    from blockspin.coarse.placed import Placed as Placed
    from blockspin.coarse.plurality import Plurality as Plurality
    from blockspin.coarse.rbm import RBM as RBM
    from blockspin.coarse.rbm import ConvolutionalRBM as ConvolutionalRBM
    from blockspin.coarse.rbm import fit_ensemble as fit_ensemble
    from blockspin.coarse.rsmi.estimator import RSMI as RSMI
    from blockspin.coarse.stack import reconstruct as reconstruct
    from blockspin.coarse.triangular import TriangularMajority as TriangularMajority
    from blockspin.coarse.weighted import Threshold as Threshold
    from blockspin.coarse.weighted import WeightedMajority as WeightedMajority
    from blockspin.judging.card import Scorecard as Scorecard
    from blockspin.judging.judge import judge as judge
    from blockspin.lattice import Lattice as Lattice
    from blockspin.models.blume_capel import BlumeCapel as BlumeCapel
    from blockspin.models.dimers import Dimers as Dimers
    from blockspin.models.ising import KC_SQUARE as KC_SQUARE
    from blockspin.models.ising import Ising as Ising
    from blockspin.models.pair import PairModel as PairModel
    from blockspin.models.potts import Potts as Potts
    from blockspin.models.potts import potts_kc as potts_kc
    from blockspin.rg.blocking import mcrg as mcrg
    from blockspin.rg.couplings import couplings as couplings
    from blockspin.rg.flow import flow as flow
    from blockspin.samples import features as features
    from blockspin.samples import read as read
    from blockspin.samples import split as split
    from blockspin.samples import write as write
    from blockspin.sampling.sample import sample as sample
    from blockspin.sampling.sample import sample_to as sample_to
    from blockspin.statistics import Estimate as Estimate


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"blockspin has no {name!r}; its public names are {', '.join(_WHERE)}")
    return getattr(import_module(f"blockspin.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
