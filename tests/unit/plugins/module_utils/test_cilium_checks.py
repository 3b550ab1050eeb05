# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each broken thing gives just its own problem, and what is no problem gives none.

The state goes through the reader and a fake API server first, so that what the reader drops is really not needed.
"""

from __future__ import annotations

import pytest
from ansible_collections.eks_anywhere.network.tests.unit.plugins import breakers
from ansible_collections.eks_anywhere.network.tests.unit.plugins import cilium_objects as objects
from ansible_collections.eks_anywhere.network.tests.unit.plugins.breakers import AGENT, OPERATOR, POD
from ansible_collections.eks_anywhere.network.tests.unit.plugins.cilium_objects import Objects

BROKEN = [
    (
        "no agent DaemonSet",
        lambda c: (c.daemon_sets.clear(), c.agents.clear()),
        [AGENT + "does not exist"],
    ),
    (
        "no operator",
        lambda c: (c.deployments.clear(), c.operators.clear()),
        [OPERATOR + "does not exist"],
    ),
    (
        "no Envoy although the agent wants one",
        lambda c: c.config["data"].update({"external-envoy-proxy": "true"}),
        [
            "cilium-envoy | DaemonSet kube-system/cilium-envoy | does not exist although cilium-config sets "
            "external-envoy-proxy: true"
        ],
    ),
    (
        "generation not observed",
        lambda c: c.daemon_set["metadata"].update(generation=3),
        [AGENT + "its controller has not seen the last change"],
    ),
    (
        "agent not ready by its DaemonSet",
        lambda c: breakers.set_status(c.daemon_set, numberReady=2),
        [AGENT + "2 of 3 pods are ready"],
    ),
    (
        "roll-out not complete",
        lambda c: breakers.set_status(c.daemon_set, updatedNumberScheduled=1),
        [AGENT + "1 of 3 pods have the current template"],
    ),
    (
        "roll-out that waits for someone to delete pods",
        lambda c: (
            c.daemon_set["spec"].update(updateStrategy={"type": "OnDelete"}),
            breakers.set_status(c.daemon_set, updatedNumberScheduled=1),
        ),
        [AGENT + "1 of 3 pods have the current template"],
    ),
    (
        "DaemonSet that wants nothing",
        lambda c: breakers.set_status(c.daemon_set, desiredNumberScheduled=0),
        [AGENT + "wants no pod at all"],
    ),
    (
        "operator not ready by its Deployment",
        lambda c: breakers.set_status(c.deployment, readyReplicas=1),
        [OPERATOR + "1 of 2 pods are ready"],
    ),
    (
        "operator roll-out not complete",
        lambda c: breakers.set_status(c.deployment, updatedReplicas=1),
        [OPERATOR + "1 of 2 pods have the current template"],
    ),
    (
        "operators on one node",
        breakers.same_operator_node,
        [OPERATOR + "ready on one node only (got w1): losing it stops IP and identity allocation"],
    ),
    (
        "one operator",
        breakers.one_operator,
        [OPERATOR + "ready on one node only (got w1): losing it stops IP and identity allocation"],
    ),
    (
        "crash loop",
        lambda c: breakers.waiting(
            c.agents[1],
            "CrashLoopBackOff",
            "back-off 40s restarting failed container",
            lastState={
                "terminated": {
                    "exitCode": 1,
                    "message": 'level=info msg=x\nlevel=fatal msg="cannot open map"\nlevel=info msg=bye\n',
                }
            },
        ),
        [
            POD + "container cilium-agent: CrashLoopBackOff: back-off 40s restarting failed container, exit code 1, "
            'level=fatal msg="cannot open map"'
        ],
    ),
    (
        "image pull of an init container",
        lambda c: breakers.waiting(c.agents[1], "ImagePullBackOff", "Back-off pulling image", "initContainerStatuses"),
        [POD + "container config: ImagePullBackOff: Back-off pulling image"],
    ),
    (
        "pod that just starts",
        lambda c: breakers.waiting(c.agents[1], "ContainerCreating"),
        [POD + "is not ready: phase Running"],
    ),
    (
        "pod not ready",
        lambda c: breakers.unready(c.agents[1], message="containers with unready status: [cilium-agent]"),
        [POD + "is not ready: containers with unready status: [cilium-agent]"],
    ),
    (
        "pod not scheduled",
        lambda c: c.agents[1]["status"].update(
            phase="Pending",
            conditions=[objects.condition("PodScheduled", "False", message="0/3 nodes are available")],
        ),
        [POD + "is not scheduled: 0/3 nodes are available"],
    ),
    (
        "pod failed",
        lambda c: c.agents[1]["status"].update(phase="Failed", reason="DeadlineExceeded", message="too late"),
        [POD + "failed: DeadlineExceeded: too late"],
    ),
    (
        "pod terminating",
        lambda c: c.agents[1]["metadata"].update(deletionTimestamp="2024-03-01T11:00:00Z"),
        [POD + "is terminating"],
    ),
    (
        "other image",
        lambda c: breakers.other_image(c.agents[1], "containers", "quay.io/cilium/cilium:v1.17.6"),
        [AGENT + f"cilium-agent: quay.io/cilium/cilium:v1.17.6 instead of {objects.AGENT_IMAGE} in cilium-1 (w1)"],
    ),
    (
        "other image of an init container",
        lambda c: breakers.other_image(c.agents[1], "initContainers", "quay.io/cilium/cilium:v1.17.6"),
        [AGENT + f"config: quay.io/cilium/cilium:v1.17.6 instead of {objects.AGENT_IMAGE} in cilium-1 (w1)"],
    ),
    (
        "container missing",
        lambda c: c.operators[0]["spec"].update(containers=[]),
        [OPERATOR + f"cilium-operator: nothing instead of {objects.OPERATOR_IMAGE} in cilium-operator-0 (w1)"],
    ),
    (
        "moved tag",
        lambda c: c.agents[1]["status"]["containerStatuses"][0].update(imageID="mirror/cilium@sha256:" + "c" * 64),
        [
            f"images | image {objects.AGENT_IMAGE} | has not the same manifest everywhere: sha256:aaaaaaaaaaaa in "
            "cilium-0 (cp1), cilium-1 (w1), cilium-2 (w2); sha256:cccccccccccc in cilium-1 (w1)"
        ],
    ),
    (
        "agents and operators with an old configuration",
        breakers.config_changed,
        [
            AGENT + "runs the old configuration (cilium-config changed at 2024-03-01T11:30:00Z) in cilium-0 (cp1), "
            "cilium-1 (w1), cilium-2 (w2)",
            OPERATOR + "runs the old configuration (cilium-config changed at 2024-03-01T11:30:00Z) in "
            "cilium-operator-0 (w1), cilium-operator-1 (w2)",
        ],
    ),
    (
        "node without agent",
        breakers.no_agent_pod,
        ["cilium | Node w1 | has no agent pod"],
    ),
    (
        "node not ready",
        lambda c: c.nodes[1]["status"].update(conditions=[objects.condition("Ready", "False", message="no disk")]),
        ["node | Node w1 | is not Ready: no disk"],
    ),
    (
        "network unavailable",
        lambda c: c.nodes[1]["status"]["conditions"][0].update(status="True", reason="NoRouteCreated"),
        ["node | Node w1 | NetworkUnavailable: NoRouteCreated"],
    ),
    (
        "agent taint",
        lambda c: breakers.taint(c, 1, "node.cilium.io/agent-not-ready"),
        ["node | Node w1 | carries the taint node.cilium.io/agent-not-ready"],
    ),
    (
        "unmanaged pods",
        lambda c: c.endpoints.pop(0),
        ["endpoints | pods | 1 running pods are not managed by Cilium: shop/web-0"],
    ),
    (
        "endpoint not ready",
        lambda c: c.endpoints[0]["status"].update(state="regenerating"),
        ["endpoints | CiliumEndpoints | 1 endpoints are not ready: shop/web-0 (regenerating)"],
    ),
    (
        "policy refused",
        lambda c: c.policies["CiliumNetworkPolicy"].append(
            objects.policy("bad", {}, {"conditions": [{"type": "Valid", "status": "False", "message": "invalid CIDR"}]})
        ),
        ["policy | CiliumNetworkPolicy shop/bad | is not enforced: invalid CIDR"],
    ),
    (
        "configuration refused",
        lambda c: c.config["metadata"].update(annotations={"config.cilium.io/error": "bad mtu", "a/b": "c"}),
        ["cilium | ConfigMap kube-system/cilium-config | config.cilium.io/error: bad mtu"],
    ),
    (
        "release pending",
        lambda c: setattr(c, "release", objects.helm_release("pending-upgrade", 4)),
        ["helm | release kube-system/cilium | revision 4 is pending-upgrade"],
    ),
]


@pytest.mark.parametrize(("change", "problems"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_one_broken_thing_is_one_problem(judge, change, problems):
    content = Objects()
    change(content)
    result = judge(content)
    assert breakers.texts(result) == problems
    assert result["healthy"] is False
    for problem in problems:
        component, where, message = problem.split(" | ")
        assert message in result["errors"][component][where]["Errors"]
        assert f"{where}: {message}" in result["box"]


@pytest.mark.parametrize(
    ("kind", "spec", "hint"),
    [
        ("daemon_set", {"updateStrategy": {"type": "OnDelete"}}, "OnDelete: delete its old pods one by one"),
        ("deployment", {"paused": True}, "It is paused: kubectl rollout resume"),
        ("deployment", {}, "Wait for the roll-out"),
    ],
)
def test_who_has_to_act_for_a_roll_out_to_go_on(judge, kind, spec, hint):
    content = Objects()
    item = getattr(content, kind)
    item["spec"].update(spec)
    breakers.set_status(item, updatedNumberScheduled=1, updatedReplicas=1)
    (problem,) = judge(content)["problems"]
    assert problem["hint"].endswith(hint)


def test_one_linux_node_beside_another_system_needs_one_operator(judge):
    content = Objects(nodes=("w1",))
    content.nodes.append(windows())
    assert breakers.texts(judge(content)) == []


HARMLESS = [
    ("evicted pod", lambda c: c.operators.append(evicted())),
    ("agent that read the configuration again", lambda c: (breakers.config_changed(c), breakers.restart(c))),
    ("young pod without endpoint", lambda c: c.workload_pods.append(young())),
    ("completed pod without endpoint", lambda c: c.workload_pods.append(completed())),
    ("host network pod without endpoint", lambda c: c.workload_pods.append(on_host())),
    ("no endpoint CRD", lambda c: (c.endpoints.clear(), c.config["data"].update({"disable-endpoint-crd": "true"}))),
    ("node of another system", lambda c: c.nodes.append(windows())),
    ("pod on a node without agent by design", lambda c: (c.nodes.append(windows()), c.workload_pods.append(foreign()))),
    ("cordoned node", lambda c: breakers.taint(c, 1, "node.kubernetes.io/unschedulable")),
    (
        "image given by configuration on one node",
        lambda c: c.agents[1]["status"]["containerStatuses"][0].update(imageID="sha256:" + "d" * 64),
    ),
]


def evicted():
    pod = objects.operator_pod("w1", 9)
    pod["status"] = {"phase": "Failed", "reason": "Evicted"}
    breakers.other_image(pod, "containers", "old:1")
    return pod


def young():
    pod = objects.workload_pod(77, "w1")
    pod["status"]["startTime"] = "2024-03-01T11:59:45Z"
    return pod


def completed():
    pod = objects.workload_pod(78, "w1")
    pod["status"]["phase"] = "Succeeded"
    return pod


def foreign():
    return objects.workload_pod(80, "win1")


def on_host():
    pod = objects.workload_pod(79, "w1")
    pod["spec"]["hostNetwork"] = True
    return pod


def windows():
    node = objects.node("win1")
    node["metadata"]["labels"]["kubernetes.io/os"] = "windows"
    return node


@pytest.mark.parametrize("change", [row[1] for row in HARMLESS], ids=[row[0] for row in HARMLESS])
def test_what_is_no_problem(judge, change):
    content = Objects()
    change(content)
    assert breakers.texts(judge(content)) == []
