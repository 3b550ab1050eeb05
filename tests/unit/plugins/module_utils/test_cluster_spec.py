# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the cluster file says of machine groups, what may be changed in it, and what is refused."""

from __future__ import annotations

import difflib

import pytest
import yaml
from ansible_collections.eks_anywhere.network.plugins.module_utils.cluster_spec import Spec, Wanted
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError
from ansible_collections.eks_anywhere.network.tests.unit.plugins.cluster_files import TEXT, template

CILIUM = "c.yaml Cluster/mgmt spec.clusterNetwork.cniConfig.cilium"


def changed(text=TEXT, **wanted):
    spec = Spec(text, "c.yaml")
    warnings = spec.change(Wanted(**wanted))
    return spec.text, warnings


def refused(text=TEXT, **wanted):
    with pytest.raises(NetworkError) as caught:
        changed(text, **wanted)
    return str(caught.value).splitlines()


def lines(before, after):
    return [line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line[0] in "+-"]


def test_groups():
    spec = Spec(TEXT, "c.yaml")
    assert [group.as_dict() for group in spec.groups] == [
        {
            "name": "mgmt-cp",
            "roles": ["control_plane"],
            "count": 1,
            "selector": {"type": "cp"},
            "os_family": "ubuntu",
            "os_image_url": "http://10.10.50.1/ubuntu-1-33.gz",
            "template": "",
            "labels": {},
        },
        {
            "name": "mgmt-workers",
            "roles": ["workers"],
            "count": 2,
            "selector": {"type": "worker"},
            "os_family": "ubuntu",
            "os_image_url": "http://10.10.50.1/ubuntu-1-33.gz",
            "template": "",
            "labels": {"rack": "1", "zone": "a"},
        },
    ]
    assert (spec.name, spec.version, spec.manages_itself) == ("mgmt", "", True)
    assert spec.datacenter["tinkerbellIP"] == "10.10.50.250"


def test_groups_that_share_machines():
    more = """\
  - autoscalingConfiguration: {minCount: 1, maxCount: 4}
    labels: {zone: a, rack: "2"}
    machineGroupRef: {kind: TinkerbellMachineConfig, name: mgmt-workers}
    name: md-1
"""
    (_first, workers) = Spec(TEXT.replace("    name: md-0\n", f"    name: md-0\n{more}"), "c.yaml").groups
    assert (workers.count, workers.labels) == (6, {"zone": "a"})
    both = Spec(TEXT.replace("      name: mgmt-workers", "      name: mgmt-cp"), "c.yaml").groups
    assert [(group.roles, group.labels) for group in both] == [(("control_plane", "workers"), {})]


def test_changes_only_these_lines():
    text, warnings = changed(
        templates=[template()],
        template_refs={"mgmt-workers": "w"},
        hardware_selectors={"mgmt-workers": {"rack": "7"}, "mgmt-cp": {"type": "cp"}},
        skip_upgrade=True,
    )
    assert not warnings
    assert lines(TEXT, text) == [
        "-       cilium: {}   # EKS Anywhere's own",
        "+       cilium:   # EKS Anywhere's own",
        "+         skipUpgrade: true",
        "-     type: worker",
        '+     rack: "7"'.replace('"', "'"),
        "+   templateRef:",
        "+     kind: TinkerbellTemplateConfig",
        "+     name: w",
        "+ ---",
        *(f"+ {line}" for line in yaml.safe_dump(template(), sort_keys=False).splitlines()),
    ]
    again, _warnings = changed(text, templates=[template()], template_refs={"mgmt-workers": "w"}, skip_upgrade=True)
    assert again == text


def test_a_template_that_is_there_is_brought_up_to_date():
    text, _warnings = changed(templates=[template(a=1, b=2)], template_refs={"mgmt-cp": "w"})
    text = text.replace("    a: 1\n", "    a: 1   # ours\n")
    after, _warnings = changed(text, templates=[template(a=1, c=3)])
    assert lines(text, after) == ["-     b: 2", "+     c: 3"]


