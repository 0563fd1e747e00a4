# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     name: python3
# ---

# %% [markdown]
# # The exact mapping, step by step
#
# Mehta and Schwab (arXiv:1410.3831) map variational RG onto restricted Boltzmann machines. On a ring of 10 spins every
# sum can be done, so every statement can be checked. The text to go with it is docs/explanation/mapping.md.

# %%
import math

import numpy as np

import blockspin as bs
from blockspin import mapping

K = 1.0
ring = bs.Lattice.chain(10)
model = bs.Ising(ring, K)

# %% [markdown]
# ## An identity
# Take a machine with random weights. With T(v, h) = -E(v, h) + H(v), the Hamiltonian of the coarse spins is that of the
# hidden layer. `direct` sums exp(T - H) over every v; `coarse` is the hidden layer's closed form.

# %%
random = np.random.default_rng(1)
machine = mapping.Machine(random.standard_normal((5, 10)), random.standard_normal(10), random.standard_normal(5))
anything = mapping.MachineMapping(model, machine)
residual = np.abs(anything.direct() - anything.coarse).max()
print(f"max |H_RG - H_RBM| = {residual:.1e} nats, while KL(P || p_lambda) = {anything.KL:.3g} nats")
assert residual < 1e-12 < anything.KL

# %% [markdown]
# ## A condition
# The trace condition, sum_h exp T(v, h) = 1 for every v, holds just where the machine is the model. A machine with a
# hidden unit on every bond is.

# %%
exact = mapping.MachineMapping(model, mapping.bond_machine(model))
print(f"W = {mapping.bond_weight(K):.6f}, KL = {exact.KL:.1e}, trace condition off by {exact.trace_deviation:.1e} nats")
assert exact.KL < 1e-12
assert exact.trace_deviation < 1e-12

for other in (0.8, 0.95, 1.0, 1.05, 1.2):
    detuned = mapping.MachineMapping(model, mapping.bond_machine(bs.Ising(ring, other)))
    print(f"machine of K = {other:4}: KL = {detuned.KL:.2e}, trace but for a constant = {detuned.trace_spread:.2e}")
    assert (detuned.KL < 1e-12) == (detuned.trace_spread < 1e-12) == (other == K)

# %% [markdown]
# ## Neither
# dF = ln Z - ln Z_lambda. A constant in the energy makes it zero for the random machine, and changes no probability.

# %%
shifted = mapping.MachineMapping(model, machine.shifted(-anything.dF))
print(f"dF: {anything.dF:.4g} -> {shifted.dF:.1e}; KL: {anything.KL:.6g} -> {shifted.KL:.6g}")
assert abs(shifted.dF) < 1e-12
assert math.isclose(shifted.KL, anything.KL, rel_tol=1e-12)

# %% [markdown]
# ## Exact, and then?
# Four exact maps of the same ring, and every coupling of their coarse Hamiltonians by a Walsh-Hadamard transform.

# %%
half = bs.Lattice.chain(5)
maps = {
    "decimation": (mapping.decimation(model), half),
    "sublattice machine": (mapping.MachineMapping(model, mapping.sublattice_machine(model)), half),
    "bond machine": (exact, ring),
    "alternating machine": (mapping.MachineMapping(model, mapping.alternating_machine(model, 2.0)), ring),
}
for name, (found, lattice) in maps.items():
    couplings = found.interactions(mapping.distances(lattice))
    K_coarse, spread = mapping.nearest_neighbour(couplings, lattice)
    strongest = [couplings.sites(int(number)) for number in couplings.order[:3]]
    print(f"{name:20} KL = {found.KL:.0e}  K' = {K_coarse:.6f} (spread {spread:.1e})  strongest: {strongest}")
    assert found.KL < 1e-12

step = math.atanh(math.tanh(K) ** 2)
assert math.isclose(mapping.nearest_neighbour(maps["decimation"][0].interactions(), half)[0], step, abs_tol=1e-12)
assert math.isclose(mapping.nearest_neighbour(exact.interactions(), ring)[0], K, abs_tol=1e-12)

# %% [markdown]
# The bond machine is exact and does not flow; the sublattice machine is exact and is decimation. Exactness decides
# nothing.
#
# ## What training finds
# The exact gradient of KL, with half as many hidden units as sites.

# %%
trained = mapping.learned.maximum_likelihood(bs.Ising(ring, 0.5), 5, seed=1, starts=4)
print(f"KL = {trained.readings.KL:.1e}, dF = {trained.readings.dF:.4g}, K' = {trained.K_coarse[0]:.6f}")
print(f"decimation gives K' = {math.atanh(math.tanh(0.5) ** 2):.6f}")
assert trained.readings.identity < 1e-10
