# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In which order the playbook host_network works, and where it stops. Its modules are stand-ins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from role_runs import ROOT, failures, notes, play, stand_ins

GROUPS = {
    "eks_anywhere.network": {"nodes": ["host_network", "host_network_info"]},
    "kubernetes.core": {"k8s": ["k8s_info"]},
}
ADDRESSES = [{"type": "Hostname", "address": "w1"}, {"type": "InternalIP", "address": "10.0.0.21"}]
NODES = {"resources": [{"status": {"addresses": ADDRESSES}}]}
SAME = {"backend": "netplan", "before": {}, "after": {}, "commands": [], "removed_devices": []}
CHANGE = {**SAME, "after": {"/etc/netplan/zz.yaml": "x"}, "commands": ["networkctl reload"]}
DONE = {**CHANGE, "changed": True, "reverted": False}
FAILED = {"failed": True, "msg": "The change was undone: it was not confirmed within 120 seconds."}
WRONG = {"failed": True, "msg": "config.ethernets.eth1.mtu: it is no number."}
HERE = {"interface": "eth1", "network": "10.1.0.0/24", "mtu": 9000}
RULE = "ipv4 rule 9 table 2004"

Answer = dict[str, Any]


def seen(number: int, **more: Any) -> Answer:
    """An answer of host_network_info of a node with that address."""
    own = {**HERE, "address": f"10.1.0.{number}"}
    return {"problems": [], "foreign": [RULE], "addresses": [own], "paths": [], **more}


@pytest.fixture
def told(tmp_path: Path) -> Any:
    """Return a function that runs the playbook on w1 and w2: what each was asked, and what it failed with."""

    def run(first: Answer, second: Answer, **variables: Any) -> tuple[list[Any], list[Any], dict[str, str]]:
        stand_ins(tmp_path, GROUPS, ["host_network"])
        (tmp_path / "notes").mkdir()
        common = {"ansible_connection": "local", "ansible_become_method": "doas", "notes": str(tmp_path / "notes")}
        common |= {"host_network_kubeconfig": "/nowhere", "host_network_config": {"ethernets": {"eth1": {}}}}
        groups = {
            "cluster": {"hosts": {"here": {"answers": {"k8s_info": [NODES]}}}},
            "nodes": {"hosts": {"w1": {"answers": first}, "w2": {"answers": second}}},
        }
        inventory = {"all": {"children": groups, "vars": {**common, **variables}}}
        (tmp_path / "inventory.yml").write_text(yaml.safe_dump(inventory))
        account = play(tmp_path, ROOT / "playbooks" / "host_network.yml")
        asked = [notes(tmp_path / "notes" / name) for name in ("w1", "w2")]
        return asked[0], asked[1], failures(account)

    return run


def names(asked: list[Any]) -> list[str]:
    return [name for name, _arguments in asked]


def changing(number: int, **more: Any) -> Answer:
    """The answers of a node that is changed: two plans, the change, and what is seen before, after and at the end."""
    return {"host_network": [CHANGE, CHANGE, DONE], "host_network_info": [seen(number)] * 3, **more}


def test_every_node_is_planned_changed_and_asked_by_packets(told: Any) -> None:
    first, second, failed = told(changing(21), changing(22))
    assert failed == {}
    wanted = [
        "host_network",
        "host_network",
        "host_network_info",
        "host_network",
        "host_network_info",
        "host_network_info",
    ]
    assert names(first) == names(second) == wanted
    assert first[-1][1]["paths"] == [{"source": "10.1.0.21", "target": "10.1.0.22", "mtu": 9000}]
    assert second[-1][1]["paths"] == [{"source": "10.1.0.22", "target": "10.1.0.21", "mtu": 9000}]


def test_internal_ips_must_not_move_and_what_others_made_must_stay(told: Any) -> None:
    first, _second, _failed = told(changing(21), changing(22), host_network_management_addresses=["10.0.0.99"])
    assert first[0][1]["management_addresses"] == ["10.0.0.99", "10.0.0.21"]
    assert first[4][1]["kept"] == [RULE]


def test_without_a_change_nothing_is_applied(told: Any) -> None:
    same = {"host_network": [SAME, SAME], "host_network_info": [seen(21), seen(21)]}
    first, _second, failed = told(same, same)
    assert failed == {}
    assert names(first) == ["host_network", "host_network", "host_network_info", "host_network_info"]


def test_one_wrong_node_keeps_all_from_being_changed(told: Any) -> None:
    first, second, failed = told(changing(21), {"host_network": [WRONG]})
    assert (names(first), names(second)) == (["host_network"], ["host_network"])
    assert failed["w2"] == WRONG["msg"]


def test_the_first_node_that_fails_is_the_last(told: Any) -> None:
    broken = {"host_network": [CHANGE, CHANGE, FAILED], "host_network_info": [seen(21)]}
    _first, second, failed = told(broken, changing(22))
    assert failed == {"w1": FAILED["msg"]}
    assert names(second) == ["host_network"]


def test_a_node_that_is_not_as_configured_stops_it_too(told: Any) -> None:
    problem = {
        "path": "config.ethernets.eth1.mtu",
        "message": "9000 is not in force, but 1500, on eth1",
        "hint": "See ip",
    }
    broken = changing(21, host_network_info=[seen(21), seen(21, problems=[problem])])
    _first, second, failed = told(broken, changing(22))
    assert failed == {"w1": "config.ethernets.eth1.mtu: 9000 is not in force, but 1500, on eth1. See ip."}
    assert names(second) == ["host_network"]
