"""A SLURM of one node, for tests: Debian's slurm-wlm and munge, all files in a folder, started as root.

As a script: ``python slurm_node.py FOLDER`` starts it, prints the variables to export, and stops it on Ctrl-C.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "scancel", "squeue")
CONFIG = """
ClusterName=blockspin
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CryptoType=crypto/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
MpiDefault=none
ReturnToService=2
KillWait=2
OverTimeLimit=0
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0
MinJobAge=600
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 RealMemory=3000 State=UNKNOWN
PartitionName=all Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


def missing() -> str:
    """Why SLURM cannot be started here; "" where it can."""
    absent = [name for name in PROGRAMS if _program(name) is None]
    if absent:
        return f"no {', '.join(absent)} here (Debian: apt-get install slurm-wlm munge)"
    return "" if os.geteuid() == 0 else "SLURM's daemons are started as root"


class Slurm:
    """The daemons; `environment` holds what sbatch and others need."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("state", "spool"):
            (folder / name).mkdir()
        folder.chmod(0o755)
        key = folder / "munge.key"
        key.write_bytes(secrets.token_bytes(1024))
        key.chmod(0o400)
        config = folder / "slurm.conf"
        host = socket.gethostname().partition(".")[0]
        config.write_text(CONFIG.format(host=host, folder=folder, ports=[_port(), _port()]))
        self.environment = {**os.environ, "SLURM_CONF": str(config)}
        self.daemons: list[subprocess.Popen[bytes]] = []
        places = {"key-file": key, "socket": folder / "munge.socket", "pid-file": folder / "munge.pid"}
        places |= {"log-file": folder / "munge.log", "seed-file": folder / "munge.seed"}
        self._start("munged", "--foreground", "--force", *(f"--{name}={path}" for name, path in places.items()))
        _wait(lambda: (folder / "munge.socket").exists(), "munged")
        self._start("slurmctld", "-D", "-c")
        self._start("slurmd", "-D")
        _wait(lambda: "idle" in self.call("sinfo", "-h", "-o", "%T"), "slurmd", self)

    def _start(self, name: str, *words: str) -> None:
        program = _program(name)
        assert program is not None
        with open(self.folder / f"{name}.out", "wb") as told:
            self.daemons.append(subprocess.Popen([program, *words], env=self.environment, stdout=told, stderr=told))

    def call(self, *words: str) -> str:
        """What a command of SLURM prints."""
        return subprocess.run(words, env=self.environment, capture_output=True, text=True, check=False).stdout

    def jobs(self, state: str = "R") -> list[str]:
        """The numbers of the jobs in a state: R running, PD waiting."""
        return self.call("squeue", "-h", "-t", state, "-o", "%i").split()

    def stop(self) -> None:
        """End the jobs and the daemons."""
        self.call("scancel", "--full", *self.jobs("R,PD"))
        time.sleep(1)
        for daemon in reversed(self.daemons):
            daemon.terminate()
            try:
                daemon.wait(10)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()


def _program(name: str) -> str | None:
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"]))


def _port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait(ready, what: str, slurm: Slurm | None = None, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            if slurm is not None:
                slurm.stop()
            raise RuntimeError(f"{what} does not come up")
        time.sleep(0.2)


if __name__ == "__main__":
    place = Path(sys.argv[1])
    place.mkdir(parents=True)
    running = Slurm(place)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # so that the daemons end too
    print(f"export SLURM_CONF={place}/slurm.conf", flush=True)
    try:
        time.sleep(float(sys.argv[2]) if len(sys.argv) > 2 else 1e6)
    finally:
        running.stop()
