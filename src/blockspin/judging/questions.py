"""What the criteria ask, in the order of the card; here alone, so that a list of them needs no more."""

QUESTIONS = {
    "locality": "do the fields of the units cover a block, not the lattice",
    "tiling": "do the fields' centres tile the lattice as blocks do",
    "symmetry": "does the map respect spin flip, translation and the lattice's point group",
    "fidelity": "does the model, run freely, make samples of the model it learned from",
    "spectrum": "which exponents y_t and y_h does the map give at the critical point",
    "flow": "do couplings leave the critical point, and does the critical point stay near itself",
    "range": "how far the coarse Hamiltonian's couplings reach, against the fine one's",
    "information": "what does a coarse spin tell about its environment beyond a buffer",
    "generalization": "does it know held-out chains as well as those it was trained on",
}
