"""The lab's long-running processes, kept by supervisord: the registry, one process per node, the doubles."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import time
import xmlrpc.client
from collections.abc import Iterable
from pathlib import Path

from supervisor.xmlrpc import SupervisorTransport

from . import registry, settings
from .settings import Node
from .shell import LabError, run

_SOCKET = settings.STATE / "supervisor.sock"
_CONFIG = settings.STATE / "supervisord.conf"
_RUNNING = ("STARTING", "RUNNING")


def _program(name: str, command: list[str]) -> str:
    return (
        f"[program:{name}]\ncommand={shlex.join(command)}\ndirectory={settings.CHECKOUT}\nautostart=false\n"
        f"autorestart=false\nstartsecs=0\nredirect_stderr=true\nstdout_logfile={settings.LOGS}/{name}.log\n"
        "stdout_logfile_maxbytes=50MB\nstdout_logfile_backups=1\n"
    )


def _write_config(nodes: Iterable[Node], doubles: Iterable[str]) -> None:
    settings.LOGS.mkdir(parents=True, exist_ok=True)
    python = [sys.executable, "-m", "lab"]
    programs = [_program("registry", registry.server_command())]
    for node in nodes:
        command = ["unshare", "--mount", "--propagation", "private", "--", *python, "boot", node.name]
        programs.append(_program(node.name, command))
    programs += [_program(name, [sys.executable, "-m", "lab.doubles", name]) for name in doubles]
    head = (
        f"[unix_http_server]\nfile={_SOCKET}\nchmod=0700\n"
        f"[supervisord]\nlogfile={settings.LOGS}/supervisord.log\npidfile={settings.STATE}/supervisord.pid\nchildlogdir={settings.LOGS}\n"
        "[rpcinterface:supervisor]\n"
        "supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface\n"
    )
    _CONFIG.write_text(head + "".join(programs).replace("%", "%%"))


def _supervisor() -> xmlrpc.client.ServerProxy:
    transport = SupervisorTransport(None, None, f"unix://{_SOCKET}")
    return xmlrpc.client.ServerProxy("http://lab", transport=transport)


def alive() -> bool:
    """Whether the lab's supervisord answers."""
    if not _SOCKET.exists():
        return False
    try:
        _supervisor().supervisor.getState()
    except (OSError, xmlrpc.client.Error):
        return False
    return True


def ensure(nodes: Iterable[Node], doubles: Iterable[str] = ()) -> None:
    """Start supervisord for these nodes and doubles, or make the running one read the present configuration."""
    _write_config(nodes, doubles)
    if not alive():
        shutdown()
        run([Path(sys.executable).with_name("supervisord"), "-c", _CONFIG])
        deadline = time.monotonic() + 10
        while not alive():
            if time.monotonic() > deadline:
                raise LabError(f"supervisord does not answer:\n{tail('supervisord')}")
            time.sleep(0.1)
        return
    added, changed, removed = _supervisor().supervisor.reloadConfig()[0]
    for group in changed + removed:
        stop(group)
        _supervisor().supervisor.removeProcessGroup(group)
    for group in added + changed:
        _supervisor().supervisor.addProcessGroup(group)


def states() -> dict[str, str]:
    """Name → state of every process, for example `RUNNING` or `EXITED`."""
    return {p["name"]: p["statename"] for p in _supervisor().supervisor.getAllProcessInfo()}


def start(name: str) -> None:
    """Start a process that does not run."""
    if states()[name] not in _RUNNING:
        _supervisor().supervisor.startProcess(name, True)


def stop(name: str) -> None:
    """Stop a process that runs."""
    if states().get(name) in _RUNNING:
        _supervisor().supervisor.stopProcess(name, True)


def await_end(name: str) -> None:
    """Wait until supervisord knows that a killed process has ended: it would not start it again before."""
    deadline = time.monotonic() + 10
    while alive() and states().get(name) in _RUNNING:
        if time.monotonic() > deadline:
            raise LabError(f"{name} was killed, but supervisord still calls it running")
        time.sleep(0.1)


def check(*names: str) -> None:
    """Raise with the last log lines of each process that has died, of all or of those named."""
    found = {name: state for name, state in states().items() if not names or name in names}
    dead = [name for name, state in found.items() if state in ("EXITED", "FATAL", "BACKOFF", "UNKNOWN")]
    if dead:
        raise LabError("\n".join(f"{name} has ended. Its last lines:\n{tail(name)}" for name in sorted(dead)))


def tail(name: str, lines: int = 15) -> str:
    """The last lines of a process's log."""
    log = settings.LOGS / f"{name}.log"
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else "(no log)"


def shutdown() -> None:
    """End supervisord and the registry, also those that a crash left without anyone to ask."""
    if alive():
        _supervisor().supervisor.shutdown()
        deadline = time.monotonic() + 15
        while _own_processes() and time.monotonic() < deadline:
            time.sleep(0.1)
    for pid in _own_processes():
        os.kill(pid, signal.SIGKILL)


def _own_processes() -> list[int]:
    """Processes that run on a configuration file of the lab's state directory."""
    marks = {str(_CONFIG).encode(), str(registry.CONFIG).encode()}
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if marks.intersection(words):
            found.append(int(path.parent.name))
    return found
