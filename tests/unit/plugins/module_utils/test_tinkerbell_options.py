# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options, and what the cluster file says where they are empty."""

from __future__ import annotations

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils import tinkerbell_options
from ansible_collections.eks_anywhere.network.plugins.module_utils.cluster_spec import Spec
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_fields import Report
from ansible_collections.eks_anywhere.network.plugins.module_utils.tinkerbell_options import Request
from ansible_collections.eks_anywhere.network.tests.unit.plugins.cluster_files import TEXT
from ansible_collections.eks_anywhere.network.tests.unit.plugins.tinkerbells import checked, machine

SPEC = Spec(TEXT, "c.yaml")


def ask(function, spec=SPEC, **options):
    report = Report()
    found = getattr(tinkerbell_options, function)(Request([], **{"cluster_file": "c.yaml", **options}), spec, report)
    return found, [str(problem) for problem in report.errors], [str(problem) for problem in report.warnings]


def test_family():
    assert ask("family") == ("ubuntu", [], [])
    assert ask("family", os_family="redhat") == ("redhat", [], [])
    assert ask("family", None)[1] == [
        "os_family: it is no operating system that has a template here (got none). Use one of: redhat, ubuntu."
    ]
    mixed = Spec(TEXT.replace("osFamily: ubuntu", "osFamily: bottlerocket", 1), "c.yaml")
    assert "(got bottlerocket, ubuntu)" in ask("family", mixed)[1][0]


def test_version():
    found, errors, _warnings = ask("version", eks_anywhere_version="v0.26.1")
    assert (found.metadata_port, errors) == (7172, [])
    (error,) = ask("version")[1]
    assert error.startswith("eks_anywhere_version: a template is for one version of EKS Anywhere. Give the one that")
    inside = Spec(TEXT.replace("spec:\n", "spec:\n  eksaVersion: v0.25.1\n", 1), "c.yaml")
    assert ask("version", inside)[0].version == "v0.25.1"
    assert (
        "it is no version whose templates are known here (got v0.9)"
        in ask("version", eks_anywhere_version="v0.9")[1][0]
    )


def test_metadata_hosts():
    found, errors, warnings = ask("metadata_hosts", bootstrap_ip="10.10.50.1")
    assert (found, errors, warnings) == (["10.10.50.1", "10.10.50.250"], [], [])
    found, errors, (warning,) = ask("metadata_hosts")
    assert (found, errors) == (["10.10.50.250"], [])
    assert warning.startswith("bootstrap_ip: the first machines of a management cluster find their metadata on")
    managed = Spec(TEXT.replace("managementCluster:\n    name: mgmt", "managementCluster:\n    name: other"), "c.yaml")
    assert ask("metadata_hosts", managed)[2] == []
    hosts, errors, (warning,) = ask("metadata_hosts", None, cluster_file=None)
    assert (hosts, errors) == (["tinkerbell-ip-is-missing"], [])
    assert warning == "tinkerbell_ip: machines find their metadata there. Give tinkerbellIP."
    assert ask("metadata_hosts", None, cluster_file=None, state="present")[1]
    assert ask("metadata_hosts", None)[1] == ["tinkerbell_ip: machines find their metadata there. Give tinkerbellIP."]
    assert ask("metadata_hosts", tinkerbell_ip="x", bootstrap_ip="y")[1] == [
        "tinkerbell_ip: it is no IPv4 address (got x). Give an address such as 10.10.50.250.",
        "bootstrap_ip: it is no IPv4 address (got y). Give an address such as 10.10.50.250.",
    ]


def test_groups_of_the_file():
    cp, workers = ask("groups")[0]
    assert (cp.name, cp.selector, cp.count, cp.template, cp.runs_pods) == (
        "mgmt-cp",
        {"type": "cp"},
        1,
        "mgmt-cp",
        False,
    )
    assert (workers.os_image_url, workers.labels, workers.runs_pods) == (
        "http://10.10.50.1/ubuntu-1-33.gz",
        {"rack": "1", "zone": "a"},
        True,
    )
    assert (cp.path, cp.network) == ("c.yaml group mgmt-cp", {})


def test_an_entry_corrects_the_file():
    more = {
        "name": "mgmt-workers",
        "selector": {"a": 1},
        "network": {"ethernets": {"eth1": None}},
        "template": "w",
        "count": None,
    }
    _cp, workers = ask("groups", groups=[more])[0]
    assert (workers.path, workers.selector, workers.count, workers.template) == ("groups[0]", {"a": "1"}, 2, "w")
    assert workers.network == {"ethernets": {"eth1": {}}}


def test_groups_without_a_file():
    found, errors, _warnings = ask("groups", None, groups=[{"name": "a"}])
    assert (errors, [(one.name, one.runs_pods, one.selector) for one in found]) == ([], [("a", True, {})])


@pytest.mark.parametrize(
    ("spec", "groups", "message"),
    [
        (SPEC, [{}], "groups[0].name: a group needs it. Give the name of its TinkerbellMachineConfig."),
        (SPEC, [{"name": "mgmt-cp"}, {"name": "mgmt-cp"}], "groups[1].name: the group is there twice"),
        (SPEC, [{"name": "mgmt-worker"}],
         "groups[0].name: the cluster file has no such machine group (got mgmt-worker). Use"),
        (SPEC, [{"name": "mgmt-cp", "networks": {}}], "groups[0].networks: a group has no such field. Use network"),
        (SPEC, [{"name": "mgmt-cp", "network": []}, {"name": "mgmt-workers", "selector": "a=b"}],
         "groups[1].selector: it must be a mapping (got a=b). Give a mapping."),
        (SPEC, [{"name": "mgmt-cp", "count": "x"}], "groups[0].count: it must be a number (got x). Give a number."),
    ],
)  # fmt: skip
def test_wrong_groups(spec, groups, message):
    assert ask("groups", spec, groups=groups)[1][0].startswith(message)


def test_groups_of_machines_where_nobody_names_any():
    given = [
        machine(1, "cp"),
        machine(2, labels={"rack": "1", "type": "worker"}),
        machine(3, labels={"zone": "z", "rack": "1"}),
        machine(4, labels={}),
        machine(5, labels={"type": "worker"}),
        machine(6, labels={"gpu": ""}),
    ]
    found = tinkerbell_options.groups_of(checked(*given))
    assert [(one.name, one.selector, one.template) for one in found] == [
        ("cp", {"type": "cp"}, "cp"),
        ("worker", {"type": "worker"}, "worker"),
        ("1", {"rack": "1"}, "1"),
        ("gpu", {"gpu": ""}, "gpu"),
    ]