def test_helm_values_take_the_place_of_those_that_are_there():
    text, _warnings = changed(helm_values={"ipam": {"mode": "kubernetes"}, "debug": {"enabled": True}})
    assert yaml.safe_load(text.split("---")[0])["spec"]["clusterNetwork"]["cniConfig"]["cilium"] == {
        "helmValues": {"ipam": {"mode": "kubernetes"}, "debug": {"enabled": True}}
    }
    after, _warnings = changed(text, helm_values={"ipam": {"mode": "kubernetes"}})
    assert lines(text, after) == ["-           debug:", "-             enabled: true"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"template_refs": {"mgmt-worker": "w"}},
            "template_refs.mgmt-worker: the file has no such TinkerbellMachineConfig. Use mgmt-workers, if that",
        ),
        (
            {"template_refs": {"mgmt-workers": "w"}},
            "c.yaml TinkerbellMachineConfig/mgmt-workers spec.templateRef: the file has no TinkerbellTemplateConfig of "
            "that name (got w). Add a TinkerbellTemplateConfig of that name.",
        ),
        (
            {"hardware_selectors": {"mgmt-cp": {"a": "b", "c": "d"}}},
            'hardware_selectors.mgmt-cp: it must be one label (got {"a": "b", "c": "d"}). Give one key and value.',
        ),
        ({"templates": [{"kind": "X"}]}, "templates[0]: it is no TinkerbellTemplateConfig. "),
        ({"helm_values": {"operator": None}}, f"{CILIUM}.helmValues.operator: EKS"),
        ({"helm_values": {"preflight": []}}, f"{CILIUM}.helmValues.preflight: EKS"),
    ],
)  # fmt: skip
def test_refuses(options, message):
    (found,) = refused(**options)
    assert found.startswith(message)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("      name: mgmt-workers", "      name: gone", "machineGroupRef: the file has no TinkerbellMachineConfig of"),
        ("    kind: TinkerbellDatacenterConfig\n    name: mgmt", "    kind: TinkerbellDatacenterConfig\n    name: x",
         "spec.datacenterRef: the file has no TinkerbellDatacenterConfig of that name (got x). There are: mgmt."),
        ("    type: worker\n", "    type: worker\n    rack: a\n", "spec.hardwareSelector: it must be one label"),
        ("  hardwareSelector:\n    type: worker\n", "  hardwareSelector: {}\n", "hardwareSelector: it must be one"),
        ("  hardwareSelector:\n    type: worker\n", "  hardwareSelector: {a: b}\n  hardwareAffinity: {required: []}\n",
         "spec.hardwareSelector: it stands beside hardwareAffinity. Remove one of them."),
        ("    cniConfig:\n", "    cni: cilium\n    cniConfig:\n", "clusterNetwork.cni: it stands beside cniConfig"),
        ("      cilium: {}", "      kindnetd: {}\n      cilium: {}", "there are cilium and kindnetd. Keep one."),
        ("      cilium: {}", "      cilium: {skipUpgrade: true, policyEnforcementMode: always}",
         "policyEnforcementMode: EKS Anywhere refuses it beside skipUpgrade: true. Remove it."),
        ("kind: Cluster\n", "kind: Clusters\n", "c.yaml: it must have one Cluster (got none)."),
        ("  name: mgmt-cp\nspec", "  name: mgmt-workers\nspec", "MachineConfig/mgmt-workers: it is there twice"),
    ],
)  # fmt: skip
def test_refuses_what_the_file_says(old, new, message):
    assert TEXT.count(old) == 1
    assert any(message in line for line in refused(TEXT.replace(old, new)))


def test_all_at_once():
    text = TEXT.replace("    type: worker\n", "    type: worker\n    rack: a\n")
    assert len(refused(text, template_refs={"mgmt-cp": "x", "mgmt-workers": "y"})) == 3


def test_affinity_needs_no_selector():
    text = TEXT.replace("  hardwareSelector:\n    type: worker\n", "  hardwareAffinity: {required: []}\n")
    assert changed(text) == (text, ())


@pytest.mark.parametrize(("version", "fine"), [("v0.23.4", False), ("v0.24.0", True)])
def test_old_versions(version, fine):
    text = TEXT.replace("spec:\n", f"spec:\n  eksaVersion: {version}\n", 1).replace("{}   #", "{skipUpgrade: true}   #")
    if fine:
        changed(text, helm_values={}, skip_upgrade=False)
        return
    assert refused(text, helm_values={}, skip_upgrade=False) == [
        f"helm_values: EKS Anywhere {version} has none. Use v0.24 or later, or skip_upgrade.",
        f"skip_upgrade: EKS Anywhere {version} lets it stay true only. Upgrade to v0.24 first.",
    ]


def test_a_template_that_nobody_uses_is_a_warning():
    _text, warnings = changed(templates=[template()])
    assert warnings == (
        "c.yaml TinkerbellTemplateConfig/w: no TinkerbellMachineConfig refers to it. Give template_refs, or remove it.",
    )
