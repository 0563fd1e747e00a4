"""Renormalization: operators and the Monte Carlo renormalization group."""
