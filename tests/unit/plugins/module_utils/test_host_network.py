# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole request: the back end, the files beside ours, and what is written and removed."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils import host_network
from ansible_collections.eks_anywhere.network.plugins.module_utils.host_network import Request, render
from ansible_collections.eks_anywhere.network.tests.unit.plugins.host_networks import (
    CONFIG,
    EKS_ANYWHERE,
    EXISTING,
    OURS,
    SOUND,
    STATIC,
    STATIC_CONNECTION,
    content,
    edit,
    errors,
    facts,
    mac,
    rendered,
    said,
    warnings,
)

UTILS = Path(host_network.__file__).parent
NODE_FILES = [
    path for area in ("host_network", "netplan", "networkmanager") for path in sorted(UTILS.glob(f"{area}*.py"))
]


@pytest.mark.parametrize("backend", ["netplan", "networkmanager"])
@pytest.mark.parametrize("known", [None, facts()])
def test_a_sound_configuration(backend, known):
    assert said(SOUND, backend, node_network=known) == ([], [])


def stack(netplan=None, networkmanager=None):
    return facts(stack={"netplan": {"installed": netplan}, "networkmanager": {"active": networkmanager}})


@pytest.mark.parametrize(
    ("existing", "known", "backend"),
    [
        ({CONFIG: EKS_ANYWHERE}, None, "netplan"),
        ({STATIC: STATIC_CONNECTION}, None, "networkmanager"),
        ({}, stack(True, True), "netplan"),
        ({}, stack(False, True), "networkmanager"),
        ({CONFIG: EKS_ANYWHERE}, stack(False, True), "netplan"),
    ],
)
def test_the_back_end(existing, known, backend):
    assert render(Request({}, existing=existing, node_network=known)).backend == backend


@pytest.mark.parametrize(
    ("backend", "known", "error"),
    [
        ("auto", None, "backend: nothing says which it is (got auto). Give netplan or networkmanager, or existing."),
        (
            "netplan",
            stack(False, True),
            "backend: the node has no netplan (got netplan). Install netplan.io, or use another back end.",
        ),
        (
            "networkmanager",
            stack(True, False),
            "backend: NetworkManager does not run on the node (got networkmanager). Start it, or use another back end.",
        ),
    ],
)
def test_no_back_end(backend, known, error):
    assert errors({}, backend, existing={}, node_network=known) == [error]


@pytest.mark.parametrize("path", ["renderer", "ethernets.eth1.renderer", "vlans.vlan100.renderer"])
def test_the_renderer_is_that_of_the_back_end(path):
    for backend, own, other in (
        ("netplan", "networkd", "NetworkManager"),
        ("networkmanager", "NetworkManager", "networkd"),
    ):
        assert errors(edit(SOUND, path, own), backend) == []
        assert errors(edit(SOUND, path, other), backend) == [
            f"config.{path}: it is not the one of backend {backend} (got {other}). Remove it: {own} it is."
        ]


def test_a_renderer_of_ours_does_not_count_for_other_files():
    """At the top of our file it would move every device of the host to another back end."""
    assert "renderer" not in content(rendered({"renderer": "networkd"} | SOUND))
    assert "renderer: networkd" in content(rendered(edit(SOUND, "ethernets.eth1.renderer", "networkd")))


def test_networkmanager_below_netplan():
    files = {CONFIG: EKS_ANYWHERE, "/etc/netplan/desktop.yaml": "network: {renderer: NetworkManager}"}
    assert errors(SOUND, existing=files) == [
        "existing[/etc/netplan/desktop.yaml].renderer: netplan stops NetworkManager at every apply. Set renderer: "
        "networkd there."
    ]


def test_a_match_that_comes_too_late():
    """Measured with netplan 0.106: the generated file then asks for the id as name, and no NIC has it."""
    early = "network: {ethernets: {id0: {mtu: 9000}}}"
    assert errors({}, existing={"/etc/netplan/60-x.yaml": early, CONFIG: EKS_ANYWHERE}) == [
        f"existing[/etc/netplan/60-x.yaml].ethernets.id0: it comes before existing[{CONFIG}].ethernets.id0, which has "
        "the match, so no NIC is found any more. Repeat match here, or give the file a name that sorts behind."
    ]
    later = {CONFIG: EKS_ANYWHERE.replace("id0", "id9"), "/etc/netplan/zzz.yaml": EKS_ANYWHERE}
    found = errors({"ethernets": {"id0": {"mtu": 9000}}}, existing=later, allow_management_nic=True)
    assert any(
        error.startswith("config.ethernets.id0: it comes before existing[/etc/netplan/zzz.yaml]") for error in found
    )
    assert errors({"ethernets": {"id0": {"mtu": 9000}}}) == []


