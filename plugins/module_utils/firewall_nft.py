# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of a node as one table of nftables: one transaction, and its comparison with what the kernel has. Pure.

Runs on nodes: standard library only, Python 3.8. The table is ours alone. Nothing here names another one, and there is
no chain at the forward hook: what goes through a node to and from pods is not judged.

nft writes rules otherwise than they were given, and each release in its own way. So both sides of a comparison come
from the same nft: that of the kernel, and that of a network namespace into which the wanted text was loaded.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils.firewall_rule import (
    PROTOCOLS,
    WITH_PORTS,
    WORDS,
    Rule,
)

TABLE = "inet eks_anywhere_network"
NODE_PORTS = (30000, 32767)
CONNECTION = "base: connection in use"
ABSENT = f"table {TABLE}\ndelete table {TABLE}\n"
"""Removes the table, and does not fail where there is none."""

LIST = ("nft", "-j", "list", "table", *TABLE.split())
"""Prints the table as JSON. Fails where there is none."""

SCRATCH = ("unshare", "--net", "sh", "-c", f"nft -f - && {' '.join(LIST)}")
"""Prints what the text on standard input makes of an empty kernel, without touching the node."""

BASE = (
    ("established", "ct state established,related", "answers, and what belongs to a connection that was let in"),
    ("loopback", 'iifname "lo"', "the node to itself"),
    ("Cilium devices", 'iifname "cilium_*"', "pods to their own node, unpacked from the tunnel or not"),
    ("pod devices", 'iifname "lxc*"', "pods to their own node: probes, DNS, the API"),
    ("to Cilium's proxy", "meta mark & 0xf00 == 0x200", "what Cilium redirects to its proxy keeps its port"),
    ("services", "ct status dnat", "a Service whose endpoint is on the network of the host"),
    (
        "ICMP errors",
        "icmp type { destination-unreachable, time-exceeded, parameter-problem }",
        "path MTU, also of tunnels, which are no connections",
    ),
    (
        "ICMPv6 errors",
        "icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem }",
        "path MTU, also of tunnels, which are no connections",
    ),
    (
        "neighbour discovery",
        "icmpv6 type { nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert, mld-listener-query }",
        "without it IPv6 does not work at all (RFC 4890, 4.4.1)",
    ),
)
"""What every node lets in: name, match, why. Sources: cilium/cilium, pkg/datapath/iptables/iptables.go (mark and
devices); what a BPF program has seen only in one direction is invalid for conntrack, so nothing is dropped for that."""

_PASSED = ("loopback", "Cilium devices", "pod devices")


@dataclass(frozen=True)
class Connection:
    """The ssh connection that a change comes over: who connects, and to which TCP port of the node."""

    source: str
    port: int

    @classmethod
    def of_ssh(cls, told: str | None) -> Connection | None:
        """Read sshd's environment variable ``SSH_CONNECTION``, None where it says nothing."""
        words = (told or "").split()
        if len(words) != 4 or not words[3].isdigit():
            return None
        try:
            address = ip_address(words[0].partition("%")[0])
        except ValueError:
            return None
        mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        return cls(str(mapped or address), int(words[3]))


def render(
    rules: Iterable[Rule], connection: Connection | None = None, node_ports: tuple[int, int] = NODE_PORTS
) -> str:
    """Return the one transaction that puts the table in place of whatever it held.

    ``rules`` have their ``sources``. ``node_ports`` is the range of the NodePorts: kube-proxy rewrites what comes for
    them before an input chain sees it, so they are judged before that, at priority -110 (kube-proxy's is -100).
    """
    wanted = list(rules)
    sets = _Sets(wanted)
    first = [_connection(connection)] if connection else []
    base = [_accept(match, f"base: {name}") for name, match, _reason in BASE]
    opened = [line for rule in wanted for line in _lines(rule, rule.ports, sets)]
    head = [f"table {TABLE}", f"delete table {TABLE}", f"table {TABLE} {{", *sets.lines()]
    text = [
        *head,
        "\tchain input {",
        "\t\ttype filter hook input priority 0; policy drop;",
        *first,
        *base,
        *opened,
        '\t\tcounter drop comment "base: everything else"',
        "\t}",
        "\tchain node_ports {",
        "\t\ttype filter hook prerouting priority -110; policy accept;",
        *_node_ports(wanted, sets, connection, node_ports),
        "\t}",
        "}",
    ]
    return "\n".join(text) + "\n"


