# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module node_network_info from its options to its exit, on programs that print what real ones printed."""

from __future__ import annotations

import json

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from ansible_collections.eks_anywhere.network.plugins.module_utils import node_nftables, node_programs
from ansible_collections.eks_anywhere.network.plugins.modules import node_network_info
from ansible_collections.eks_anywhere.network.tests.unit.plugins.fake_node import fake_ip, plugin, printing, program


@pytest.fixture
def call(tmp_path, monkeypatch, capsys):
    """Run the module on a node with ``ip`` alone."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(node_programs, "FOLDERS", ())
    monkeypatch.setattr(node_nftables, "tables", lambda _timeout: [])
    monkeypatch.setattr(node_nftables, "chains", lambda _timeout: [])
    monkeypatch.setattr("os.geteuid", lambda: 0)
    program(tmp_path / "bin", "ip", fake_ip("made"))
    program(tmp_path / "cni", "macvlan", plugin("0.3.1", "1.0.0"))
    program(tmp_path / "cni", "slow", "/bin/sleep 60")
    (tmp_path / "net.d").mkdir()
    (tmp_path / "net.d" / "00-multus.conf.cilium_bak").write_text("{}")

    def _call(**options):
        arguments = {
            "cni_bin_dir": str(tmp_path / "cni"),
            "cni_conf_dir": str(tmp_path / "net.d"),
            "multus_conf_dir": str(tmp_path / "none"),
            "probe_timeout": 0.5,
            **options,
        }
        with patch_module_args(arguments), pytest.raises(SystemExit) as caught:
            node_network_info.main()
        return caught.value.code, json.loads(capsys.readouterr().out)

    return _call


KINDS = {"str": str, "bool": bool, "int": int, "list": list, "dict": dict}


def disagreements(value, about, path):
    """Where a value differs from what RETURN says of it. Null is never wrong: the texts say what it means."""
    if value is None:
        return []
    if not isinstance(value, KINDS[about["type"]]):
        return [f"{path} is {value!r}"]
    if isinstance(value, list):
        one = {**about, "type": about["elements"]}
        return [found for index, item in enumerate(value) for found in disagreements(item, one, f"{path}[{index}]")]
    if "contains" not in about:
        return []
    keys = about["contains"]
    found = [f"{path}.{key}" for key in set(value) ^ set(keys)]
    return found + [
        more for key in set(value) & set(keys) for more in disagreements(value[key], keys[key], f"{path}.{key}")
    ]


@pytest.mark.parametrize("check_mode", [False, True])
def test_reads(call, check_mode):
    code, result = call(_ansible_check_mode=check_mode)
    assert (code, result["changed"]) == (0, False)
    node = result["node_network"]
    assert node["cni_binaries"] == {"macvlan": ["0.3.1", "1.0.0"], "slow": []}
    assert node["cni_binary_errors"] == {"slow": "no answer within 0.5 seconds"}
    assert node["cni_conf"]["cilium_bak"] == ["00-multus.conf.cilium_bak"]
    assert [link["name"] for link in node["interfaces"]] == ["lo", "br0", "v1", "v0", "m0", "x", "t0"]
    assert node["stack"]["networkd"]["active"] is None
    assert "become: true" not in str(result.get("warnings"))


def test_the_documentation_names_every_key_with_its_type(call, tmp_path, monkeypatch):
    monkeypatch.setattr(node_nftables, "tables", lambda _timeout: [{"family": "ip", "name": "nat", "owned": False}])
    program(tmp_path / "bin", "systemctl", printing("w1.systemctl.txt"))
    program(tmp_path / "bin", "dpkg-query", printing("w1.dpkg-query.txt"))
    (tmp_path / "net.d" / "05-cilium.conflist").write_text('{"name": "cilium", "plugins": [{"type": "cilium-cni"}]}')
    _code, result = call()
    about = yaml.safe_load(node_network_info.RETURN)["node_network"]
    assert disagreements(result["node_network"], about, "node_network") == []


def test_without_root_it_says_what_is_missing(call, monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    code, result = call()
    assert code == 0
    assert "become: true" in str(result["warnings"])


def test_failure_names_the_command(call, tmp_path):
    (tmp_path / "bin" / "ip").unlink()
    code, result = call()
    assert code == 1
    assert result["errors"] == [
        {"path": "ip", "message": "the program is not installed", "hint": "Install iproute2 on the node"}
    ]
    assert result["msg"] == "ip: the program is not installed. Install iproute2 on the node."


def test_a_program_that_hangs_ends_the_module(call, tmp_path):
    program(tmp_path / "bin", "ip", "/bin/sleep 60")
    code, result = call(timeout=0.3)
    assert code == 1
    assert "no answer within 0.3 seconds" in result["msg"]
