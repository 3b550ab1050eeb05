"""netplan on a node takes every right configuration as the collection writes it, and makes of it what was asked.

Nothing of the node changes: netplan reads and writes below a directory of its own there.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import yaml

COUNT = 200
CONFIG = {
    "network": {
        "version": 2,
        "ethernets": {
            "id0": {
                "match": {"macaddress": "52:54:00:12:34:50"},
                "addresses": ["172.30.0.21/24"],
                "routes": [{"to": "default", "via": "172.30.0.1"}],
            }
        },
    }
}
"""As EKS Anywhere leaves it."""
GENERATE = """
set -e
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
tar -x -C "$root"
for trial in "$root"/*; do
    code=0
    /usr/lib/netplan/generate --root-dir "$trial" 2>"$trial/said" || code=$?
    echo "$code" >"$trial/code"
done
tar -c -C "$root" .
"""


@pytest.fixture(scope="module")
def trials(lab):
    """Configurations, each with the files that netplan generates from it on w1: [(config, {path: text}), ...]."""
    env = os.environ | {"PYTHONPATH": os.environ["ANSIBLE_COLLECTIONS_PATH"]}
    script = Path(__file__).with_name("right_networks.py")
    printed = subprocess.run([sys.executable, script, str(COUNT)], env=env, capture_output=True, check=True).stdout
    examples = json.loads(printed)
    sent = io.BytesIO()
    with tarfile.open(fileobj=sent, mode="w") as tar:
        for number, (_config, text) in enumerate(examples):
            for name, content in (("config", yaml.safe_dump(CONFIG)), ("zz-eks-anywhere", text)):
                member = tarfile.TarInfo(f"{number}/etc/netplan/{name}.yaml")
                member.size, member.mode = len(content.encode()), 0o600
                tar.addfile(member, io.BytesIO(content.encode()))
    words = ["ssh", "-F", lab["LAB_SSH_CONFIG"], "w1", GENERATE]
    answer = subprocess.run(words, input=sent.getvalue(), capture_output=True, check=True, timeout=120).stdout
    files = [{} for _example in examples]
    with tarfile.open(fileobj=io.BytesIO(answer)) as tar:
        for member in tar:
            number, _slash, path = member.name.removeprefix("./").partition("/")
            content = tar.extractfile(member) if member.isfile() else None
            if content is not None:
                files[int(number)][path] = content.read().decode()
    return [(config, found) for (config, _text), found in zip(examples, files, strict=True)]


def settings(files, name):
    """(section, key, value) of every line of one of the generated files."""
    found, section = [], ""
    for line in files[f"run/systemd/network/10-netplan-{name}"].splitlines():
        if line.startswith("["):
            section = line.strip("[]")
            found.append((section, "", ""))
        elif "=" in line:
            key, _equals, value = line.partition("=")
            found.append((section, key, value))
    return found


def values(lines, section, key):
    return [value for name, word, value in lines if (name, word) == (section, key)]


def blocks(lines, section):
    """The sections of one name, each as a mapping."""
    found = []
    for name, key, value in lines:
        if name == section and not key:
            found.append({})
        elif name == section:
            found[-1][key] = value
    return found


def test_netplan_takes_them_all_without_a_word(trials):
    assert len(trials) > COUNT // 2
    assert {(files["code"].strip(), files["said"]) for _config, files in trials} == {("0", "")}


def devices(trials, *kinds):
    for config, files in trials:
        for kind in kinds:
            for name, device in config.get(kind, {}).items():
                yield name, device, settings(files, f"{name}.network"), files


ALL = ("ethernets", "bonds", "vlans", "bridges")


def test_addresses(trials):
    seen = 0
    for _name, device, lines, _files in devices(trials, *ALL):
        wanted = [entry if isinstance(entry, str) else next(iter(entry)) for entry in device.get("addresses", [])]
        found = values(lines, "Network", "Address") + values(lines, "Address", "Address")
        assert sorted(found) == sorted(wanted)
        seen += len(wanted)
    assert seen > COUNT


def test_mtu(trials):
    for _name, device, lines, _files in devices(trials, *ALL):
        assert values(lines, "Link", "MTUBytes") == ([str(device["mtu"])] if "mtu" in device else [])


def test_nics_and_names(trials):
    for name, device, lines, files in devices(trials, "ethernets"):
        match = device.get("match", {})
        if "macaddress" in match:
            called = device.get("set-name", name)
            assert values(lines, "Match", "PermanentMACAddress") == [match["macaddress"].lower()]
            assert values(settings(files, f"{name}.link"), "Link", "Name") == [called]
        else:
            called = match.get("name", name)
        assert values(lines, "Match", "Name") == [called]


def test_routes_and_rules(trials):
    seen = 0
    for _name, device, lines, _files in devices(trials, *ALL):
        wanted = []
        for route in device.get("routes", []):
            to = "0.0.0.0/0" if route["to"] == "default" else route["to"]
            wanted.append((to, route.get("via"), str(route.get("table", "")), route.get("type")))
        found = blocks(lines, "Route")
        read = [(one["Destination"], one.get("Gateway"), one.get("Table", ""), one.get("Type")) for one in found]
        assert read == wanted
        rules = [(one["From"], one["Table"], one["Priority"]) for one in blocks(lines, "RoutingPolicyRule")]
        assert rules == [
            (rule["from"], str(rule["table"]), str(rule["priority"])) for rule in device.get("routing-policy", [])
        ]
        seen += len(rules)
    assert seen > COUNT // 4


def test_what_sits_on_what(trials):
    for config, files in trials:
        for name, device in config.get("vlans", {}).items():
            assert name in values(settings(files, f"{device['link']}.network"), "Network", "VLAN")
            assert values(settings(files, f"{name}.netdev"), "VLAN", "Id") == [str(device["id"])]
        for kind, word in (("bonds", "Bond"), ("bridges", "Bridge")):
            for name, device in config.get(kind, {}).items():
                for port in device["interfaces"]:
                    assert values(settings(files, f"{port}.network"), "Network", word) == [name]
                assert values(settings(files, f"{name}.netdev"), "NetDev", "Kind") == [word.lower()]
        for name, device in config.get("bonds", {}).items():
            mode = device["parameters"].get("mode")
            assert values(settings(files, f"{name}.netdev"), "Bond", "Mode") == ([mode] if mode else [])


def test_the_nodes_own_nic_is_as_before(trials):
    for _config, files in trials:
        lines = settings(files, "id0.network")
        assert values(lines, "Match", "PermanentMACAddress") == ["52:54:00:12:34:50"]
        assert (values(lines, "Match", "Name"), values(lines, "Network", "Address")) == ([], ["172.30.0.21/24"])
