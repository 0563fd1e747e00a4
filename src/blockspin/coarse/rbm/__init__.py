"""Restricted Boltzmann machines: the estimator and what it is made of."""

from blockspin.coarse.rbm.ensemble import fit_ensemble
from blockspin.coarse.rbm.estimator import RBM

__all__ = ["RBM", "fit_ensemble"]
