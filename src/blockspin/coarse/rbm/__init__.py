"""Restricted Boltzmann machines: the estimators and what they are made of."""

from blockspin.coarse.rbm.convolutional import ConvolutionalRBM
from blockspin.coarse.rbm.estimator import RBM

__all__ = ["RBM", "ConvolutionalRBM"]
