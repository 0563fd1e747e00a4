"""Does a layer renormalize better where it generalises better? ./run python docs/early_stopping.py

RBMs of 64 hidden spins on 1000 samples of the 16 x 16 Ising model at K = 0.408, without a penalty, with L2 and with L1.
Each is judged where other chains are likeliest, and at the end of training. Likelihoods are by annealed importance
sampling (AIS), where it is reliable. The pseudo-likelihood and the free-energy gap, the log-likelihood lost on other
chains, are exact. Prints two tables, means over three seeds with standard errors.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np

import blockspin as bs
from blockspin.statistics import mean_over_seeds

SEEDS, EPOCHS, ROWS = (1, 2, 3), 400, 1000
CASES: dict[str, dict[str, float]] = {"no penalty": {}, "L2 0.05": {"l2": 0.05}, "L1 0.05": {"l1": 0.05}}
QUANTITIES = {
    "sites of a field": ("locality", "participation ratio"),
    "background over peak": ("locality", "background over peak"),
    "y_t": ("spectrum", "y_t"),
    "y_h": ("spectrum", "y_h"),
}


def trained(n_iter: int, seed: int, rows: np.ndarray, held_out: np.ndarray, **penalty: float) -> bs.RBM:
    """An RBM after so many epochs: one of fewer epochs has the bits that a longer training had there."""
    rbm = bs.RBM(
        64, units="spin", biases=False, learning_rate=0.02, batch_size=50, init_scale=0.05, n_iter=n_iter,
        random_state=seed, track_likelihood=n_iter == EPOCHS, **penalty,
    )  # fmt: skip
    return rbm.fit(rows, validation=held_out)


def judged(rbm: bs.RBM, seed: int, test: Any, critical: Any) -> list[float]:
    """The quantities, nan where there is none, and whether locality and spectrum pass."""
    card = bs.judge(rbm, test, critical=critical, criteria=["locality", "spectrum"], seed=seed)
    rows = [card.row(*one) for one in QUANTITIES.values()]
    return [row.value if row.defined else np.nan for row in rows] + [
        card.passes(one) for one in ("locality", "spectrum")
    ]


def line(*parts: Any) -> None:
    """A row of a table: the mean over the seeds of each list, in how many a list of bools holds, or words."""
    words = []
    for part in parts:
        if isinstance(part, str):
            words.append(part)
        elif isinstance(part[0], bool):
            words.append(f"{sum(part)} of {len(part)}")
        else:
            words.append(str(mean_over_seeds(np.array(part))) if np.isfinite(part).all() else "not defined")
    print(f"| {' | '.join(words)} |", flush=True)


def main() -> None:
    """Train, watch, judge and print."""
    lattice = bs.Lattice.square(16)
    critical = bs.sample(bs.Ising(lattice, bs.critical_coupling(bs.Ising, lattice)), 6000, seed=1, chains=100)
    likelihoods, found = defaultdict(list), defaultdict(list)
    for seed in SEEDS:
        samples = bs.sample(bs.Ising(lattice, K=0.408), 8000, seed=seed, chains=80)
        train, test = bs.split(samples, 0.5, seed=seed)
        few, held_out = bs.to_matrix(train.isel(draw=slice(ROWS // train.sizes["chain"]))), bs.to_matrix(test)
        for name, penalty in CASES.items():
            last = trained(EPOCHS, seed, few, held_out, **penalty)
            course = last.trajectory_
            likely, gap = course["log_likelihood_validation"], course["free_energy_gap"] / lattice.n_sites
            pseudo = course["pseudo_log_likelihood_validation"]
            at = int(np.nanargmax(likely))
            epoch, highest = (int(course["epoch"][one]) for one in (at, np.argmax(pseudo)))
            best = trained(epoch, seed, few, held_out, **penalty)
            parts = ((one[at], one[-1]) for one in (likely, pseudo, gap))
            likelihoods[name].append((epoch, highest, *(number for both in parts for number in both)))
            found[name, "best"].append(judged(best, seed, test, critical))
            found[name, "last"].append(judged(last, seed, test, critical))
    quantities = ("likelihood", "pseudo-likelihood", "gap")
    columns = [f"{what} at {when}" for what in quantities for when in ("best", "last")]
    line("penalty", "likeliest epochs", "epochs of the best pseudo-likelihood", *columns)
    line(*["---"] * 9)
    for name, some in likelihoods.items():
        likeliest, highest, *values = zip(*some, strict=True)
        line(name, *(", ".join(map(str, one)) for one in (likeliest, highest)), *values)
    print()
    line("penalty", "epoch", *QUANTITIES, "locality passes", "spectrum passes")
    line(*["---"] * 8)
    for (name, when), some in found.items():
        line(name, when, *zip(*some, strict=True))


if __name__ == "__main__":
    main()
