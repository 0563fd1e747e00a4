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
from blockspin.boltzmann_map import exact_machines, rules
from blockspin.boltzmann_map.cases import CASES
from blockspin.boltzmann_map.machine import Machine
from blockspin.boltzmann_map.mappings import MachineMapping

K = 1.0
ring = bs.Lattice.chain(10)
model = bs.Ising(ring, K)

# %% [markdown]
# ## An identity
# Take an RBM with random weights. With T(v, h) = -E(v, h) + H(v), the Hamiltonian of the coarse spins is that of the
# hidden layer. `direct` sums exp(T - H) over every v; `coarse` is the hidden layer's closed form.

# %%
random = np.random.default_rng(1)
machine = Machine(random.standard_normal((5, 10)), random.standard_normal(10), random.standard_normal(5))
anything = MachineMapping(model, machine)
residual = np.abs(anything.direct() - anything.coarse).max()
print(f"max |H_RG - H_RBM| = {residual:.1e} nats, while KL(P || p_lambda) = {anything.KL:.3g} nats")
assert residual < 1e-12 < anything.KL

# %% [markdown]
# ## A condition
# The trace condition, sum_h exp T(v, h) = 1 for every v, holds just where the RBM is the model. An RBM with a
# hidden unit on every bond is.

# %%
exact = MachineMapping(model, exact_machines.bond_machine(model))
W = exact_machines.bond_weight(K)
print(f"W = {W:.6f}, KL = {exact.KL:.1e}, trace condition off by {exact.trace_deviation:.1e} nats")
assert exact.KL < 1e-12
assert exact.trace_deviation < 1e-12

for other in (0.8, 0.95, 1.0, 1.05, 1.2):
    detuned = MachineMapping(model, exact_machines.bond_machine(bs.Ising(ring, other)))
    print(f"RBM of K = {other:4}: KL = {detuned.KL:.2e}, trace but for a constant = {detuned.trace_spread:.2e}")
    assert (detuned.KL < 1e-12) == (detuned.trace_spread < 1e-12) == (other == K)

# %% [markdown]
# ## Neither
# dF = ln Z - ln Z_lambda. A constant in the energy makes it zero for the random RBM, and changes no probability.

# %%
shifted = MachineMapping(model, machine.shifted(-anything.dF))
print(f"dF: {anything.dF:.4g} -> {shifted.dF:.1e}; KL: {anything.KL:.6g} -> {shifted.KL:.6g}")
assert abs(shifted.dF) < 1e-12
assert math.isclose(shifted.KL, anything.KL, rel_tol=1e-12)

# %% [markdown]
# ## Exact, and then?
# Four exact maps of the same ring, and every coupling of their coarse Hamiltonians by a Walsh-Hadamard transform.

# %%
half = bs.Lattice.chain(5)
maps = {
    "decimation": rules.decimation(model),
    "sublattice RBM": MachineMapping(model, exact_machines.sublattice_machine(model), half),
    "bond RBM": MachineMapping(model, exact_machines.bond_machine(model), ring),
    "alternating RBM": MachineMapping(model, exact_machines.alternating_machine(model, 2.0), ring),
}
for name, found in maps.items():
    K_coarse, spread = found.K_coarse
    strongest = [found.interactions.sites(int(number)) for number in found.interactions.order[:3]]
    print(f"{name:20} KL = {found.KL:.0e}  K' = {K_coarse:.6f} (spread {spread:.1e})  strongest: {strongest}")
    assert found.KL < 1e-12

step = math.atanh(math.tanh(K) ** 2)
assert math.isclose(maps["decimation"].K_coarse[0], step, abs_tol=1e-12)
assert math.isclose(maps["bond RBM"].K_coarse[0], K, abs_tol=1e-12)

# %% [markdown]
# The bond RBM is exact and does not flow; the sublattice RBM is exact and is decimation. Exactness decides
# nothing.
#
# ## What training finds
# The exact gradient of KL, with half as many hidden units as sites.

# %%
trained = CASES["likelihood"].build(bs.Ising(ring, 0.5), seed=1, starts=4)
print(f"KL = {trained.KL:.1e}, dF = {trained.dF:.4g}, K' = {trained.K_coarse[0]:.6f}")
print(f"decimation gives K' = {math.atanh(math.tanh(0.5) ** 2):.6f}")
assert trained.identity_residual < 1e-10
