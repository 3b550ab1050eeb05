# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods that measure something, in a namespace of their own: made, waited for, asked, and removed, many at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import Conflict, NetworkError, Problem
from ansible_collections.eks_anywhere.network.plugins.module_utils.kubernetes import PARALLEL, Cluster

LABEL = "eks-anywhere.network/check"
POLL = 0.3
COLLECTIONS = {
    "ConfigMap": "/api/v1/namespaces/{}/configmaps",
    "NetworkPolicy": "/apis/networking.k8s.io/v1/namespaces/{}/networkpolicies",
    "Pod": "/api/v1/namespaces/{}/pods",
    "Service": "/api/v1/namespaces/{}/services",
}
"""What may be created, by kind."""

Object = dict[str, Any]


@dataclass
class Probe:
    """One namespace of measuring pods. ``timeout`` is how many seconds pods may take to come, and to go."""

    cluster: Cluster
    namespace: str
    timeout: float
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], float] = field(default=time.monotonic)

    @property
    def _path(self) -> str:
        return f"/api/v1/namespaces/{self.namespace}"

    def fresh(self) -> None:
        """Make the namespace, and remove what an earlier run left in it."""
        self.remove()
        labels = {LABEL: "", "pod-security.kubernetes.io/enforce": "restricted"}
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace, "labels": labels}}
        self.cluster.create("/api/v1/namespaces", body)

    def create(self, objects: Iterable[Object]) -> None:
        """Create objects of COLLECTIONS; those that are there already stay as they are."""
        listed = list(objects)
        unknown = sorted({str(item.get("kind")) for item in listed} - COLLECTIONS.keys())
        if unknown:
            raise NetworkError(Problem("objects", f"cannot create {', '.join(unknown)}", "Leave them out"))
        first = [item for item in listed if item["kind"] != "Pod"]
        pods = [item for item in listed if item["kind"] == "Pod"]
        with ThreadPoolExecutor(PARALLEL) as workers:
            for batch in (first, pods):
                list(workers.map(self._create, batch))

    def _create(self, item: Object) -> None:
        try:
            self.cluster.create(COLLECTIONS[item["kind"]].format(self.namespace), item)
        except Conflict:
            return

    def wait(self, names: Sequence[str], phases: Sequence[str]) -> list[Object]:
        """Return the named pods when each has an address and a phase of ``phases``, and, to run, has started.

        Raises NetworkError with what keeps each pod that did not come.
        """
        end = self.now() + self.timeout
        while True:
            pods = {pod["metadata"]["name"]: pod for pod in self.cluster.list(f"{self._path}/pods")}
            missing = [name for name in names if name not in pods or not _arrived(pods[name], phases)]
            if not missing:
                return [pods[name] for name in names]
            if self.now() > end:
                raise NetworkError([_late(name, pods.get(name), phases, self.timeout) for name in missing])
            self.sleep(POLL)

    def services(self) -> list[Object]:
        """Return the namespace's Services."""
        return self.cluster.list(f"{self._path}/services")

    def remove(self) -> bool:
        """Remove the namespace and wait until it is gone; False when there was none.

        Pods go first: the namespace's controller looks again only after 15 seconds when it still finds some. They have
        their own grace: of a pod that is gone before its sandbox, and that was made before Multus, Multus tells Cilium
        nothing (multus-cni v4.3.0, pkg/multus/multus.go, CmdDel), and an endpoint stays behind.
        Raises NetworkError when the namespace is not one of these, before anything of it is touched.
        """
        found = self.cluster.get(self._path)
        if found is None:
            return False
        if LABEL not in (found["metadata"].get("labels") or {}):
            text = f"the namespace {self.namespace} exists and was not made by this role"
            raise NetworkError(Problem("namespace", text, "Give a name that is free"))
        self.cluster.delete(f"{self._path}/pods")
        self._await("its pods do not end", lambda: not self.cluster.list(f"{self._path}/pods", metadata_only=True))
        self.cluster.delete(self._path)
        self._await("it does not end", lambda: self.cluster.get(self._path) is None)
        return True

    def _await(self, failure: str, reached: Callable[[], bool]) -> None:
        end = self.now() + self.timeout
        while not reached():
            if self.now() > end:
                text = f"{failure} within {self.timeout:g} seconds (namespace {self.namespace})"
                raise NetworkError(Problem("namespace", text, "See the kubelets of their nodes"))
            self.sleep(POLL)

    def run(self, pods: Sequence[str], container: str, command: list[str]) -> list[str]:
        """Run a command in each pod at the same time and return what each wrote, in order."""
        with ThreadPoolExecutor(PARALLEL) as workers:
            return list(workers.map(lambda pod: self.cluster.exec(self.namespace, pod, container, command), pods))


def _arrived(pod: Mapping[str, Any], phases: Sequence[str]) -> bool:
    status = pod.get("status") or {}
    container = (status.get("containerStatuses") or [{}])[0]
    started = bool(container.get("started"))
    return bool(status.get("podIP")) and status.get("phase") in phases and started is ("Running" in phases)


def _late(name: str, pod: Mapping[str, Any] | None, phases: Sequence[str], timeout: float) -> Problem:
    """Return why a pod did not get there in time."""
    goal = f"did not get as far as {' or '.join(phases)} within {timeout:g} seconds"
    hint = "See the kubelet of its node, and verify.yml for the network"
    if pod is None:
        return Problem(f"pod {name}", f"{goal}: it is not there", hint)
    status = pod.get("status") or {}
    container = (status.get("containerStatuses") or [{}])[0]
    state = container.get("state") or {}
    waiting, ended = state.get("waiting") or {}, state.get("terminated") or {}
    said = [status.get("phase", "unknown"), waiting.get("reason"), waiting.get("message"), status.get("message")]
    if ended:
        said.append(f"exit code {ended.get('exitCode')}")
    if status.get("phase") in phases and not container.get("started"):
        said.append("it runs, but the server it sends to does not answer over both TCP and UDP")
    where = (pod.get("spec") or {}).get("nodeName", "no node")
    return Problem(f"pod {name} on {where}", f"{goal}: {': '.join(map(str, filter(None, said)))}", hint)
