"""``python -m blockspin`` is the command `blockspin`."""

from blockspin.cli import main

if __name__ == "__main__":
    main()
