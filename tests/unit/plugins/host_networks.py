# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks of hosts for tests: what EKS Anywhere leaves, facts of a node, right configurations, and what is said."""

from __future__ import annotations

import copy
import re

from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError
from ansible_collections.eks_anywhere.network.plugins.module_utils.host_network import Request, render
from hypothesis import strategies as st

OURS = "/etc/netplan/zz-eks-anywhere.yaml"
CONFIG = "/etc/netplan/config.yaml"
STATIC = "/etc/NetworkManager/system-connections/static-connection.nmconnection"

EKS_ANYWHERE = """
network:
  version: 2
  renderer: networkd
  ethernets:
    id0:
      match:
        macaddress: 52:54:00:12:34:50
      addresses:
        - 172.30.0.21/24
      nameservers:
        addresses: [8.8.8.8]
      routes:
        - to: default
          via: 172.30.0.1
"""
STATIC_CONNECTION = """
[connection]
id=static-connection
type=ethernet
autoconnect-priority=10

[ethernet]
mac-address=52:54:00:12:34:50

[ipv4]
method=manual
address1=172.30.0.21/24
gateway=172.30.0.1
dns=8.8.8.8;

[ipv6]
method=ignore
"""
EXISTING = {"netplan": {CONFIG: EKS_ANYWHERE}, "networkmanager": {STATIC: STATIC_CONNECTION}}

GONE = object()
"""As a value: take the key away."""


def mac(number):
    """The address of a NIC: eth0 has number 0."""
    return f"52:54:00:12:34:5{number}"


def edit(config, path, value):
    """Return a copy with the value at a path like ``ethernets.eth1.routes[0].via`` set, or taken away."""
    found = copy.deepcopy(config)
    names = [int(index) if index else name for name, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path)]
    at = found
    for name in names[:-1]:
        if isinstance(at, dict) and name not in at:
            at[name] = {}
        at = at[name]
    if value is GONE:
        del at[names[-1]]
    elif isinstance(at, list) and names[-1] == len(at):
        at.append(value)
    else:
        at[names[-1]] = value
    return found


def nic(name, number, permanent=True, **more):
    """An interface in the facts, hardware unless said otherwise."""
    return {
        "name": name,
        "altnames": [],
        "mac": mac(number),
        "permanent_mac": mac(number) if permanent else None,
        "driver": "e1000",
        "mtu": 1500,
        "max_mtu": 9216,
        "kind": None,
        "master": None,
        "parent": None,
        "addresses": [],
    } | more


def address(text, dynamic=False):
    """An address of an interface in the facts."""
    ip, _slash, prefix = text.partition("/")
    family = "ipv6" if ":" in ip else "ipv4"
    return {"address": ip, "prefix": int(prefix), "family": family, "scope": "global", "dynamic": dynamic}


def facts(*interfaces, **more):
    """Facts of a node whose first NIC has its address, and five more; ``interfaces`` come beside or in their place."""
    found = {f"eth{number}": nic(f"eth{number}", number) for number in range(6)}
    found["eth0"]["addresses"] = [address("172.30.0.21/24")]
    found["lo"] = nic("lo", 9, False, mac=None, driver=None)
    found |= {entry["name"]: entry for entry in interfaces}
    ways = [{"family": "ipv4", "gateway": "172.30.0.1", "device": "eth0", "metric": 0, "table": "main"}]
    return {"interfaces": list(found.values()), "default_routes": ways} | more


def rendered(config, backend="netplan", existing=None, **options):
    """Render on a host as EKS Anywhere leaves it."""
    files = EXISTING[backend] if existing is None else existing
    return render(Request(config, backend, files, **options))


def said(config, backend="netplan", existing=None, **options):
    """What is wrong, as messages, and what is doubtful."""
    try:
        return [], list(rendered(config, backend, existing, **options).warnings)
    except NetworkError as error:
        return [str(problem) for problem in error.problems], error.result["warnings"]


def errors(config, *positional, **options):
    """What is wrong."""
    return said(config, *positional, **options)[0]


