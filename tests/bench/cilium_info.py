# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the status of Cilium costs by size of the cluster: a fake API server in a process of its own, pods of 6 kB.

``wall`` holds the server's work too, which is Python here; ``cpu`` and ``memory`` (the growth of the peak) are the
reader's own.
"""

from __future__ import annotations

import multiprocessing
import resource
import tempfile
import time
from multiprocessing.synchronize import Event
from pathlib import Path

from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_wait import Watch
from ansible_collections.eks_anywhere.network.plugins.module_utils.kubernetes import Cluster
from ansible_collections.eks_anywhere.network.tests.unit.plugins.cilium_objects import Objects
from ansible_collections.eks_anywhere.network.tests.unit.plugins.fake_api import FakeApi

SIZES = ((3, 30), (50, 500), (500, 5000))
"""Nodes and pods."""
PADDING = {"padding": ["x" * 100] * 50}
RUNS = 3


def serve(nodes: int, pods: int, kubeconfig: Path, stop: Event) -> None:
    """Be the API server of a healthy cluster of this size; the kubeconfig appears when it is ready."""
    api = FakeApi()
    content = Objects(nodes=tuple(f"node{number}" for number in range(nodes)), workload_pods=pods)
    for pod in content.workload_pods:
        pod["spec"].update(PADDING)
    content.serve(api)
    draft = kubeconfig.with_suffix(".draft")
    api.kubeconfig(draft)
    draft.rename(kubeconfig)
    stop.wait()


def measure(nodes: int, pods: int) -> None:
    """Print the best of several readings of a cluster of this size."""
    stop = multiprocessing.Event()
    with tempfile.TemporaryDirectory() as folder:
        kubeconfig = Path(folder) / "kubeconfig"
        server = multiprocessing.Process(target=serve, args=(nodes, pods, kubeconfig, stop))
        server.start()
        while not kubeconfig.exists():
            time.sleep(0.05)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        walls, cpus = [], []
        for _number in range(RUNS):
            wall, cpu = time.monotonic(), time.process_time()
            result = Watch(Cluster(str(kubeconfig), None), "cilium", "kube-system").once()
            walls.append(time.monotonic() - wall)
            cpus.append(time.process_time() - cpu)
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        stop.set()
        server.join()
    print(
        f"cilium_info, {nodes} nodes, {pods} pods: wall {min(walls):.2f} s, cpu {min(cpus):.2f} s, "
        f"memory +{grown:.0f} MB, healthy: {result['healthy']}",
        flush=True,
    )


if __name__ == "__main__":
    for size in SIZES:
        measure(*size)