def without_connection(text: str) -> str:
    """Return a rendered text without the rule for the connection in use, for the question whether two are the same."""
    return "".join(line for line in text.splitlines(True) if CONNECTION not in line)


def _node_ports(
    rules: Sequence[Rule], sets: _Sets, connection: Connection | None, node_ports: tuple[int, int]
) -> list[str]:
    low, high = node_ports
    lines = [
        _accept(f"meta l4proto != {{ {', '.join(WITH_PORTS)} }}", "base: no ports"),
        _accept(f"th dport != {low}-{high}", "base: no NodePort"),
        _accept("ct state established,related", "base: established"),
        _accept("fib daddr type != local", "base: not for this node"),
        *[_accept(match, f"base: {name}") for name, match, _reason in BASE if name in _PASSED],
    ]
    if connection and low <= connection.port <= high:
        lines.insert(0, _connection(connection))
    for rule in rules:
        ports = tuple((max(low, start), min(high, end)) for start, end in rule.ports if start <= high and end >= low)
        if ports or rule.proto == "any":
            lines += _lines(rule, ports, sets)
    return [*lines, '\t\tcounter drop comment "base: every other NodePort"']


class _Sets:
    """Named sets for the words of ``from``: their addresses stand in the table once, not in each rule."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._content: dict[tuple[str, int], tuple[str, ...]] = {}
        for rule in rules:
            for version in (4, 6):
                found = rule.addresses(version)
                if found and len(found[0]) > 1 and len(rule.origin) == 1 and rule.origin[0] in WORDS:
                    self._content.setdefault((rule.origin[0], version), found[0])

    def name(self, rule: Rule, version: int, cidrs: tuple[str, ...]) -> str:
        """Return the set that holds exactly these sources of a rule, "" where there is none."""
        key = (rule.origin[0] if rule.origin else "", version)
        return f"@{key[0]}_ipv{version}" if self._content.get(key) == cidrs else ""

    def lines(self) -> list[str]:
        """Return their definitions."""
        found = []
        for (word, version), cidrs in sorted(self._content.items()):
            found += [f"\tset {word}_ipv{version} {{", f"\t\ttype ipv{version}_addr", "\t\tflags interval"]
            found += ["\t\tauto-merge", "\t\telements = {", *[f"\t\t\t{cidr}," for cidr in cidrs], "\t\t}", "\t}"]
        return found


def _connection(connection: Connection) -> str:
    field = "ip6" if ":" in connection.source else "ip"
    return _accept(f"{field} saddr {connection.source} tcp dport {connection.port}", CONNECTION)


def _accept(match: str, comment: str) -> str:
    return f'\t\t{match} counter accept comment "{comment}"' if match else f'\t\tcounter accept comment "{comment}"'


def _lines(rule: Rule, ports: Sequence[tuple[int, int]], sets: _Sets) -> list[str]:
    """Return the lines of one rule: one for all, or one for each version of IP and each ICMP type that has a code."""
    found = {version: rule.addresses(version) for version in (4, 6)}
    if found[4] == found[6] == ((), ()):
        return [_accept(kind, rule.name) for kind in _protocols(rule, ports)]
    lines = []
    for version, addresses in found.items():
        if addresses is None:
            continue
        field = "ip" if version == 4 else "ip6"
        sources, destinations = addresses
        words = [] if any(addresses) else [f"meta nfproto ipv{version}"]
        if sources:
            words.append(f"{field} saddr {sets.name(rule, version, sources) or _one_or_set(sources)}")
        if destinations:
            words.append(f"{field} daddr {_one_or_set(destinations)}")
        lines += [_accept(" ".join(filter(None, (*words, kind))), rule.name) for kind in _protocols(rule, ports)]
    return lines


def _protocols(rule: Rule, ports: Sequence[tuple[int, int]]) -> list[str]:
    if rule.proto in WITH_PORTS and ports:
        return [f"{rule.proto} dport {_one_or_set([_span(low, high) for low, high in ports])}"]
    if rule.proto == "any":
        return [""]
    if not rule.icmp_types:
        return [f"meta l4proto {PROTOCOLS[rule.proto]}"]
    every = [str(kind) for kind, code in rule.icmp_types if code is None]
    found = [f"{rule.proto} type {_one_or_set(every)}"] if every else []
    return found + [
        f"{rule.proto} type {kind} {rule.proto} code {code}" for kind, code in rule.icmp_types if code is not None
    ]


def _span(low: int, high: int) -> str:
    return str(low) if low == high else f"{low}-{high}"


def _one_or_set(entries: Sequence[str]) -> str:
    return entries[0] if len(entries) == 1 else "{ " + ", ".join(entries) + " }"


def listing(printed: str) -> Any:
    """Read what ``nft -j list table`` printed. Release 1.0.6 prints no JSON for a table with a flag: {} then."""
    try:
        found = json.loads(printed)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def differences(live: Any, wanted: Any) -> list[str]:
    """Return what differs between two listings, None for no table; [] when nothing does.

    Counters and handles do not count, nor does the rule for the connection in use, which is another's next time.
    """
    if live is None or wanted is None:
        return [] if live is wanted else ["the table is missing" if live is None else "the table is there"]
    if "nftables" not in live:
        return ["the table is one that nft cannot show"]
    one, other = _content(live), _content(wanted)
    found = []
    for kind in ("chain", "set", "other"):
        for name in sorted(one[kind].keys() | other[kind].keys()):
            found += _compared(f"{kind} {name}", one[kind].get(name), other[kind].get(name))
    for chain in sorted(one["rules"].keys() | other["rules"].keys()):
        found += _rule_differences(chain, one["rules"].get(chain, []), other["rules"].get(chain, []))
    return found


def _compared(what: str, live: Any, wanted: Any) -> list[str]:
    if live == wanted:
        return []
    return [f"{what} is {'missing' if live is None else 'not wanted' if wanted is None else 'another one'}"]


def _rule_differences(chain: str, live: Sequence[Any], wanted: Sequence[Any]) -> list[str]:
    """Name the rules of a chain that differ, by their comments; when none does, their order may."""
    one, other = _by_name(live), _by_name(wanted)
    found = []
    for name in sorted(one.keys() | other.keys()):
        found += _compared(f"{chain}: rule {name}", one.get(name), other.get(name))
    if not found and list(live) != list(wanted):
        found.append(f"{chain}: the order of the rules is another one")
    return found


def _by_name(rules: Iterable[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for rule in rules:
        found.setdefault(rule.get("comment", "without a name"), []).append(rule)
    return found


def _content(listing: Any) -> dict[str, Any]:
    """Return an answer of nft by what is in it, without what changes by itself."""
    found: dict[str, Any] = {"chain": {}, "set": {}, "other": {}, "rules": {}}
    for entry in listing["nftables"]:
        for kind, item in entry.items():
            plain = _plain({key: value for key, value in item.items() if key != "handle"})
            if kind == "rule":
                if plain.get("comment") != CONNECTION:
                    found["rules"].setdefault(plain["chain"], []).append(plain)
            elif kind in ("chain", "set"):
                found[kind][plain["name"]] = plain
            elif kind != "metainfo":
                found["other"][f"{kind} {plain.get('name')}"] = plain
    return found


def _plain(value: Any) -> Any:
    """Return JSON of nft without counted packets, and with sets in one order."""
    if isinstance(value, Mapping):
        return {
            key: {} if key == "counter" else _sorted(inner) if key in ("set", "elem") else _plain(inner)
            for key, inner in value.items()
        }
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


def _sorted(value: Any) -> Any:
    plain = _plain(value)
    return sorted(plain, key=lambda one: json.dumps(one, sort_keys=True)) if isinstance(plain, list) else plain
