"""Draw how RBMs overfit: ./run python docs/overfitting.py, then docs/picture.py runs/overfitting 1 overfitting.png

Samples of the 12 x 12 Ising model at K = 0.408, split by chain; spin RBMs of 16 hidden units, whose ln Z is summed,
so that every likelihood is exact. Writes runs/overfitting/report.html and prints a table.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import blockspin as bs
from blockspin.report.page import Page, render
from blockspin.report.training import training

CASES: dict[str, tuple[int, dict[str, Any]]] = {  # name: rows to train on, settings
    "300 rows": (300, {}),
    "300 rows, L1": (300, {"l1": 0.05}),
    "6000 rows": (6000, {}),
}
CAPTION = (
    "An epoch is 300 rows seen, for all. Solid: training chains, dashed: held-out chains; rings: the best held-out "
    "log-likelihood. With 300 rows it turns while that of the training chains, and the reconstruction, go on "
    "improving; the weights come to rest long after. L1 makes the loss smaller, more rows end it."
)


def overfitting(n_rows: int, epochs: int = 400, seed: int = 1, **settings: Any) -> bs.RBM:
    """An RBM trained on n_rows samples in 20 chains, watched on 20 other chains with exact likelihoods.

    epochs: over 300 rows; more rows see as many mini-batches.
    """
    model = bs.Ising(bs.Lattice.square(12), K=0.408)
    samples = bs.sample(model, 12_000, seed=seed, chains=40)
    train, test = bs.split(samples, 0.5, seed=seed)
    few = train.isel(draw=slice(n_rows // train.sizes["chain"]))
    machine = bs.RBM(
        16, units="spin", biases=False, learning_rate=0.02, batch_size=50, init_scale=0.05, track_likelihood=True,
        n_iter=epochs * 300 // n_rows, random_state=seed, **settings,
    )  # fmt: skip
    return machine.fit(bs.to_matrix(few), validation=bs.to_matrix(test))


def main() -> None:
    """Train, print and draw."""
    tables = {name: overfitting(rows, **settings).trajectory_ for name, (rows, settings) in CASES.items()}
    print(
        "RBM              best epoch (held out)   held out at best, at last   training at last   weights move an epoch"
    )
    for name, table in tables.items():
        held_out = table["log_likelihood_validation"]
        best = int(np.argmax(held_out))
        print(
            f"{name:<16s} {table['epoch'][best]:6d} of {table['epoch'][-1]:<6d}        {held_out[best]:.4f}   "
            f"{held_out[-1]:.4f}   {table['log_likelihood'][-1]:.4f}   {table['weight_change'][-1]:.1e}"
        )
    for table in tables.values():  # one axis for all: 300 rows seen
        longer = 400 / table["epoch"][-1]
        table["epoch"], table["weight_change"] = table["epoch"] * longer, table["weight_change"] / longer
    drawn = replace(training(tables), title="Overfitting and the fixed state", caption=CAPTION)
    folder = Path("runs/overfitting")
    folder.mkdir(parents=True, exist_ok=True)
    page = render(Page("Overfitting", "Does training reach a fixed state?", ["Likelihoods along training."], drawn))
    (folder / "report.html").write_text(page)


if __name__ == "__main__":
    main()
