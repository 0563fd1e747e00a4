"""Approximate renormalization by hand: recursions of a few couplings, their fixed points and exponents."""
