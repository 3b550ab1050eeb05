# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A healthy cluster with Cilium, as the API describes it. Each test breaks one thing of it."""

from __future__ import annotations

import base64
import gzip
import json
from datetime import UTC, datetime

from ansible_collections.eks_anywhere.network.plugins.module_utils import cilium_state

NOW = datetime(2024, 3, 1, 12, 0, 0, tzinfo=UTC)
CREATED = "2024-03-01T10:00:00Z"
STARTED = "2024-03-01T10:00:05Z"
CONFIGURED = "2024-03-01T09:59:00Z"
AGENT_IMAGE = "public.ecr.aws/eks/cilium/cilium:v1.17.6-0"
OPERATOR_IMAGE = "public.ecr.aws/eks/cilium/operator-generic:v1.17.6-0"
AGENT_ID = "public.ecr.aws/eks/cilium/cilium@sha256:" + "a" * 64
OPERATOR_ID = "public.ecr.aws/eks/cilium/operator-generic@sha256:" + "b" * 64
NODES = ("cp1", "w1", "w2")


class Objects:
    """All objects of one cluster. ``state`` is what the checks see, ``serve`` gives them to a fake API server."""

    def __init__(self, nodes=NODES, workload_pods=6):
        self.nodes = [node(name) for name in nodes]
        self.config = {
            "metadata": {
                "name": "cilium-config",
                "namespace": "kube-system",
                "managedFields": [
                    {"manager": "helm", "time": CONFIGURED, "fieldsV1": {"f:data": {}, "f:metadata": {}}},
                    {"manager": "kubectl", "time": "2024-03-01T11:00:00Z", "fieldsV1": {"f:metadata": {}}},
                ],
            },
            "data": {"ipam": "kubernetes", "routing-mode": "tunnel", "external-envoy-proxy": "false"},
        }
        self.daemon_sets = [daemon_set(len(nodes))]
        hosts = nodes[-2:]
        self.deployments = [deployment(len(hosts))]
        self.agents = [agent_pod(name, number) for number, name in enumerate(nodes)]
        self.operators = [operator_pod(name, number) for number, name in enumerate(hosts)]
        workers = nodes[1:] or nodes
        self.workload_pods = [workload_pod(number, workers[number % len(workers)]) for number in range(workload_pods)]
        self.endpoints = [endpoint(pod) for pod in self.workload_pods]
        self.policies = {kind: [] for kind in cilium_state.POLICY_KINDS}
        self.policies["CiliumNetworkPolicy"].append(policy("allow-web", {"endpointSelector": {}}))
        self.crds = [
            {"metadata": {"name": "ciliumnodes.cilium.io", "uid": "crd-1"}, "spec": {"big": "x"}},
            {"metadata": {"name": "other.example.com", "uid": "crd-2"}},
        ]
        self.release = helm_release()

    @property
    def daemon_set(self):
        return self.daemon_sets[0]

    @property
    def deployment(self):
        return self.deployments[0]

    @property
    def pods(self):
        return [*self.agents, *self.operators, *self.workload_pods]

    def serve(self, api):
        """Put everything where the API has it."""
        if self.config:
            api.objects["/api/v1/namespaces/kube-system/configmaps/cilium-config"] = self.config
        api.lists["/apis/apps/v1/namespaces/kube-system/daemonsets"] = self.daemon_sets
        api.lists["/apis/apps/v1/namespaces/kube-system/deployments"] = self.deployments
        api.lists["/api/v1/pods"] = self.pods
        api.lists["/api/v1/nodes"] = self.nodes
        api.lists["/apis/cilium.io/v2/ciliumendpoints"] = self.endpoints
        api.lists["/apis/apiextensions.k8s.io/v1/customresourcedefinitions"] = self.crds
        for kind, path in cilium_state.POLICY_KINDS.items():
            api.lists[path] = self.policies[kind]
        secrets = "/api/v1/namespaces/kube-system/secrets"
        api.lists[secrets] = [self.release] if self.release else []
        for secret in api.lists[secrets]:
            api.objects[f"{secrets}/{secret['metadata']['name']}"] = secret


def condition(kind, status="True", **more):
    return {"type": kind, "status": status, "lastTransitionTime": STARTED, **more}


def node(name):
    return {
        "metadata": {"name": name, "labels": {"kubernetes.io/os": "linux", "kubernetes.io/hostname": name}},
        "spec": {"taints": [{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}]}
        if name.startswith("cp")
        else {},
        "status": {"conditions": [condition("NetworkUnavailable", "False"), condition("Ready")], "images": []},
    }


