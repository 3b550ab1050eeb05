"""What node_network_info says of each node, beside what ip, ls, systemctl, the plugins and iptables say there."""

from __future__ import annotations

import json
import os
import re
import subprocess

import pytest

KINDS = {
    "ipvlan": "link eth1 name t0 type ipvlan",
    "macvlan": "link eth1 name t0 type macvlan",
    "vlan": "link eth1 name t0 type vlan id 7",
    "bonding": "t0 type bond",
    "bridge": "t0 type bridge",
    "geneve": "t0 type geneve id 7 remote 192.0.2.1",
    "vxlan": "t0 type vxlan id 7 dstport 4789",
    "veth": "t0 type veth peer name t1",
    "dummy": "t0 type dummy",
    "vrf": "t0 type vrf table 7",
}
"""How ``ip link add`` makes one of each, in a network namespace with an eth1."""


@pytest.fixture(scope="session")
def answers(project, lab):
    """The module's results by node, from one call for all of them."""
    words = ["ansible", "--inventory", "inventories/lab/hosts.yml", "nodes", "--become"]
    words += ["--module-name", "eks_anywhere.network.node_network_info"]
    env = {"ANSIBLE_LOAD_CALLBACK_PLUGINS": "1", "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json"}
    done = subprocess.run(words, cwd=project, env=os.environ | env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (play,) = json.loads(done.stdout)["plays"]
    return play["tasks"][0]["hosts"]


@pytest.fixture
def said(node, answers):
    """What the module said of the node."""
    return answers[node.backend.host.name]["node_network"]


def lasting(name):
    """Whether it is an interface that stays: those of pods come and go."""
    return not name.startswith("lxc")


@pytest.fixture
def agent(node, read, kubectl):
    """Run a program in the Cilium agent of the node: it has iptables, and the node's network namespace."""
    where = ("--namespace", "kube-system", "--selector", "k8s-app=cilium")
    (pod,) = read("pods", *where, "--field-selector", f"spec.nodeName={node.backend.host.name}")

    def run(*words):
        name = pod["metadata"]["name"]
        return kubectl("exec", "--namespace", "kube-system", name, "--container", "cilium-agent", "--", *words)

    return run


def test_it_changes_nothing_and_has_no_doubt(node, answers):
    answer = answers[node.backend.host.name]
    assert answer["changed"] is False
    assert "warnings" not in answer


def test_the_machine(node, said):
    assert said["hostname"] == node.check_output("hostname")
    assert said["boot_id"] == node.check_output("cat /proc/sys/kernel/random/boot_id")
    assert said["kernel_release"] == node.check_output("uname -r")


def test_every_interface_with_its_mac_mtu_and_carrier(node, said):
    seen = {}
    for line in node.check_output("ip -o link").splitlines():
        name, flags, mtu, rest = re.match(r"\d+: ([^:@]+)\S* <(\S*)> mtu (\d+) (.*)", line).groups()
        mac = re.search(r"link/ether (\S+)", rest)
        up = "UP" in flags.split(",")
        state = re.search(r"state (\S+)", rest)[1].lower()
        seen[name] = (mac and mac[1], int(mtu), up, "LOWER_UP" in flags.split(",") if up else None, state)
    keys = ("mac", "mtu", "up", "carrier", "operstate")
    told = {link["name"]: tuple(link[key] for key in keys) for link in said["interfaces"]}
    assert {name: told[name] for name in filter(lasting, told)} == {name: seen[name] for name in filter(lasting, seen)}


def test_the_second_nic_is_there_with_a_carrier(said):
    (nic,) = [link for link in said["interfaces"] if link["name"] == "eth1"]
    assert (nic["carrier"], nic["operstate"], nic["driver"], nic["permanent_mac"]) == (True, "up", "veth", None)


def test_every_address(node, said):
    seen = set()
    for line in node.check_output("ip -o addr").splitlines():
        name, family, address = re.match(r"\d+: (\S+)\s+(inet6?) (\S+)", line).groups()
        if lasting(name):
            seen.add((name, {"inet": "ipv4", "inet6": "ipv6"}[family], address))
    assert {
        (link["name"], address["family"], f"{address['address']}/{address['prefix']}")
        for link in said["interfaces"]
        if lasting(link["name"])
        for address in link["addresses"]
    } == seen


def test_the_default_route_is_the_way_out(node, said):
    way = re.match(r"192.0.2.1 via (\S+) dev (\S+)", node.check_output("ip route get 192.0.2.1"))
    (route,) = said["default_routes"]
    assert (route["gateway"], route["device"], route["table"]) == (way[1], way[2], "main")
    assert [link["name"] for link in said["interfaces"] if link["default_routes"]] == [way[2]]


def test_every_rule(node, said):
    seen = []
    for family, option in (("ipv4", "-4"), ("ipv6", "-6")):
        lines = node.check_output(f"ip {option} rule").splitlines()
        seen += [(family, *re.match(r"(\d+):\tfrom all .*lookup (\S+)", line).groups()) for line in lines]
    assert [(rule["family"], str(rule["priority"]), rule["table"]) for rule in said["ip_rules"]] == seen


def test_every_plugin_with_its_versions(node, said):
    names = node.check_output("ls /opt/cni/bin").split()
    assert sorted(said["cni_binaries"]) == sorted(names)
    assert said["cni_binary_errors"] == {}
    asked = (
        """for name in *; do echo '{"cniVersion":"0.4.0"}' | CNI_COMMAND=VERSION ./$name | tr -d '\\n'; echo; done"""
    )
    lines = node.check_output(f"cd /opt/cni/bin && {asked}").splitlines()
    seen = {name: json.loads(line)["supportedVersions"] for name, line in zip(names, lines, strict=True)}
    assert said["cni_binaries"] == seen


def test_the_configuration_that_the_kubelet_takes(node, said):
    listed = node.check_output("cd /etc/cni/net.d && LC_ALL=C ls").split()
    files = [name for name in listed if name.endswith((".conf", ".conflist", ".json"))]
    assert [file["file"] for file in said["cni_conf"]["files"]] == files
    assert said["cni_conf"]["wins"] == files[0]
    assert said["cni_conf"]["cilium_bak"] == [name for name in listed if name.endswith(".cilium_bak")]
    for file in said["cni_conf"]["files"]:
        content = json.loads(node.file(f"/etc/cni/net.d/{file['file']}").content_string)
        assert (file["name"], file["cni_version"]) == (content["name"], content["cniVersion"])


def test_the_kernel_makes_what_it_is_said_to_make(node, said):
    """Tried in a network namespace of its own, which is gone afterwards."""
    made = "ip link add eth1 type veth peer name eth2 && ip link add"
    tries = [f"unshare --net sh -c '{made} {words}' 2>&1 && echo works {kind};" for kind, words in KINDS.items()]
    works = set(re.findall(r"^works (\w+)$", node.run(" ".join(tries)).stdout, re.MULTILINE))
    assert {kind for kind in KINDS if said["kernel"][kind] in ("loaded", "builtin", "available")} == works
    assert "veth" in works


def test_tables_and_chains_of_iptables(agent, said):
    """Those of Cilium are counted. Of kube-proxy's, which come and go with pods, there are some."""
    seen, cilium = set(), 0
    for family, program in (("ip", "iptables-nft-save"), ("ip6", "ip6tables-nft-save")):
        saved = agent(program)
        seen |= {(family, name) for name in re.findall(r"^\*(\w+)", saved, re.MULTILINE)}
        cilium += len(re.findall(r"^:(?:OLD_)?CILIUM_", saved, re.MULTILINE))
    found = said["firewall_owners"]["iptables"]
    assert {(table["family"], table["name"]) for table in found["nft"]["tables"]} == seen
    assert found["nft"]["chains"]["cilium"] == cilium > 0
    assert found["nft"]["chains"]["kubernetes"] > 0
    assert found["legacy"] == {"tables": [], "chains": {}}


def test_services_and_packages(node, said):
    programs = {**said["stack"], **said["firewall_owners"]}
    units = {"networkd": "systemd-networkd", "networkmanager": "NetworkManager", "nftables": "nftables"}
    units |= {"firewalld": "firewalld"}
    for name, unit in units.items():
        assert programs[name]["active"] is (node.run(f"systemctl is-active {unit}").stdout.strip() == "active"), name
        assert programs[name]["installed"] is (node.run(f"systemctl cat {unit}").rc == 0), name
    for name, package in {"networkd": "systemd", "netplan": "netplan.io", "nftables": "nftables", "ufw": "ufw"}.items():
        answer = node.package(package)
        assert programs[name]["package"] == (answer.version if answer.is_installed else None), name
    assert said["stack"]["networkd"]["version"] in node.check_output("networkctl --version")
