"""Exact results: closed forms and exact sums, the oracles of the samplers and the reference curves of reports."""
