"""Renormalization: operators, couplings, exponents by Monte Carlo RG, and flows; loaded when used, as `bs.rg`."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

_WHERE = {"couplings": "pseudolikelihood", "exponents": "blocking", "flow": "trajectories", "manifold": "tangent"}
_WHERE |= {"two_starts": "starts", "OneRow": "learned.one_row", "SelfSimilarNetwork": "learned.network"}
__all__ = [*_WHERE]

if TYPE_CHECKING:
    from blockspin.rg.blocking import exponents as exponents
    from blockspin.rg.learned.network import SelfSimilarNetwork as SelfSimilarNetwork
    from blockspin.rg.learned.one_row import OneRow as OneRow
    from blockspin.rg.pseudolikelihood import couplings as couplings
    from blockspin.rg.starts import two_starts as two_starts
    from blockspin.rg.tangent import manifold as manifold
    from blockspin.rg.trajectories import flow as flow


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"blockspin.rg has no {name!r}; it has {', '.join(_WHERE)}")
    return getattr(import_module(f"blockspin.rg.{_WHERE[name]}"), name)
