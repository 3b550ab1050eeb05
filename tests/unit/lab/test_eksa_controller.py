"""The double of EKS Anywhere's controller decides as the table of the real one says."""

from __future__ import annotations

import pytest
import yaml
from ansible_collections.eks_anywhere.network.lab import eksa_controller, settings
from ansible_collections.eks_anywhere.network.lab.eksa_controller import (
    CONFIGURED,
    INSTALL,
    MARKER,
    NOTHING,
    PAUSED,
    SKIPPED,
    UPGRADE,
    WAIT,
    Bundle,
    Running,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils import eksa_values, plan

BUNDLE = Bundle("public.ecr.aws/eks/cilium/cilium:v1.17.6-0", "public.ecr.aws/eks/cilium/operator-generic:v1.17.6-0")
CONFIG = {"enable-policy": "default", "cni-exclusive": "true"}


def cluster(skip=None, marked=True, paused=None, generation=2, noted=None, children=5, **fields):
    annotations = {MARKER: ""} if marked else {}
    if paused:
        annotations[PAUSED] = paused
    if skip is not None:
        fields["skipUpgrade"] = skip
    status = {} if noted is None else {"reconciledGeneration": noted, "childrenReconciledGeneration": children}
    return {
        "metadata": {"name": "practice", "generation": generation, "annotations": annotations},
        "spec": {"clusterNetwork": {"cniConfig": {"cilium": fields}}},
        "status": status,
    }


def workload(image, ready=3, observed=4):
    return {
        "metadata": {"generation": 4},
        "spec": {"template": {"spec": {"containers": [{"image": image}]}}},
        "status": {"observedGeneration": observed, "desiredNumberScheduled": 3, "numberReady": ready},
    }


def running(agent=BUNDLE.agent, operator=BUNDLE.operator, config=None, **status):
    return Running(workload(agent, **status), workload(operator), config or CONFIG)


HERE, GONE = running(), Running()
OSS = running("quay.io/cilium/cilium:v1.17.6", "quay.io/cilium/operator-generic:v1.17.6")


@pytest.mark.parametrize(
    ("there", "marked", "skip", "action", "condition"),
    [
        (GONE, False, True, INSTALL, CONFIGURED),
        (GONE, False, False, INSTALL, CONFIGURED),
        (GONE, False, None, INSTALL, CONFIGURED),
        (GONE, True, False, INSTALL, CONFIGURED),
        (GONE, True, None, INSTALL, CONFIGURED),
        (GONE, True, True, NOTHING, SKIPPED),
        (HERE, False, True, NOTHING, SKIPPED),
        (HERE, True, True, NOTHING, SKIPPED),
        (HERE, False, False, NOTHING, CONFIGURED),
        (HERE, True, None, NOTHING, CONFIGURED),
        (OSS, True, False, INSTALL, CONFIGURED),
        (OSS, True, True, NOTHING, SKIPPED),
        (OSS, False, True, INSTALL, CONFIGURED),
        (Running(HERE.agent, None, CONFIG), True, False, INSTALL, CONFIGURED),
        (Running(None, HERE.operator, CONFIG), True, False, INSTALL, CONFIGURED),
    ],
)
def test_the_decision_table(there, marked, skip, action, condition):
    decision = eksa_controller.decide(cluster(skip, marked), there, BUNDLE)
    assert (decision.action, decision.condition) == (action, condition)


@pytest.mark.parametrize(
    ("there", "fields", "action"),
    [
        (running("public.ecr.aws/eks/cilium/cilium:v1.16.0-0"), {}, UPGRADE),
        (running("mirror.example/eks-mirror/cilium:v1.17.6"), {}, UPGRADE),
        (running(operator="public.ecr.aws/eks/cilium/operator-generic:v1"), {}, UPGRADE),
        (running("public.ecr.aws/eks/cilium/cilium:v1.16.0-0", ready=2), {}, WAIT),
        (running("public.ecr.aws/eks/cilium/cilium:v1.16.0-0", observed=3), {}, WAIT),
        (running(config={**CONFIG, "enable-policy": "always"}), {}, UPGRADE),
        (running(config={**CONFIG, "enable-policy": "always"}), {"policyEnforcementMode": "always"}, NOTHING),
        (running(config={**CONFIG, "cni-exclusive": "false"}), {}, UPGRADE),
        (running(config={**CONFIG, "cni-exclusive": "false"}), {"cniExclusive": False}, NOTHING),
        (running(config={**CONFIG, "egress-masquerade-interfaces": "eth0"}), {}, UPGRADE),
        (running(config={**CONFIG, "tunnel-protocol": "geneve"}), {}, NOTHING),
        (HERE, {"helmValues": {"tunnelProtocol": "geneve"}}, NOTHING),
    ],
)
def test_what_counts_as_an_upgrade(there, fields, action):
    assert eksa_controller.decide(cluster(**fields), there, BUNDLE).action == action
    assert eksa_controller.decide(cluster(skip=True, **fields), there, BUNDLE).action == NOTHING


@pytest.mark.parametrize(
    ("item", "looked_at"),
    [
        (cluster(), True),
        (cluster(noted=2), False),
        (cluster(noted=1), True),
        (cluster(noted=2, children=4), True),
        (cluster(noted=1, paused="true"), False),
        (cluster(noted=1, paused="yes"), True),
    ],
)
def test_what_is_looked_at(item, looked_at):
    assert eksa_controller.due(item, 5) is looked_at


def test_what_is_noted():
    item = cluster(noted=1)
    item["status"]["conditions"] = [{"type": "ControlPlaneReady", "status": "True"}, SKIPPED]
    status = eksa_controller.noted(item, 6, eksa_controller.decide(item, HERE, BUNDLE))
    assert (status["observedGeneration"], status["reconciledGeneration"]) == (2, 2)
    assert status["childrenReconciledGeneration"] == 6
    assert [(entry["type"], entry["status"]) for entry in status["conditions"]] == [
        ("ControlPlaneReady", "True"),
        ("DefaultCNIConfigured", "True"),
        ("Ready", "True"),
    ]


def test_nothing_is_noted_as_reconciled_while_cilium_is_waited_for():
    item = cluster(noted=1)
    there = running("public.ecr.aws/eks/cilium/cilium:v1.16.0-0", ready=2)
    status = eksa_controller.noted(item, 5, eksa_controller.decide(item, there, BUNDLE))
    assert (status["observedGeneration"], status["reconciledGeneration"]) == (2, 1)
    assert status["conditions"][-1] == {"type": "Ready", "status": "False"}


def test_the_values_of_the_start_are_those_of_eks_anywhere():
    """The one difference is stated in the file: VXLAN. The rest of what is there are images and the lab's own needs."""

    values = yaml.safe_load((settings.HERE / "start" / "cilium-eks-anywhere.yml").read_text())
    wanted = plan.flatten(eksa_values.value_set({}, (0, 24)))
    found = plan.flatten(values)
    assert {path: found.get(path) for path in wanted} == {**wanted, "tunnelProtocol": "vxlan"}
    assert {path.split(".")[0] for path in found.keys() - wanted.keys()} == {
        "image", "operator", "l7Proxy", "securityContext",
    }  # fmt: skip
