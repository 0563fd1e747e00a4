"""The restricted Boltzmann machine as a scikit-learn transformer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from blockspin import checks
from blockspin.coarse.rbm import ensemble, settings
from blockspin.coarse.rbm import units as states
from blockspin.coarse.rbm.machine import Seed
from blockspin.coarse.rbm.trainer import Trainer
from blockspin.progress import Wish


class RBM(Trainer):
    """A restricted Boltzmann machine trained by contrastive divergence.

    p(v, h) = exp(-E(v, h)) / Z with E = -h.W.v - b.v - c.h (plus |v|^2/2 for Gaussian visible units). Mehta and
    Schwab (arXiv:1410.3831, eq. 10) write the opposite sign: their w, b, c are minus these.

    A mini-batch of training does, with g = <h v>_data - <h v>_model from hidden means:

        velocity <- momentum velocity + learning_rate (g - l2 W)
        W        <- W + velocity
        W        <- sign(W) max(|W| - learning_rate l1, 0)         l1_method="proximal": exact zeros

    or, with l1_method="subgradient", g - l2 W - l1 sign(W) inside the first line: no weight is ever exactly zero.
    A penalty inside the velocity shrinks a weight by learning_rate lambda / (1 - momentum) a batch in the steady
    state, the proximal one by learning_rate l1. Biases are not penalised. Arithmetic is float32.

    Each epoch shuffles the rows. The last mini-batch is filled up from the front of the same shuffle, so all
    mini-batches weigh the same; where there are fewer rows than `batch_size`, a batch is all of them.

    Parameters
    ----------
    The model:
        n_components: hidden units M.
        units: "binary" (0/1 visible and hidden), "spin" (-1/+1 both), "gaussian" (real visible of unit variance, 0/1
            hidden), or "auto": spin where values lie in [-1, 1] with negatives, binary where in [0, 1]. Means inside
            the range are data too, so that a stack can pass means on. Spins of which some are 0 are refused, unless
            units="means" (of spins) allows them. Data outside [-1, 1] are Gaussian only with units="gaussian",
            and data that are all 1 fit both spin and binary: "auto" raises ValueError for them.
        biases: False keeps both layers' biases at zero, for up-down symmetric spins.
    Training:
        algorithm: "cd" starts the model's chains at the data, "pcd" keeps `batch_size` chains; k: Gibbs steps.
        reconstruction: "sample" draws the last visible state of the chain, "mean" takes its mean, as Hinton and
            Salakhutdinov's code does; only with "cd".
        centered: True takes the gradient in centred variables (Cho, Raiko and Ilin, Neural Comput. 25, 805 (2013)).
        learning_rate, momentum, batch_size, n_iter (epochs; 0 leaves the RBM as initialised): as above.
    Penalties:
        l1, l2, l1_method: on the weights, as above.
    Start:
        init: W ~ N(0, .01^2) ("small"; "data-mean" also sets b to the field of independent units with the data's
            means), or N(0, .1^2) ("hinton-salakhutdinov", Science 313, 504 (2006)); init_scale: another deviation.
        random_state: int, RandomState or None. Equal integers give equal bits on one computer.
    Output:
        output: `transform` gives "mean" <h | v>, or "sample", int8 states.
        track_likelihood: True puts absolute likelihoods into the trajectory, ln Z summed or annealed (`partition`).
        verbose: 0 or False, 1 or True (progress on standard error), or a callable (fraction done, text).

    Attributes
    ----------
    components_ (M, N), intercept_hidden_ (M,), intercept_visible_ (N,): W, c, b, float32.
    units_: the units in use. n_epochs_: epochs done. seed_: the integer that `random_state` gave.
    trajectory_: dict of arrays over log-spaced epochs 0, 1, 2, 3, 5, 8, 12, ..., the last: "epoch";
        "weight_change" |W - W_previous| / |W| an epoch, nan at 0; "weight_norm" |W|; "pseudo_log_likelihood" and
        "pseudo_log_likelihood_validation", nats a site; "free_energy_gap", mean F of validation minus training
        rows, nats a sample: ln Z cancels, so it is the log-likelihood lost on unseen data;
        "log_likelihood", "log_likelihood_validation" and "log_likelihood_error", nats a site, the last that of ln Z,
        where they are tracked and annealing is not refused; "reconstruction_error", mean squared, a site. They are
        means over fixed, evenly spaced rows (at most 2000; the pseudo-likelihoods over fewer) and so carry no error
        of their own; nan where there is no validation set,
        and the pseudo-likelihoods of Gaussian units, which cost too much to watch.
    """

    def __init__(
        self,
        n_components: int = 256,
        *,
        units: str = "auto",
        biases: bool = True,
        algorithm: str = "cd",
        k: int = 1,
        reconstruction: str = "sample",
        centered: bool = False,
        learning_rate: float = 0.1,
        momentum: float = 0.5,
        batch_size: int = 100,
        n_iter: int = 10,
        l1: float = 0.0,
        l2: float = 0.0,
        l1_method: str = "proximal",
        init: str = "small",
        init_scale: float | None = None,
        random_state: Seed = None,
        output: str = "mean",
        track_likelihood: bool = False,
        verbose: Wish = 0,
    ) -> None:
        self.n_components = n_components
        self.units = units
        self.biases = biases
        self.algorithm = algorithm
        self.k = k
        self.reconstruction = reconstruction
        self.centered = centered
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.batch_size = batch_size
        self.n_iter = n_iter
        self.l1 = l1
        self.l2 = l2
        self.l1_method = l1_method
        self.init = init
        self.init_scale = init_scale
        self.random_state = random_state
        self.output = output
        self.track_likelihood = track_likelihood
        self.verbose = verbose

    @classmethod
    def from_weights(
        cls,
        weights: ArrayLike,
        visible: ArrayLike | None = None,
        hidden: ArrayLike | None = None,
        *,
        units: str,
        **parameters: Any,
    ) -> Self:
        """The RBM with these W (M, N), b (N,) and c (M,), zero unless given, as if trained; kept as float32.

        `parameters` are the constructor's. Raises ValueError for units "auto" or shapes that do not fit.
        """
        W = checks.finite("weights", weights).astype(np.float32)
        checks.choice("units", units, states.UNITS)
        if W.ndim != 2 or not W.size:
            raise ValueError(f"weights have shape (n_components, n_features); got {W.shape}")
        b = checks.finite("visible", np.zeros(W.shape[1]) if visible is None else visible).astype(np.float32)
        c = checks.finite("hidden", np.zeros(W.shape[0]) if hidden is None else hidden).astype(np.float32)
        if b.shape != W.shape[1:] or c.shape != W.shape[:1]:
            raise ValueError(
                f"weights {W.shape} go with visible biases {W.shape[1:]} and hidden biases {W.shape[:1]}; "
                f"got {b.shape} and {c.shape}"
            )
        machine = cls(len(W), units=units, **parameters)
        settings.check(machine)
        machine._seed()
        return machine._as_if_trained(units, W.shape[1], components_=W, intercept_visible_=b, intercept_hidden_=c)

    @staticmethod
    def fit_many(
        machines: Sequence[RBM], X: ArrayLike | Sequence[ArrayLike], *, validation: ArrayLike | None = None
    ) -> list[RBM]:
        """Train several RBMs of one shape in one program, as `coarse.rbm.ensemble.fit_together` says.

        Raises TypeError for anything but an `RBM`.
        """
        some = checks.listed("machines", machines, "a list of RBMs")
        for machine in some:
            checks.instance("every entry of machines", machine, RBM, "an RBM")
        return ensemble.fit_together(some, X, validation=validation)
