"""Data of one's own as samples: where they lie, which axis is which, and what the values mean."""
