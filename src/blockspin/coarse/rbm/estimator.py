"""The restricted Boltzmann machine as a scikit-learn transformer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from blockspin import checks
from blockspin.coarse.rbm import ensemble, settings
from blockspin.coarse.rbm import units as states
from blockspin.coarse.rbm.trainer import Trainer


@dataclass(eq=False, repr=False)
class RBM(Trainer):
    """A restricted Boltzmann machine trained by contrastive divergence (Hinton, Neural Comput. 14, 1771 (2002)).

    p(v, h) = exp(-E(v, h)) / Z with E = -h.W.v - b.v - c.h (plus v.v/2 for Gaussian visible units). Mehta and
    Schwab (arXiv:1410.3831, eq. 10) write the opposite sign: their w, b, c are minus these.

    A mini-batch of training does, with g = <h v>_data - <h v>_model from hidden means::

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
    n_components : int
        Hidden units M.
    units : {"auto", "binary", "spin", "means", "gaussian"}
        "binary" (0/1 visible and hidden), "spin" (-1/+1 both), "gaussian" (real visible of unit variance, 0/1
        hidden), or "auto": spin where values lie in [-1, 1] with negatives, binary where in [0, 1]. Means inside
        the range are data too, so that a stack can pass means on. Spins of which some are 0 are refused, unless
        units="means" (of spins) allows them. Data outside [-1, 1] are Gaussian only with units="gaussian",
        and data that are all 1 fit both spin and binary: "auto" raises ValueError for them.
    biases, centered : bool
        False keeps both layers' biases at zero, for up-down symmetric spins. True takes the gradient in centred
        variables (Cho, Raiko and Ilin, Neural Comput. 25, 805 (2013)).
    algorithm, k, reconstruction : {"cd", "pcd"}, int, {"sample", "mean"}
        "cd" starts the model's chains at the data, "pcd" keeps `batch_size` chains; k Gibbs steps. "sample" draws the
        last visible state of the chain, "mean" takes its mean, as Hinton and Salakhutdinov's code does; only with "cd".
    learning_rate, momentum, batch_size, n_iter : float, float, int, int
        As above; n_iter epochs, of which 0 leaves the RBM as initialised.
    l1, l2, l1_method : float, float, {"proximal", "subgradient"}
        Penalties on the weights, as above.
    init, init_scale : str, float or None
        W ~ N(0, .01^2) ("small"; "data-mean" also sets b to the field of independent units with the data's means),
        or N(0, .1^2) ("hinton-salakhutdinov", Science 313, 504 (2006)); another deviation.
    random_state : int, RandomState or None
        Equal integers give equal bits on one computer.
    output, track_likelihood : {"mean", "sample"}, bool
        `transform` gives <h | v>, or int8 states. True puts absolute likelihoods into the trajectory, ln Z summed or
        annealed (`partition`).
    verbose : bool or callable
        True shows the progress on standard error; a function is called with (fraction done, text).

    Attributes
    ----------
    components_, intercept_hidden_, intercept_visible_ : arrays (M, N), (M,), (N,)
        W, c, b, float32.
    units_, n_epochs_, seed_ : str, int, int
        The units in use, epochs done, the integer that `random_state` gave.
    trajectory_ : dict of arrays
        Over log-spaced epochs 0, 1, 2, 3, 5, 8, 12, ..., the last: "epoch"; "weight_change", the norm of W - W_previous
        in units of that of W, an epoch, nan at 0; "weight_norm"; "pseudo_log_likelihood" and
        "pseudo_log_likelihood_validation", nats a site; "free_energy_gap", mean F of validation minus training
        rows, nats a sample: ln Z cancels, so it is the log-likelihood lost on unseen data;
        "log_likelihood", "log_likelihood_validation" and "log_likelihood_error", nats a site, the last that of ln Z,
        where they are tracked and annealing is not refused; "reconstruction_error", mean squared, a site. They are
        means over fixed, evenly spaced rows (at most 2000; the pseudo-likelihoods over fewer) and so carry no error
        of their own; nan where there is no validation set, and the pseudo-likelihoods of Gaussian units, which cost too
        much to watch.

    Examples
    --------
    >>> samples = bs.sample(bs.Ising(bs.Lattice.square(4), K=0.4), 200, seed=1)
    >>> rbm = bs.RBM(4, l1=1e-3, n_iter=2, random_state=1).fit(bs.to_matrix(samples))
    >>> rbm.transform(bs.to_matrix(samples)).shape, rbm.trajectory_["epoch"].tolist()
    ((200, 4), [0, 1, 2])
    """

    n_components: int = 256
    _: KW_ONLY
    reconstruction: str = "sample"
    centered: bool = False
    init: str = "small"

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

        Parameters
        ----------
        machines, X, validation : list of RBM, array (n, N) or one a model, array or None
            The list is returned, fitted in place. Raises TypeError for anything but an `RBM`.

        Examples
        --------
        >>> rows = np.random.default_rng(1).choice([-1, 1], (100, 8))
        >>> [rbm.l1 for rbm in bs.RBM.fit_many([bs.RBM(2, l1=l1, n_iter=1) for l1 in (0.0, 0.1)], rows)]
        [0.0, 0.1]
        """
        some = checks.listed("machines", machines, "a list of RBMs")
        for machine in some:
            checks.instance("every entry of machines", machine, RBM, "an RBM")
        return ensemble.fit_together(some, X, validation=validation)
