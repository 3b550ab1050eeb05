# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tries every target once, over TCP and UDP, and says in sentences what is not as it has to be."""

from __future__ import annotations

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from packets import HELLO, PACKET, READY, pack
from sender import knock

TERMINATION_LOG = "/dev/termination-log"
TERMINATION_LOG_BYTES = 4000
"""The kubelet keeps 4096 bytes of a container's termination message."""


def reachable(target: tuple[str, int], flow: str, deadline: float) -> dict[str, bool]:
    """Try one target over TCP and UDP until both answered or the monotonic ``deadline`` passed."""
    answered = {"tcp": False, "udp": False}
    while not all(answered.values()) and time.monotonic() < deadline:
        for protocol in [name for name, done in answered.items() if not done]:
            kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
            family = socket.AF_INET6 if ":" in target[0] else socket.AF_INET
            try:
                with socket.socket(family, kind) as sock:
                    sock.settimeout(1)
                    sock.connect(target)
                    sock.send(pack(HELLO, flow))
                    answered[protocol] = sock.recv(PACKET.size) == pack(READY, flow)
            except OSError:
                time.sleep(0.1)
    return answered


def check(job: dict[str, Any]) -> list[str]:
    """Try all targets of a job at once. Returns what is wrong, one sentence each.

    A job is ``{"flow": name, "seconds": n, "targets": [{"name", "host", "port"}], "denied": bool, "resolve": [name]}``.
    With ``denied`` no target may answer, and each TCP connection has to run into its timeout.
    """
    deadline = time.monotonic() + job["seconds"]

    def allowed(target: dict[str, Any]) -> list[str]:
        answers = reachable((target["host"], target["port"]), job["flow"], deadline)
        return [
            f"{protocol} to {target['name']} ({target['host']}:{target['port']}) got no answer"
            for protocol, answered in answers.items()
            if not answered
        ]

    def denied(target: dict[str, Any]) -> list[str]:
        address = (target["host"], target["port"])
        outcomes = {knock(job["flow"], address, 1.0) for _attempt in range(2)}
        answers = reachable(address, job["flow"], time.monotonic() + 1)
        found = [f"tcp {outcome}" for outcome in sorted(outcomes - {"timeouts"})]
        found += [f"{protocol} answered" for protocol, answered in answers.items() if answered]
        return [f"{target['name']} ({target['host']}:{target['port']}) must not be reached: {what}" for what in found]

    def resolves(name: str) -> list[str]:
        while True:
            try:
                socket.getaddrinfo(name, None)
                return []
            except OSError as error:
                if time.monotonic() > deadline:
                    return [f"the name {name} does not resolve ({error})"]
                time.sleep(0.5)

    with ThreadPoolExecutor(max_workers=32) as pool:
        jobs = [pool.submit(denied if job.get("denied") else allowed, target) for target in job["targets"]]
        jobs += [pool.submit(resolves, name) for name in job.get("resolve", [])]
        return [problem for future in jobs for problem in future.result()]


def fit(problems: list[str], limit: int = TERMINATION_LOG_BYTES) -> str:
    """Return the problems as JSON of at most ``limit`` bytes; what does not fit is counted in a last line."""
    kept = list(problems)
    while True:
        left = len(problems) - len(kept)
        text = json.dumps(kept + ([f"and {left} more"] if left else []))
        if len(text.encode()) <= limit or not kept:
            return text
        kept.pop()
