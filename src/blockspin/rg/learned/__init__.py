"""Block rules that are learned from samples by an objective of the renormalization group."""
