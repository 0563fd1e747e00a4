"""Real-space mutual information: the estimator, its bounds and the windows it looks at."""
