"""The page of the made-up experiment has no figures."""
