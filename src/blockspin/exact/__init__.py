"""Exact results: closed forms and exact sums that the judge and experiments ask for; more of them in tests/oracles."""
