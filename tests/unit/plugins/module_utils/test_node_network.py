# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything about one node, and what its programs may not do."""

from __future__ import annotations

import ast
import gzip
import json
import os
import socket
import sys
from pathlib import Path

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils import node_network, node_nftables, node_programs
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError
from ansible_collections.eks_anywhere.network.plugins.module_utils.node_network import NodeNetwork
from ansible_collections.eks_anywhere.network.tests.unit.plugins.fake_node import (
    BUILTIN,
    fake_ip,
    plugin,
    printing,
    program,
)

PLUGINS = Path(node_network.__file__).parents[1]
OURS = "ansible_collections.eks_anywhere.network.plugins.module_utils"
PYTHON_OF_NODES = (3, 9)


@pytest.fixture
def bin_dir(tmp_path, monkeypatch):
    """The only place with programs: those of a node of the practice cluster."""
    folder = tmp_path / "bin"
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(node_programs, "FOLDERS", ())
    program(folder, "ip", fake_ip("w1"))
    program(folder, "systemctl", printing("w1.systemctl.txt"))
    program(folder, "dpkg-query", printing("w1.dpkg-query.txt"))
    return folder


@pytest.fixture
def gather(tmp_path, bin_dir, monkeypatch):
    """Look at a node that is made of files."""
    monkeypatch.setattr(node_nftables, "tables", lambda _t: [{"family": "ip", "name": "nat", "owned": False}])
    monkeypatch.setattr(node_nftables, "chains", lambda _t: [("ip", "nat", "CILIUM_POST_nat")])
    root = tmp_path / "root"
    (root / "proc/sys/net/ipv6").mkdir(parents=True)
    (root / "proc/sys/kernel/random").mkdir(parents=True)
    (root / "proc/sys/kernel/random/boot_id").write_text("dd4bd906\n")
    (root / "proc/config.gz").write_bytes(gzip.compress(BUILTIN.encode()))
    (root / "net.d").mkdir()
    (root / "net.d/05-cilium.conflist").write_text('{"name": "cilium", "plugins": [{"type": "cilium-cni"}]}')
    program(root / "cni", "ipvlan", plugin("0.3.1"))

    def _gather():
        return NodeNetwork(str(root / "cni"), str(root / "net.d"), str(root / "multus"), 5, 5, root).gather()

    _gather.root = root
    return _gather


def test_a_whole_node(gather):
    found = gather()
    assert (found["hostname"], found["boot_id"], found["kernel_release"]) == (
        socket.gethostname(),
        "dd4bd906",
        os.uname().release,
    )
    assert (found["kernel"]["macvlan"], found["kernel"]["ipvlan"]) == ("builtin", "missing")
    assert [link["name"] for link in found["interfaces"]][:4] == ["lo", "eth0", "eth1", "eth2"]
    assert [route["gateway"] for route in found["default_routes"]] == ["172.30.0.1"]
    assert [(rule["family"], rule["priority"]) for rule in found["ip_rules"]] == [
        ("ipv4", 0),
        ("ipv4", 32766),
        ("ipv4", 32767),
        ("ipv6", 0),
        ("ipv6", 32766),
    ]
    assert (found["cni_binaries"], found["cni_binary_errors"]) == ({"ipvlan": ["0.3.1"]}, {})
    assert found["cni_conf"]["wins"] == "05-cilium.conflist"
    assert found["multus_conf"] == {"directory": str(gather.root / "multus"), "state": "absent", "files": []}
    assert found["firewall_owners"]["nftables"]["tables"][0]["name"] == "nat"
    assert found["firewall_owners"]["iptables"]["nft"]["chains"] == {"cilium": 1}
    assert found["stack"]["netplan"]["version"] == "0.106"
    json.dumps(found)


def test_the_default_routes_stand_with_their_interface_too(gather):
    found = gather()
    by_name = {link["name"]: link["default_routes"] for link in found["interfaces"]}
    assert by_name["eth0"] == found["default_routes"]
    assert by_name["eth1"] == []


def test_a_node_without_ipv6_is_not_asked_about_it(gather):
    (gather.root / "proc/sys/net/ipv6").rmdir()
    assert {rule["family"] for rule in gather()["ip_rules"]} == {"ipv4"}


@pytest.mark.parametrize("about", ["available", "blocked", "missing", "loaded", "builtin", "unknown"])
def test_nf_tables_is_never_loaded_by_asking(gather, monkeypatch, about):
    asked = []
    monkeypatch.setattr(node_network.node_kernel.Kernel, "state", lambda *_about: about)
    monkeypatch.setattr(node_nftables, "tables", lambda _t: asked.append("tables") or [])
    gather()
    assert asked == (["tables"] if about in ("loaded", "builtin", "unknown") else [])


def test_a_node_without_ip(gather, bin_dir):
    (bin_dir / "ip").unlink()
    with pytest.raises(NetworkError) as caught:
        gather()
    assert str(caught.value) == "ip: the program is not installed. Install iproute2 on the node."


def test_an_ip_that_fails_is_named_with_its_words(gather, bin_dir):
    program(bin_dir, "ip", 'echo "Option \\"-j\\" is unknown, try \\"ip -help\\"." >&2; exit 255')
    with pytest.raises(NetworkError) as caught:
        gather()
    assert str(caught.value).startswith('ip -j -4 route show table all default: it failed: Option "-j" is unknown')


def test_a_kernel_that_does_not_tell_its_boot(gather):
    (gather.root / "proc/sys/kernel/random/boot_id").unlink()
    assert gather()["boot_id"] is None


def files_for_nodes():
    """The modules that run on nodes and all of ours that they import, by path."""
    found, waiting = {}, [PLUGINS / "modules" / "node_network_info.py"]
    while waiting:
        path = waiting.pop()
        found[path] = tree = ast.parse(path.read_text(), feature_version=PYTHON_OF_NODES)
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module.startswith(OURS):
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
                paths = [PLUGINS / "module_utils" / f"{name.removeprefix(OURS)[1:]}.py" for name in names]
                waiting += [path for path in paths if path.is_file() and path not in found]
    return found


FILES = files_for_nodes()


def test_the_files_for_nodes():
    names = {path.stem for path in FILES}
    own = {path.stem for path in (PLUGINS / "module_utils").glob("node_*.py")} - {"node_firewall", "node_images"}
    assert names == own | {"errors", "module", "node_network_info"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_files_for_nodes_import_the_standard_library_only(path):
    imported = set()
    for node in ast.walk(FILES[path]):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module)
    foreign = {name for name in imported if name.partition(".")[0] not in sys.stdlib_module_names}
    allowed = {"ansible.module_utils.basic"} if path.stem in ("module", "node_network_info") else set()
    assert {name for name in foreign if not name.startswith(OURS)} <= allowed


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_annotations_of_files_for_nodes_are_not_evaluated(path):
    """``str | None`` is an annotation that Python 3.9 cannot evaluate."""
    futures = [node for node in FILES[path].body if isinstance(node, ast.ImportFrom) and node.module == "__future__"]
    assert [alias.name for node in futures for alias in node.names] == ["annotations"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_files_for_nodes_use_nothing_that_came_after_their_python(path):
    """Not everything: what the linter, which looks at the controller's Python, asks for."""
    for node in ast.walk(FILES[path]):
        if isinstance(node, ast.Call):
            newer = {keyword.arg for keyword in node.keywords} & {"slots", "kw_only", "strict"}
            assert not newer, f"{path.name}:{node.lineno}: {newer}"
