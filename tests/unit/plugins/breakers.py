# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways to break one thing of a healthy cluster, and how the checks name its workloads."""

from __future__ import annotations

from ansible_collections.eks_anywhere.network.tests.unit.plugins import cilium_objects as objects

AGENT = "cilium | DaemonSet kube-system/cilium | "
OPERATOR = "cilium-operator | Deployment kube-system/cilium-operator | "
POD = "cilium | Pod kube-system/cilium-1 on w1 | "


def texts(result):
    """Return the problems of a status, a line each."""
    return [f"{item['component']} | {item['object']} | {item['message']}" for item in result["problems"]]


def set_status(item, **values):
    item["status"].update(values)


def unready(pod, **more):
    pod["status"]["conditions"][-1] = objects.condition("Ready", "False", **more)


def waiting(pod, reason, message="", section="containerStatuses", **more):
    unready(pod)
    pod["status"][section][0].update(state={"waiting": {"reason": reason, "message": message}}, **more)


def no_agent_pod(content):
    del content.agents[1]


def same_operator_node(content):
    content.operators[1]["spec"]["nodeName"] = "w1"


def one_operator(content):
    del content.operators[1]
    content.deployment["spec"]["replicas"] = 1
    set_status(content.deployment, readyReplicas=1, availableReplicas=1, updatedReplicas=1)


def other_image(pod, section, image):
    pod["spec"][section][0]["image"] = image


def config_changed(content, when="2024-03-01T11:30:00Z"):
    content.config["metadata"]["managedFields"].append({"manager": "x", "time": when, "fieldsV1": {"f:data": {}}})


def taint(content, number, key, effect="NoSchedule"):
    content.nodes[number]["spec"].setdefault("taints", []).append({"key": key, "effect": effect})


def restart(content):
    for pod in content.agents:
        pod["status"]["initContainerStatuses"][0]["state"]["terminated"]["startedAt"] = "2024-03-01T11:31:00Z"
    for pod in content.operators:
        pod["metadata"]["creationTimestamp"] = "2024-03-01T11:31:00Z"
