# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Cilium's pods run and which configuration they read, beside the table in test_cilium_checks.py."""

from __future__ import annotations

from ansible_collections.eks_anywhere.network.tests.unit.plugins import breakers
from ansible_collections.eks_anywhere.network.tests.unit.plugins import cilium_objects as objects
from ansible_collections.eks_anywhere.network.tests.unit.plugins.cilium_objects import Objects


def test_restarted_container_still_has_the_old_configuration(judge):
    content = Objects()
    breakers.config_changed(content)
    breakers.restart(content)
    pod = content.agents[1]
    pod["status"]["containerStatuses"][0]["state"]["running"]["startedAt"] = "2024-03-01T11:45:00Z"
    pod["status"]["initContainerStatuses"][0]["state"]["terminated"]["startedAt"] = objects.STARTED
    assert [text for text in breakers.texts(judge(content)) if "old configuration" in text and "cilium-1" in text]


def test_agent_without_config_container_reads_at_container_start(judge):
    content = Objects()
    breakers.config_changed(content)
    breakers.restart(content)
    for pod in content.agents:
        pod["status"]["initContainerStatuses"] = []
        pod["status"]["containerStatuses"][0]["state"]["running"]["startedAt"] = "2024-03-01T11:45:00Z"
    assert breakers.texts(judge(content)) == []


def test_expected_images_come_before_the_template(judge):
    expected = {"cilium": {"cilium-agent": "example.com/cilium:2"}, "cilium-operator": {}, "hubble-relay": {"x": "y"}}
    assert breakers.texts(judge(Objects(), expected)) == [
        breakers.AGENT + f"cilium-agent: {objects.AGENT_IMAGE} instead of example.com/cilium:2 in cilium-0 (cp1), "
        "cilium-1 (w1), cilium-2 (w2)",
        "hubble-relay | workload kube-system/hubble-relay | is expected but does not exist",
    ]


def test_many_names_are_counted(judge):
    content = Objects(workload_pods=25)
    content.endpoints.clear()
    (text,) = breakers.texts(judge(content))
    assert text.startswith("endpoints | pods | 25 running pods are not managed by Cilium: shop/web-0, ")
    assert text.endswith(" and 15 more")
    assert text.count("shop/") == 10


def test_many_pods_and_nodes_are_counted(judge):
    content = Objects(nodes=tuple(f"n{number:02}" for number in range(15)))
    for pod in content.agents:
        breakers.unready(pod)
    for node in content.nodes:
        node["status"]["conditions"] = []
    found = breakers.texts(judge(content))
    assert "cilium | namespace kube-system | 5 more pods are not ready" in found
    assert "node | nodes | 5 more nodes have problems" in found
    assert len(found) == 22
