# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the status of Cilium once, or until it is healthy, and gives up early when it cannot become so."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils import cilium_state, cilium_status
from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_pods import ExpectedImages, cannot_run
from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_state import State
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError, Problem, Unreachable
from ansible_collections.eks_anywhere.network.plugins.module_utils.findings import is_ready
from ansible_collections.eks_anywhere.network.plugins.module_utils.kubernetes import Cluster

POLL = 2.0
STUCK = 60.0
"""Seconds a container may fail to start before the wait ends."""
DOOMED = 15.0
"""The same for one whose process cannot run at all: trying again does not help."""
LOST = 60.0
"""Seconds the API server may be away during a wait, for example while its own node restarts."""
LOG_LINES = 10


@dataclass
class Clock:
    """Time, replaced in tests."""

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


@dataclass
class Watch:
    """One question: is the Cilium of this release healthy?"""

    cluster: Cluster
    release_name: str
    namespace: str
    expected_images: ExpectedImages = field(default_factory=dict)
    agents: bool = False
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        wrong = [
            Problem(f"expected_images.{name}", f"is not container: image pairs (got {images!r})", "See the example")
            for name, images in self.expected_images.items()
            if not isinstance(images, dict) or not all(isinstance(image, str) for image in images.values())
        ]
        if wrong:
            raise NetworkError(wrong)

    def once(self, settle: float = 0) -> dict[str, Any]:
        """Return the status as it is now; an installed Cilium has ``settle`` seconds to become healthy.

        An agent that is told of pods that have just gone reports errors that it gets over by itself.
        """
        end = self.clock.monotonic() + settle
        while True:
            result = self._judge(cilium_state.read(self.cluster, self.release_name, self.namespace, self.agents))
            done = result["healthy"] or result["management"] == "absent"
            if done or self.clock.monotonic() + POLL > end:
                return result
            self.clock.sleep(POLL)

    def until_healthy(self, timeout: float) -> dict[str, Any]:
        """Return the status when it is healthy; raise NetworkError with all problems and the status otherwise.

        ``timeout`` is how many seconds the roll-out may stand still: each pod that is replaced starts them anew, so
        that it need not grow with the cluster. Ends before when a container of Cilium failed to start for a minute,
        or cannot run at all. The agents are asked when everything else is in order.
        """
        moved = last_answer = self.clock.monotonic()
        furthest = 0
        since: dict[str, float] = {}
        result: dict[str, Any] = {}
        while True:
            asked = self.clock.monotonic()
            try:
                state = cilium_state.read(self.cluster, self.release_name, self.namespace)
                result = self._judge(state)
                if result["healthy"] and self.agents:
                    cilium_state.ask_agents(self.cluster, state)
                    result = self._judge(state)
            except Unreachable:
                if asked - last_answer > LOST:
                    raise
            else:
                last_answer = self.clock.monotonic()
                if result["healthy"]:
                    return result
                self._give_up_on_stuck(state, since, result)
                replaced = _replaced(state)
                if replaced > furthest:
                    furthest, moved = replaced, last_answer
            now = self.clock.monotonic()
            pause = max(POLL, 3 * (now - asked))
            if now + pause > moved + timeout:
                text = f"Cilium is not healthy, and its roll-out stood still for {timeout:g} seconds"
                raise self._failure("wait_timeout", text, result)
            self.clock.sleep(pause)

    def _judge(self, state: State) -> dict[str, Any]:
        return cilium_status.status(state, datetime.now(UTC), self.expected_images)

    def _give_up_on_stuck(self, state: State, since: dict[str, float], result: dict[str, Any]) -> None:
        """Note since when containers fail to start; raise with the log of those that did for too long.

        A crashing container waits, runs and ends in turn, so its time counts until its pod is ready or gone.
        """
        now = self.clock.monotonic()
        unready = {pod["metadata"].get("uid") for pods in state.pods.values() for pod in pods if not is_ready(pod)}
        for key in [key for key in since if key.split("/")[0] not in unready]:
            del since[key]
        reports = []
        for key, pod, container, reason, text in cilium_status.stuck(state):
            patience = DOOMED if cannot_run(pod, container) else STUCK
            if now - since.setdefault(key, now) <= patience or len(reports) == 3:
                continue
            name = pod["metadata"]["name"]
            log = self.cluster.log(self.namespace, name, container, LOG_LINES, previous=True)
            log = log or self.cluster.log(self.namespace, name, container, LOG_LINES)
            said = f"container {container} of {name} on {pod['spec'].get('nodeName')} cannot start: {reason}"
            reports.append(said + (f": {text}" if text else "") + (f". Its last log lines:\n{log}" if log else ""))
        if reports:
            raise self._failure("wait", "gave up early: " + "\n".join(reports), result)

    @staticmethod
    def _failure(path: str, message: str, result: dict[str, Any]) -> NetworkError:
        problems = [Problem(item["object"], item["message"], item["hint"]) for item in result.get("problems", [])]
        return NetworkError([Problem(path, message), *problems], result)


def _replaced(state: State) -> int:
    """Count the pods that have their workload's newest template: it only grows during a roll-out."""
    statuses = [item.get("status") or {} for item in state.workloads.values()]
    return sum(
        int(status.get("updatedNumberScheduled") or 0) + int(status.get("updatedReplicas") or 0) for status in statuses
    )
