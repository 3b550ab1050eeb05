# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines with several NICs, groups and templates for tests, and what Tinkerbell makes of a template, in short."""

from __future__ import annotations

import re

from ansible_collections.eks_anywhere.network.plugins.module_utils.hardware_checks import check
from ansible_collections.eks_anywhere.network.plugins.module_utils.hardware_csv import read
from ansible_collections.eks_anywhere.network.plugins.module_utils.hardware_values import MASKS
from ansible_collections.eks_anywhere.network.tests.unit.plugins.hardware import PASSWORD

TYPE = {"cp": 1, "worker": 2}


def nic(number, place=1, **fields):
    """The second NIC of machine ``number``, or the one at ``place``."""
    return {
        "name": f"eth{place}",
        "mac": f"cc:48:3a:00:{place:02x}:{number:02x}",
        "ip_address": f"10.{98 + place}.0.{number + 1}",
        "netmask": "255.255.255.0",
        **fields,
    }


def bare(number, place):
    """A NIC without an address."""
    return {"name": f"eth{place}", "mac": f"cc:48:3a:00:{place:02x}:{number:02x}"}


def machine(number=1, label="worker", interfaces=None, **columns):
    """One right machine with a second NIC."""
    return {
        "hostname": f"eksa-{label}{number:02}",
        "bmc_ip": f"10.10.44.{number}",
        "bmc_username": "root",
        "bmc_password": f"{PASSWORD}{number}",
        "mac": f"cc:48:3a:00:00:{number:02x}",
        "ip_address": f"10.10.50.{number + 1}",
        "netmask": "255.255.254.0",
        "gateway": "10.10.50.1",
        "nameservers": ["8.8.8.8", "8.8.4.4"],
        "labels": {"type": label},
        "disk": "/dev/sda",
        "interfaces": [nic(number)] if interfaces is None else interfaces,
        **columns,
    }


def checked(*given):
    """The machines as the cores take them."""
    rows, problems = read(list(given))
    found, more = check(rows)
    assert not [*problems, *more], [*problems, *more]
    return found


def hardware_of(objects, hostname):
    """The Hardware object of a machine."""
    return next(one for one in objects if one["kind"] == "Hardware" and one["metadata"]["name"] == hostname)


_FIELD = re.compile(r"\{\{ (netmask\w+ )?\(index \.Hardware\.Interfaces (\d+)\)\.DHCP\.([A-Za-z.]+) \}\}")
_LIST = re.compile(
    r"\{\{ range (?:\$i, \$server := )?\(index \.Hardware\.Interfaces 0\)\.DHCP\.NameServers \}\}.*\{\{ end \}\}"
)
_NAMES = {"MAC": "mac", "VLANID": "vlan_id", "IP.Address": "address", "IP.Netmask": "netmask", "IP.Gateway": "gateway"}


def instantiated(text, hardware):
    """Fill an expression's value in, the few forms there are; the lab's Go program executes them for real."""
    interfaces = hardware["spec"]["interfaces"]

    def value(found):
        function, place, name = found.groups()
        dhcp = interfaces[int(place)]["dhcp"]
        given = dhcp[_NAMES[name]] if "." not in name else dhcp["ip"][_NAMES[name]]
        return str(MASKS[given].bit_count()) if function else given

    servers = interfaces[0]["dhcp"]["name_servers"]
    text = _LIST.sub(
        lambda found: ", ".join(servers) if "$i" in found[0] else "".join(f"{one};" for one in servers), text
    )
    text = _FIELD.sub(value, text)
    assert "{{" not in text
    return text