def warnings(config, *positional, **options):
    """What is doubtful; nothing may be wrong."""
    wrong, doubtful = said(config, *positional, **options)
    assert wrong == []
    return doubtful


def content(result, path=OURS):
    """The text of one of the files."""
    return {file.path: file.content for file in result.files}[path]


FLAGS = st.sampled_from([True, False, "yes", "off", "True", "n"])


def quoted(value):
    """A number as a number or as a text."""
    return st.sampled_from([value, str(value)])


@st.composite
def layer3(draw, number, mtu, netplan):
    """Addresses, routes and rules of one interface, all in networks of its own."""
    found = {}
    hosts = draw(st.lists(st.integers(2, 200), max_size=3, unique=True))
    addresses = [f"10.{number}.0.{host}/24" for host in hosts]
    if mtu >= 1280 and draw(st.booleans()):
        addresses += [f"fd00:{number}::{host:x}/64" for host in hosts]
    if addresses and netplan and draw(st.booleans()):
        addresses[-1] = {addresses[-1]: draw(st.sampled_from([{}, {"lifetime": "0"}, {"label": "a:1"}]))}
    if addresses:
        found["addresses"] = addresses
    table = draw(quoted(1000 + number))
    if hosts and draw(st.booleans()):
        via = {"to": draw(st.sampled_from(["default", "0.0.0.0/0"])), "via": f"10.{number}.0.1", "table": table}
        link = {"to": f"10.{number}.0.0/24", "scope": "link", "table": table}
        more = draw(st.sampled_from([{}, {"metric": 50}, {"on-link": True, "mtu": 1400}, {"congestion-window": 20}]))
        found["routes"] = [via | more, link]
        if draw(st.booleans()):
            found["routes"].append({"to": f"10.{100 + number}.0.0/16", "via": f"10.{number}.0.1"})
        if draw(st.booleans()):
            found["routes"].append({"to": f"10.{200 + number}.0.0/16", "type": "blackhole"})
        rule = {"from": f"10.{number}.0.{hosts[0]}", "table": table, "priority": draw(quoted(1000 + number))}
        more = draw(st.sampled_from([{}, {"to": "10.99.0.0/16"}, {"mark": 16}, {"type-of-service": 8}]))
        found["routing-policy"] = [rule | more]
    elif draw(st.booleans()):
        found["dhcp4"] = draw(st.sampled_from([True, "yes"]))
        found["dhcp4-overrides"] = {"use-routes": False} | draw(
            st.sampled_from([{}, {"route-metric": 200}, {"use-dns": "no"}])
        )
    if draw(st.booleans()):
        found["link-local"] = draw(st.sampled_from([[], ["ipv6"], ["ipv4", "ipv6"]]))
    if draw(st.booleans()) and (netplan or addresses[:1] or "dhcp4" in found):
        servers = [f"10.{number}.0.1", *(["fd00::53"] if netplan or "fd00" in str(addresses) else [])]
        found["nameservers"] = {"addresses": servers, "search": ["lab", "a.example"]}
    found |= {key: draw(FLAGS) for key in draw(st.sets(st.sampled_from(["optional", "critical", "ipv6-privacy"])))}
    if netplan:
        found |= {key: draw(FLAGS) for key in draw(st.sets(st.sampled_from(["ignore-carrier", "neigh-suppress"])))}
    return found


BONDS = st.sampled_from(
    [
        {"mode": "802.3ad", "lacp-rate": "fast", "ad-select": "bandwidth", "mii-monitor-interval": 100},
        {
            "mode": "802.3ad",
            "transmit-hash-policy": "layer3+4",
            "min-links": 1,
            "up-delay": 200,
            "mii-monitor-interval": "100ms",
        },
        {
            "mode": "active-backup",
            "arp-interval": "1s",
            "arp-ip-targets": ["10.0.0.1", "10.0.0.2"],
            "arp-validate": "all",
            "arp-all-targets": "any",
            "gratuitous-arp": 3,
            "fail-over-mac-policy": "active",
        },
        {"mode": "balance-rr", "packets-per-slave": "4", "mii-monitor-interval": "0", "resend-igmp": 2},
        {
            "mode": "balance-alb",
            "learn-packet-interval": "2s",
            "primary-reselect-policy": "better",
            "all-slaves-active": "no",
            "mii-monitor-interval": 50,
            "down-delay": 100,
        },
        {},
    ]
)
BRIDGES = st.sampled_from(
    [
        {},
        {"stp": False},
        {"stp": "yes", "priority": "100", "forward-delay": 4, "hello-time": "3s", "max-age": 15, "ageing-time": 200},
    ]
)


