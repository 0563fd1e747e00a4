"""Multi-spin updates: 512 replicas of a lattice a block, a bit a spin."""
