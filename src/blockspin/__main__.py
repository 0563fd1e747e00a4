"""The command `blockspin`, which is ``python -m blockspin`` too: Ctrl-C is heard before anything large is imported."""

from blockspin.runs.interrupts import Ending

INTERRUPTED = 130


def main() -> None:
    """Run the command line; ends the process with its exit code."""
    with Ending(INTERRUPTED, "blockspin: interrupted; give the same command again"):
        from blockspin import cli

        cli.main()


if __name__ == "__main__":
    main()
