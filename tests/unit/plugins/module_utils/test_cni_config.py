# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole configuration: JSON or mapping, one plugin or several, its CNI version, its order, what it means."""

from __future__ import annotations

import json

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_config import (
    check_config,
    live,
    meaning,
    read,
    text,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_fields import Report
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_plugins import MAIN, META, VERSIONS
from ansible_collections.eks_anywhere.network.tests.unit.plugins.networks import (
    BRIDGE,
    DHCP,
    GONE,
    HOST_LOCAL,
    IPVLAN,
    MACVLAN,
    WHEREABOUTS,
    chain,
    edit,
    errors,
    says,
    texts,
)

ALL_MAIN = "ipvlan, macvlan, bridge, host-device, vlan, ptp, dummy, tap, bond, sriov"
ALL_META = "tuning, sbr, vrf, bandwidth, portmap, firewall"


@pytest.mark.parametrize(
    ("config", "error"),
    [
        (
            '{"a" 1}',
            "c: it is not JSON: Expecting ':' delimiter: line 1 column 6 (char 5). Correct it, or give a mapping.",
        ),
        ('{"type": "a", "type": "b"}', "c: it is not JSON: type stands there twice. Correct it, or give a mapping."),
        ('{"mtu": NaN}', "c: it is not JSON: NaN is no value of JSON. Correct it, or give a mapping."),
        ("[1]", "c: it must be a mapping (got [1]). Give a CNI configuration."),
        ([1], "c: it must be a mapping or JSON (got [1]). Give a CNI configuration."),
    ],
)
def test_what_is_neither_json_nor_a_mapping(config, error):
    report = Report()
    assert read(config, "c", report) is None
    assert texts(report)[0] == [error]


def test_json_and_mapping_are_the_same():
    assert read(json.dumps(MACVLAN, indent=3), "c", Report()) == MACVLAN
    assert meaning(live(text(MACVLAN))) == meaning(dict(reversed(MACVLAN.items())))
    assert meaning({"mtu": 1}) != meaning({"mtu": True})
    assert live("not json") == "not json"


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_is_known(version):
    assert errors(edit(MACVLAN, "cniVersion", version)) == []


@pytest.mark.parametrize(
    ("config", "path", "value", "error"),
    [
        (
            MACVLAN,
            "cniVersion",
            "v1.0.0",
            "config.cniVersion: there is no such CNI version (got v1.0.0). Use one of: 0.1.0, 0.2.0, 0.3.0, 0.3.1, "
            "0.4.0, 1.0.0, 1.1.0.",
        ),
        (
            MACVLAN,
            "cniVersion",
            "0.5.0",
            "config.cniVersion: there is no such CNI version (got 0.5.0). Use one of: 0.1.0, 0.2.0, 0.3.0, 0.3.1, "
            "0.4.0, 1.0.0, 1.1.0.",
        ),
        (MACVLAN, "cniVersion", 1.0, "config.cniVersion: it must be a string (got 1.0). Give a string."),
        (
            MACVLAN,
            "name",
            "a/b",
            "config.name: CNI takes no such name (got a/b). Start with a letter or digit; go on with these, _, . and "
            "-.",
        ),
        (
            MACVLAN,
            "plugins",
            [{"type": "bridge"}],
            "config.plugins: it is ignored beside type. Give a single plugin or a list of plugins.",
        ),
        (MACVLAN, "type", GONE, "config.type: a configuration needs it. Give type, or plugins."),
        (MACVLAN, "type", 5, "config.type: it must be a string (got 5). Give a string."),
        (
            MACVLAN,
            "type",
            "macvlam",
            "config.type: there is no such plugin (got macvlam). Use macvlan, if that is meant.",
        ),
        (
            MACVLAN,
            "type",
            "multus",
            "config.type: it belongs to the cluster network and cannot be a further one (got multus). Use one of: "
            f"{ALL_MAIN}.",
        ),
        (
            MACVLAN,
            "type",
            "multus-shim",
            "config.type: it belongs to the cluster network and cannot be a further one (got multus-shim). Use one "
            f"of: {ALL_MAIN}.",
        ),
        (
            MACVLAN,
            "type",
            "cilium-cni",
            "config.type: it belongs to the cluster network and cannot be a further one (got cilium-cni). Use one "
            f"of: {ALL_MAIN}.",
        ),
        (
            IPVLAN,
            "ipam",
            GONE,
            "config.ipam: ipvlan needs it. Give ipam with type host-local, static, dhcp or whereabouts.",
        ),
        (
            IPVLAN,
            "ipam",
            {},
            "config.ipam: ipvlan needs it. Give ipam with type host-local, static, dhcp or whereabouts.",
        ),
        (
            MACVLAN,
            "ipam.type",
            GONE,
            "config.ipam.type: it must name an IPAM plugin. Use one of: host-local, static, dhcp, whereabouts.",
        ),
        (
            MACVLAN,
            "ipam.type",
            "hostlocal",
            "config.ipam.type: there is no such plugin (got hostlocal). Use host-local, if that is meant.",
        ),
        (MACVLAN, "ipam", "dhcp", "config.ipam: it must be a mapping (got dhcp). Give a mapping."),
        (
            MACVLAN | {"mtu": 1279},
            "ipam.subnet",
            "fd00::/64",
            "config.mtu: IPv6 needs at least 1280 (got 1279). Give 1280 or more.",
        ),
        (
            chain("bridge"),
            "plugins",
            [],
            "config.plugins: the list is empty. Give the plugins in their order.",
        ),
        (
            chain("bridge"),
            "ipam",
            HOST_LOCAL,
            'config.ipam: a list has no such field (got {"type": "host-local", "subnet": "10.1.0.0/24"}). Its fields '
            "are: cniVersion, cniVersions, disableCheck, disableGC, name, plugins.",
        ),
        (
            chain("bridge"),
            "plugins[0].type",
            GONE,
            "config.plugins[0].type: a plugin needs it. Give the name of a CNI plugin.",
        ),
        (
            chain("bridge", "tuning"),
            "plugins[1].ipam",
            HOST_LOCAL,
            'config.plugins[1].ipam: tuning has no such field (got {"type": "host-local", "subnet": "10.1.0.0/24"}). '
            "Its fields are: allmulti, args, capabilities, cniVersion, dataDir, dns, mac, mtu, name, promisc, sysctl, "
            "txQLen, type.",
        ),
    ],
)
def test_what_is_wrong(config, path, value, error):
    assert errors(config) == []
    assert errors(edit(config, path, value)) == [error]


@pytest.mark.parametrize("kind", sorted(META))
def test_a_chained_plugin_cannot_be_first(kind):
    needed = {"vrfname": "blue"} if kind == "vrf" else {}
    error = f"{kind} changes what another plugin made, and none is before it. Begin a list with one of: {ALL_MAIN}."
    assert errors({"cniVersion": "0.4.0", "type": kind, **needed}) == [f"config.type: {error}"]
    assert errors(chain({"type": kind, **needed})) == [f"config.plugins[0].type: {error}"]
    assert errors(chain("bridge", {"type": kind, **needed})) == []


@pytest.mark.parametrize("kind", sorted(MAIN.keys() - {"bond", "sriov", "vlan", "host-device"}))
def test_only_the_first_makes_the_interface(kind):
    entry = {"type": kind, "ipam": DHCP if kind != "ipvlan" else WHEREABOUTS}
    assert errors(chain("bridge", entry)) == [
        f"config.plugins[1].type: the interface was made before it (got {kind}). Go on with: {ALL_META}."
    ]


@pytest.mark.parametrize(("kind", "oldest"), [("firewall", "0.4.0"), ("vrf", "0.3.1"), ("bandwidth", "0.3.0")])
def test_the_oldest_version_of_a_plugin(kind, oldest):
    entry = {"type": kind, **({"vrfname": "blue"} if kind == "vrf" else {})}
    before = VERSIONS[VERSIONS.index(oldest) - 1]
    assert errors(chain("bridge", entry, version=oldest)) == []
    assert errors(chain("bridge", entry, version=before)) == [
        f"config.plugins[1].type: {kind} does not speak CNI {before}. Use cniVersion {oldest} or newer."
    ]


def test_bandwidth_is_for_veth():
    limit = {"type": "bandwidth", "egressRate": 1, "egressBurst": 1}
    assert errors(chain(BRIDGE, limit)) == []
    assert errors(chain({"type": "ptp", "ipam": HOST_LOCAL}, limit)) == []
    assert errors(chain(MACVLAN, limit)) == [
        "config.plugins[1].type: bandwidth limits veth interfaces, and macvlan makes another kind. Remove it, or use "
        "bridge or ptp."
    ]


@pytest.mark.parametrize(
    ("config", "warning"),
    [
        (edit(MACVLAN, "cniVersion"), 'config.cniVersion: without it 0.1.0 counts. Give one, as "0.3.1".'),
        (
            edit(MACVLAN, "master"),
            "config.master: without it the interface of the node's default route is taken. Name the interface.",
        ),
        (
            edit(MACVLAN, "type", "ovs"),
            "config.type: its configuration is not checked (got ovs). See the plugin's documentation.",
        ),
        (
            edit(MACVLAN, "ipam", {"type": "calico-ipam", "x": 1}),
            "config.ipam.type: its configuration is not checked (got calico-ipam). See the plugin's documentation.",
        ),
        (
            edit(MACVLAN, "ipam", DHCP),
            "config.ipam.type: a default route that the DHCP server gives takes the pods' traffic away from their "
            "first interface. Look at what the server gives to these pods.",
        ),
        (
            edit(chain(BRIDGE), "plugins[0].cniVersion", "1.0.0"),
            "config.plugins[0].cniVersion: that of the list counts. Move it to the list, or remove it.",
        ),
        (
            edit(chain(BRIDGE), "plugins[0].name", "x"),
            "config.plugins[0].name: that of the list counts. Move it to the list, or remove it.",
        ),
    ],
)
def test_doubts(config, warning):
    assert says(config) == ([], [warning])


def test_layer_2_alone_is_fine_for_macvlan():
    assert says(edit(MACVLAN, "ipam")) == ([], [])
    assert says(edit(MACVLAN, "ipam", {})) == ([], [])


def test_everything_wrong_is_said_at_once():
    wrong = {
        "cniVersion": "0.9",
        "type": "macvlan",
        "mtu": "1500",
        "mastr": "eth1",
        "ipam": {**HOST_LOCAL, "range_start": "10.1.0.9", "gateway": "10.2.0.1", "routes": [{}]},
    }
    assert [error.partition(": ")[0] for error in errors(wrong)] == [
        "config.cniVersion",
        "config.ipam.gateway",
        "config.ipam.range_start",
        "config.ipam.routes[0].dst",
        "config.mastr",
        "config.mtu",
    ]


def test_what_is_known_of_a_right_one():
    config = chain(edit(MACVLAN, "ipam.dataDir", "/run/nets"), "tuning")
    net = check_config(config, "c", "net", False, Report())
    assert (net.version, net.name, net.store) == ("0.4.0", "net", ("host-local", "net", "/run/nets"))
    assert [(entry.path, entry.type) for entry in net.entries] == [
        ("c.plugins[0]", "macvlan"),
        ("c.plugins[1]", "tuning"),
    ]
    assert [pool.where for pool in net.pools] == ["c.plugins[0].ipam.subnet"]


@pytest.mark.parametrize(
    ("ipam", "store"),
    [
        (HOST_LOCAL, ("host-local", "n", "/var/lib/cni/networks")),
        (WHEREABOUTS, ("whereabouts", "", "")),
        ({**WHEREABOUTS, "network_name": "a"}, ("whereabouts", "a", "")),
        ({**WHEREABOUTS, "enable_overlapping_ranges": False}, ("", "", "")),
        (DHCP, ("", "", "")),
    ],
)
def test_what_keeps_addresses_apart(ipam, store):
    net = check_config(edit(MACVLAN, "ipam", ipam) | {"name": "n"}, "c", "net", False, Report())
    assert net.store == store
