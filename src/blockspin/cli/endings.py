"""How a command ends: with one line and an exit code for what goes wrong, and where JAX computes until then."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Annotated, NoReturn

import typer

from blockspin.files import reason

EXIT_CODES = "Exit codes: 0 done; 1 a task failed or the disk did; 2 wrong usage, settings or input; 130 interrupted."
FAILED, WRONG, INTERRUPTED = 1, 2, 130
NO_FILE = (errno.ENOENT, errno.EISDIR, errno.ENOTDIR, errno.ELOOP)  # what was named is no file: wrong input

Device = Annotated[str, typer.Option(help="Where JAX computes: cpu, gpu, or auto, a GPU if one works, else the CPU.")]


@contextmanager
def one_line(*errors: type[Exception], failed: tuple[type[Exception], ...] = ()) -> Iterator[None]:
    """Errors of input end the command with one line and exit code 2, of disk and tasks with 1, Ctrl-C with 130.

    errors: of input, which come first; failed: of what ends with 1, besides OSError.
    """
    try:
        yield
    except OSError as error:
        if error.errno == errno.EPIPE:
            raise  # whoever read the output has gone: no fault, and typer ends quietly
        if error.filename is None:
            with suppress(OSError):  # what the output did not take must not be tried again at the end
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = WRONG if error.errno in NO_FILE else FAILED
        stop(f"{error.filename or 'the output'}: {reason(error)}", code)
    except errors as error:
        stop(str(error), WRONG)
    except failed as error:
        stop(str(error), FAILED)
    except KeyboardInterrupt:
        stop("interrupted", INTERRUPTED)


def stop(message: str, code: int) -> NoReturn:
    typer.echo(f"blockspin: {message}", err=True)
    raise typer.Exit(code)


def compute_on(device: str) -> None:
    """Choose where JAX computes, and print why where it is not the GPU that seems to be there."""
    from blockspin.runs import devices

    with one_line(ValueError):
        if said := devices.choose(device):
            typer.echo(f"blockspin: {said}", err=True)
