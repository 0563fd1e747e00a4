"""Restricted Boltzmann machines: the estimator and what it is made of."""

from blockspin.coarse.rbm.estimator import RBM

__all__ = ["RBM"]
