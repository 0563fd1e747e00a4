"""Where JAX computes: on a GPU that works, or on the CPU."""

import os
import subprocess
import sys
from importlib.metadata import entry_points

from blockspin import checks

VARIABLE = "JAX_PLATFORMS"
SHARED = {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"}  # GPU memory as it is needed, so that processes share it
DRIVERS = ("/dev/nvidia0", "/dev/nvidiactl", "/dev/dxg", "/dev/kfd")  # where Linux has a GPU: NVIDIA's, WSL's, AMD's
LONGEST = 120.0  # seconds that a driver may take to answer
LOOK = "import jax; (jax.numpy.ones(8) + 1).block_until_ready(); print(jax.devices()[0].platform)"


def choose(wanted: str) -> str:
    """Have JAX compute there, in this process and in those it starts; call it before JAX is imported.

    "auto" is the GPU where JAX finds a working one, else the CPU; `JAX_PLATFORMS` is respected. Returns a sentence
    where a GPU or CUDA seems to be there and the CPU must do, else "". Raises ValueError for another word, and for
    "gpu" where JAX finds none.
    """
    checks.choice("device", wanted, ("auto", "cpu", "gpu"))
    given = os.environ.get(VARIABLE, "")
    others = given or entry_points(group="jax_plugins") or any(map(os.path.exists, DRIVERS))  # JAX may find these
    if wanted == "cpu":
        os.environ[VARIABLE] = "cpu"
    if wanted == "cpu" or (wanted == "auto" and (given == "cpu" or not others)):
        return ""
    by = f" with {VARIABLE}={given}" if given else ""
    platform, said = look()
    if platform == "gpu" or (wanted == "auto" and platform != "cpu"):
        return ""
    if wanted == "gpu":
        raise ValueError(
            f"device gpu needs a GPU that works; JAX{by} says: {said or f'its first device is {platform}'}. "
            "Choose cpu or auto; a GPU needs NVIDIA's driver and the extra cuda (docs/how-to/gpu.md)"
        )
    os.environ[VARIABLE] = "cpu"
    return said and f"the CPU computes: JAX{by} finds no GPU that works; it says: {said}"


def look() -> tuple[str, str]:
    """What JAX computes on ("cpu", "gpu", "tpu"), and what it says where one does not work, tracebacks left out.

    Another process tries one sum: a broken driver may end a process, and a GPU that was looked at holds memory.
    """
    command, env = [sys.executable, "-P", "-c", LOOK], os.environ | SHARED | {"JAX_TRACEBACK_FILTERING": "off"}
    try:
        tried = subprocess.run(command, env=env, capture_output=True, text=True, timeout=LONGEST)
    except subprocess.TimeoutExpired:
        return "cpu", f"nothing for {LONGEST:.0f} s"
    ending = f"it ended with code {tried.returncode}" if tried.returncode else ""
    if not ending and tried.stdout.split() != ["cpu"]:
        return tried.stdout.split()[-1], ""
    lines = [line for line in tried.stderr.splitlines() if line[:1].strip() and not line.startswith("Traceback")]
    return "cpu", "; ".join(line.rstrip(".") for line in lines) or ending


def in_use() -> str:
    """What JAX of this process computes on, as "cpu" or "NVIDIA H200"; "cpu" where nothing imported JAX."""
    try:
        return str(sys.modules["jax"].devices()[0].device_kind)
    except (KeyError, RuntimeError, AssertionError):  # not imported; no backend starts
        return "cpu"