@st.composite
def configs(draw, netplan=True):
    """Right configurations: NICs 1 to 5 alone or in a bond, VLANs on both, a bridge of a VLAN, networks on all."""
    config = {"ethernets": {}, "bonds": {}, "vlans": {}, "bridges": {}}
    numbers = draw(st.lists(st.integers(1, 5), min_size=1, unique=True))
    ports = numbers[: draw(st.sampled_from([0, 0, 1, 2]))]
    mtus = {}
    for number in numbers:
        device = draw(
            st.sampled_from(
                [
                    {},
                    {"match": {"macaddress": mac(number)}},
                    {"match": {"macaddress": mac(number).upper()}, "set-name": f"nic{number}"},
                    {"match": {"name": f"ens{number}"}},
                ]
            )
        )
        name = f"eth{number}"
        config["ethernets"][name] = dict(device)
        if number not in ports:
            mtus[name] = draw(st.sampled_from([1280, 1500, 9000]))
            config["ethernets"][name] |= {"mtu": draw(quoted(mtus[name]))} if mtus[name] != 1500 else {}
            config["ethernets"][name] |= draw(layer3(number, mtus[name], netplan))
    if ports:
        names = [f"eth{number}" for number in ports]
        parameters = dict(draw(BONDS))
        if parameters.get("mode") == "active-backup":
            parameters["primary"] = names[0]
        mtus["bond0"] = draw(st.sampled_from([1500, 9000]))
        config["bonds"]["bond0"] = {"interfaces": names, "parameters": parameters, "mtu": draw(quoted(mtus["bond0"]))}
        config["bonds"]["bond0"] |= draw(layer3(10, mtus["bond0"], netplan))
    for place, tag in enumerate(draw(st.lists(st.integers(1, 4094), max_size=2, unique=True))):
        link = draw(st.sampled_from(sorted(mtus)))
        name = f"vlan{tag}"
        config["vlans"][name] = {"id": draw(quoted(tag)), "link": link, "mtu": mtus[link]}
        if place == 0 and draw(st.booleans()):
            bridge = {"interfaces": [name], "parameters": dict(draw(BRIDGES))}
            if draw(st.booleans()):
                bridge["parameters"] |= {"path-cost": {name: 10}, "port-priority": {name: "3"}}
            config["bridges"]["br0"] = bridge | draw(layer3(20, 1500, netplan))
        else:
            config["vlans"][name] |= draw(layer3(30 + place, mtus[link], netplan))
    return {kind: devices for kind, devices in config.items() if devices}


SOUND = {
    "ethernets": {
        "eth1": {
            "addresses": ["10.1.0.2/24"],
            "routes": [
                {"to": "default", "via": "10.1.0.1", "table": 1000},
                {"to": "10.1.0.0/24", "scope": "link", "table": 1000},
            ],
            "routing-policy": [{"from": "10.1.0.2", "table": 1000, "priority": 1000}],
        },
        "eth2": {},
        "eth3": {},
        "eth4": {},
    },
    "bonds": {
        "bond0": {
            "interfaces": ["eth2", "eth3"],
            "parameters": {"mode": "active-backup", "mii-monitor-interval": 100},
            "mtu": 9000,
        }
    },
    "vlans": {"vlan100": {"id": 100, "link": "bond0", "mtu": 9000, "addresses": ["10.2.0.2/24"]}},
    "bridges": {"br0": {"interfaces": ["eth4"], "parameters": {"stp": False}}},
}
"""A right configuration in which one thing is changed."""
