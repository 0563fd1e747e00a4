"""The page of the made-up experiment."""

from blockspin.experiments.core import Run


def facts(run: Run) -> dict[str, str]:
    return {"samples": str(run.settings.samples)}
