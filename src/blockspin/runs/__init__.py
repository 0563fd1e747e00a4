"""Running experiments so that nothing is lost: tasks, their store, their execution, settings and provenance."""
