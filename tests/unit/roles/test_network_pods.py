# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the pods that prove a network run, which addresses they ask for, and who asks whom."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

TEMPLATE = Path(__file__).parents[3] / "roles" / "network_check" / "templates" / "network_pods.json.j2"
LOCAL = {"type": "macvlan", "ipam": {"type": "host-local", "subnet": "10.0.0.0/24"}}
STATIC = {"type": "macvlan", "capabilities": {"ips": True}, "ipam": {"type": "static"}}
IPS = [f"10.0.1.{number}/24" for number in range(1, 4)]
NETWORKS = [
    {"name": "everywhere", "config": LOCAL},
    {"name": "text", "namespace": "shop", "config": json.dumps({"plugins": [LOCAL, {"type": "tuning"}]})},
    {"name": "selected", "namespace": "shop", "config": LOCAL, "node_selector": {"zone": "b"}},
    {"name": "nowhere", "namespace": "shop", "config": LOCAL, "node_selector": {"zone": "c"}},
    {"name": "own", "namespace": "shop", "config": STATIC},
    {"name": "given", "namespace": "shop", "config": STATIC},
]
NODES = [
    {"metadata": {"name": name, "labels": {"zone": zone}}} for name, zone in (("w2", "b"), ("w1", "a"), ("cp1", "a"))
]


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    """What the template makes of the networks: pods by network, and what is not proven."""
    folder = tmp_path_factory.mktemp("play")
    variables = {
        "network_check_networks": NETWORKS,
        "network_check_network_ips": {"shop/given": IPS[:2]},
        "__network_check_all_nodes": {"resources": NODES},
        "__network_check_nodes": ["w1", "w2"],
    }
    copy = {"content": "{{ lookup('ansible.builtin.template', template) }}", "dest": str(folder / "out.json")}
    tasks = [{"ansible.builtin.copy": copy, "vars": {"template": str(TEMPLATE)}}]
    play = {"hosts": "localhost", "gather_facts": False, "vars": variables, "tasks": tasks}
    (folder / "play.yml").write_text(json.dumps([play]))
    done = subprocess.run(["ansible-playbook", "play.yml"], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads((folder / "out.json").read_text())
    pods = {}
    for pod in found["pods"]:
        pods.setdefault(pod["network"], []).append(pod)
    return pods, found["unproven"]


def test_every_ready_node_has_one_and_the_first_a_second(planned):
    assert [pod["node"] for pod in planned[0]["default/everywhere"]] == ["w1", "w1", "w2"]
    assert [pod["node"] for pod in planned[0]["shop/text"]] == ["w1", "w1", "w2"]


def test_each_asks_its_neighbours_in_a_ring(planned):
    asked = {pod["name"]: pod["to"] for pod in planned[0]["default/everywhere"]}
    assert asked == {
        "net-0-0": ["net-0-2", "net-0-1"],
        "net-0-1": ["net-0-0", "net-0-2"],
        "net-0-2": ["net-0-1", "net-0-0"],
    }


def test_a_network_of_one_node_has_two_pods_there(planned):
    assert [(pod["node"], pod["to"]) for pod in planned[0]["shop/selected"]] == [
        ("w2", ["net-2-1"]),
        ("w2", ["net-2-0"]),
    ]


def test_what_cannot_be_proven_is_named(planned):
    pods, unproven = planned
    assert set(unproven) == {"shop/nowhere", "shop/own"}
    assert not {"shop/nowhere", "shop/own"} & set(pods)
    assert "network_check_network_ips" in unproven["shop/own"]


def test_pods_ask_for_the_network_and_for_an_address_where_one_is_given(planned):
    pods, _unproven = planned
    assert pods["shop/text"][0]["networks"] == [{"name": "text", "namespace": "shop"}]
    assert [pod["networks"][0]["ips"] for pod in pods["shop/given"]] == [[IPS[0]], [IPS[1]]]