def test_a_file_that_netplan_cannot_read():
    (error,) = errors(SOUND, existing={CONFIG: EKS_ANYWHERE, "/etc/netplan/a.yaml": "network: ["})
    assert error.startswith("existing[/etc/netplan/a.yaml]: it is not YAML: ")


def test_files_that_nobody_reads_do_not_count():
    hidden = {"/lib/netplan/config.yaml": "network: [", "/etc/netplan/x.yaml.bak": "[", "/etc/hosts": "["}
    assert errors(SOUND, existing={CONFIG: EKS_ANYWHERE, **hidden}) == []


@pytest.mark.parametrize("name", ["id0", "eth1"])
def test_one_kind_for_each_name(name):
    config = {"ethernets": {"eth1": {}}, "bridges": {name: {}}}
    other = "config.ethernets.eth1" if name == "eth1" else f"existing[{CONFIG}].ethernets.id0"
    assert errors(config) == [f"config.bridges.{name}: {other} is of another kind. Give each name to one device."]


def test_devices_of_other_kinds_can_be_used():
    files = {CONFIG: EKS_ANYWHERE, "/etc/netplan/d.yaml": "network: {dummy-devices: {dm0: {}}}"}
    assert errors({"bridges": {"br0": {"interfaces": ["dm0"]}}}, existing=files) == []
    assert len(errors({"bridges": {"br0": {"interfaces": ["dm1"]}}}, existing=files)) == 1


def test_files():
    result = rendered(SOUND, node_network=facts())
    assert [(file.path, file.mode) for file in result.files] == [
        (OURS, "0600"),
        ("/etc/systemd/networkd.conf.d/50-eks-anywhere.conf", "0644"),
        ("/etc/systemd/network/05-eks-anywhere-cni.network", "0644"),
    ]
    assert result.removed_files == ()


def test_nothing_of_ours():
    assert content(rendered({})).endswith("\nnetwork:\n  version: 2\n")


def test_what_our_earlier_file_made():
    there = {CONFIG: EKS_ANYWHERE, OURS: content(rendered(SOUND))}
    assert rendered(SOUND, existing=there).removed_devices == ()
    assert content(rendered(SOUND, existing=there)) == there[OURS]
    assert rendered({}, existing=there).removed_devices == ("vlan100", "br0", "bond0")
    less = {kind: devices for kind, devices in SOUND.items() if kind != "vlans"}
    assert rendered(less, existing=there).removed_devices == ("vlan100",)


def test_what_another_file_makes_too_stays():
    there = {
        CONFIG: EKS_ANYWHERE,
        OURS: "network: {bonds: {b: {}}}",
        "/etc/netplan/a.yaml": "network: {bonds: {b: {}}}",
    }
    assert rendered({}, existing=there).removed_devices == ()


def test_all_errors_at_once_with_the_doubts():
    wrong = edit(edit(SOUND, "ethernets.eth1.mtu", "x"), "vlans.vlan100.mtu", 9001)
    found, doubts = said(edit(wrong, "ethernets.eth1.routing-policy", []))
    assert [error.partition(": ")[0] for error in found] == ["config.ethernets.eth1.mtu", "config.vlans.vlan100.mtu"]
    assert len(doubts) == 2


def test_existing_counts_in_either_form():
    parsed = {CONFIG: {"network": {"ethernets": {"id0": {"match": {"macaddress": mac(0)}}}}}}
    config = {"ethernets": {"wan": {"match": {"macaddress": mac(0)}}}}
    assert len(errors(config, existing=parsed)) == 1
    assert len(errors(config, existing={CONFIG: EKS_ANYWHERE})) == 1


def test_as_dict():
    result = rendered(SOUND, node_network=facts()).as_dict()
    assert sorted(result) == ["backend", "files", "removed_devices", "removed_files"]
    assert sorted(result["files"][0]) == ["content", "mode", "path"]
    assert warnings(SOUND) == []


def test_directories():
    for backend, files in EXISTING.items():
        assert all(path.rpartition("/")[0] in host_network.SOURCES[backend] for path in files)


@pytest.mark.parametrize("path", NODE_FILES, ids=lambda path: path.stem)
def test_what_runs_on_hosts_needs_their_python_only(path):
    """Python 3.9, its standard library, and PyYAML where netplan's files are read."""
    tree = ast.parse(path.read_text(), feature_version=(3, 9))
    modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    modules |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    foreign = {name for name in modules if name.partition(".")[0] not in sys.stdlib_module_names}
    allowed = {"yaml"} if path.stem == "netplan" else set()
    assert {name for name in foreign if not name.startswith("ansible_collections.eks_anywhere.network.")} == allowed
    assert "TypeAlias" not in {
        alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
