"""Does annealing find ln Z of a trained 1600 x 400 machine, and in what time? Run: python benchmarks/annealing.py

Spin machines of 400 hidden units, trained for 25 epochs on 4000 samples of the 40 x 40 Ising model at K = 0.408, with
the L1 penalty that makes fields local and without; 64 chains of 1000, 4000 and 8000 steps each way. Times are processor
seconds of all threads. KL is that from the Ising model, by Kaufman's ln Z.
"""

from __future__ import annotations

import time

import blockspin as bs
from blockspin.exact import ising2d

PENALTIES = {"L1 0.02": 0.02, "no penalty": 0.0}


def main() -> None:
    """Two RBMs, three lengths of the path."""
    model = bs.Ising(bs.Lattice.square(40), K=0.408)
    N = model.lattice.n_sites
    train, test = bs.split(bs.sample(model, 5000, seed=1), 0.8, seed=1)
    X, V = bs.to_matrix(train), bs.to_matrix(test)
    best = (-model.energy(test.values.reshape(len(V), -1)).mean() - ising2d.log_partition(model.lattice, model.K)) / N
    for name, l1 in PENALTIES.items():
        start = time.process_time()
        machine = bs.RBM(400, units="spin", biases=False, learning_rate=0.01, l1=l1, n_iter=25, random_state=0)
        machine.fit(X, validation=V)
        print(f"{name}: trained in {time.process_time() - start:.1f} s", flush=True)
        for n_steps in (1000, 4000, 8000):
            start = time.process_time()
            found = machine.partition(X, n_chains=64, n_steps=n_steps)
            spent = time.process_time() - start
            print(f"  {n_steps} steps, {spent:.1f} s: ln Z {found.value}")
            print(f"  forward {found.forward}, reverse {found.reverse}")
            print(f"  {found.effective_chains:.1f} effective chains, R-hat {found.r_hat:.2f}")
            print(f"  {found.trouble or 'accepted'}", flush=True)
            if not found.trouble:
                outside, inside = (machine.log_likelihood(rows, partition=found).value / N for rows in (V, X))
                print(
                    f"  held out {outside:.5f}, training {inside:.5f}, KL {best - outside:.5f} nats a site", flush=True
                )


if __name__ == "__main__":
    main()