def daemon_set(count):
    return {
        "metadata": {"name": "cilium", "namespace": "kube-system", "generation": 2},
        "spec": {
            "selector": {"matchLabels": {"k8s-app": "cilium"}},
            "template": {
                "spec": {
                    "hostNetwork": True,
                    "nodeSelector": {"kubernetes.io/os": "linux"},
                    "tolerations": [{"operator": "Exists"}],
                    "initContainers": [{"name": "config", "image": AGENT_IMAGE}],
                    "containers": [{"name": "cilium-agent", "image": AGENT_IMAGE}],
                }
            },
        },
        "status": {
            "observedGeneration": 2,
            "desiredNumberScheduled": count,
            "numberReady": count,
            "numberAvailable": count,
            "updatedNumberScheduled": count,
        },
    }


def deployment(count, name="cilium-operator", image=OPERATOR_IMAGE):
    labels = {"io.cilium/app": "operator", "name": name} if name == "cilium-operator" else {"k8s-app": name}
    return {
        "metadata": {"name": name, "namespace": "kube-system", "generation": 1},
        "spec": {
            "replicas": count,
            "selector": {"matchLabels": labels},
            "template": {"spec": {"containers": [{"name": name, "image": image}]}},
        },
        "status": {
            "observedGeneration": 1,
            "replicas": count,
            "readyReplicas": count,
            "availableReplicas": count,
            "updatedReplicas": count,
        },
    }


def agent_pod(host, number):
    return {
        "metadata": {
            "name": f"cilium-{number}",
            "namespace": "kube-system",
            "uid": f"agent-{number}",
            "creationTimestamp": CREATED,
            "labels": {"k8s-app": "cilium", "pod-template-generation": "2"},
        },
        "spec": {
            "nodeName": host,
            "hostNetwork": True,
            "initContainers": [{"name": "config", "image": AGENT_IMAGE}],
            "containers": [{"name": "cilium-agent", "image": AGENT_IMAGE}],
        },
        "status": {
            "phase": "Running",
            "startTime": CREATED,
            "hostIP": f"10.0.0.{number}",
            "conditions": [condition("PodScheduled"), condition("Ready")],
            "initContainerStatuses": [
                {
                    "name": "config",
                    "image": AGENT_IMAGE,
                    "imageID": AGENT_ID,
                    "state": {"terminated": {"startedAt": STARTED, "exitCode": 0}},
                }
            ],
            "containerStatuses": [
                {
                    "name": "cilium-agent",
                    "image": AGENT_IMAGE,
                    "imageID": AGENT_ID,
                    "ready": True,
                    "state": {"running": {"startedAt": STARTED}},
                }
            ],
        },
    }


def operator_pod(host, number):
    return {
        "metadata": {
            "name": f"cilium-operator-{number}",
            "namespace": "kube-system",
            "uid": f"operator-{number}",
            "creationTimestamp": CREATED,
            "labels": {"io.cilium/app": "operator", "name": "cilium-operator"},
        },
        "spec": {
            "nodeName": host,
            "hostNetwork": True,
            "containers": [{"name": "cilium-operator", "image": OPERATOR_IMAGE}],
        },
        "status": {
            "phase": "Running",
            "startTime": CREATED,
            "conditions": [condition("PodScheduled"), condition("Ready")],
            "containerStatuses": [
                {
                    "name": "cilium-operator",
                    "image": OPERATOR_IMAGE,
                    "imageID": OPERATOR_ID,
                    "state": {"running": {"startedAt": STARTED}},
                }
            ],
        },
    }


def workload_pod(number, host):
    return {
        "metadata": {"name": f"web-{number}", "namespace": "shop", "uid": f"web-{number}", "labels": {"app": "web"}},
        "spec": {"nodeName": host, "containers": [{"name": "web", "image": "example.com/web:1"}]},
        "status": {"phase": "Running", "startTime": CREATED, "podIP": f"10.244.0.{number % 250}"},
    }


def endpoint(pod):
    return {
        "metadata": {"name": pod["metadata"]["name"], "namespace": pod["metadata"]["namespace"]},
        "status": {
            "id": 7,
            "state": "ready",
            "networking": {"node": f"10.0.0.{NODES.index(pod['spec']['nodeName'])}"}
            if pod["spec"]["nodeName"] in NODES
            else {},
        },
    }


def policy(name, spec, status=None):
    item = {"metadata": {"name": name, "namespace": "shop", "uid": f"uid-{name}"}, "spec": spec}
    if status:
        item["status"] = status
    return item


def helm_release(status="deployed", revision=3):
    content = {
        "name": "cilium",
        "namespace": "kube-system",
        "version": revision,
        "info": {"status": status},
        "chart": {"metadata": {"name": "cilium", "version": "1.17.6-0", "appVersion": "1.17.6"}, "values": {}},
        "config": {},
        "manifest": "",
    }
    data = base64.b64encode(base64.b64encode(gzip.compress(json.dumps(content).encode()))).decode()
    return {
        "metadata": {
            "name": f"sh.helm.release.v1.cilium.v{revision}",
            "namespace": "kube-system",
            "labels": {"owner": "helm", "name": "cilium", "status": status, "version": str(revision)},
        },
        "type": "helm.sh/release.v1",
        "data": {"release": data},
    }
