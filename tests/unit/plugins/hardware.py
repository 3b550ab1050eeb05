# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines for the tests of hardware.csv, and what is wrong with them."""

from __future__ import annotations

import csv
import io

from ansible_collections.eks_anywhere.network.plugins.module_utils.hardware_checks import check
from ansible_collections.eks_anywhere.network.plugins.module_utils.hardware_csv import COLUMNS, parse

SOURCE = "hardware.csv"
PASSWORD = "PrZ8W93i"
HEAD = ",".join(COLUMNS)


def machine(number=1, **columns):
    """One right machine, text by column. Every number makes another one."""
    return {
        "hostname": f"eksa-cp{number:02}",
        "bmc_ip": f"10.10.44.{number}",
        "bmc_username": "root",
        "bmc_password": f"{PASSWORD}{number}",
        "mac": f"cc:48:3a:00:00:{number:02x}",
        "ip_address": f"10.10.50.{number + 1}",
        "netmask": "255.255.254.0",
        "gateway": "10.10.50.1",
        "nameservers": "8.8.8.8|8.8.4.4",
        "labels": "type=cp",
        "disk": "/dev/sda",
        "vlan_id": "50",
        **columns,
    }


def table(*machines, columns=COLUMNS):
    """The text of a file with these machines."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([columns, *([entry[name] for name in columns] for entry in machines)])
    return text.getvalue()


def verdict(text, groups=()):
    """Machines and problems, sorted, of the text of a file."""
    rows, problems = parse(text, SOURCE)
    machines, more = check(rows, groups)
    return machines, sorted([*problems, *more])


def texts(problems):
    """Line, column and message of each problem."""
    return [(problem.line, problem.column, problem.message) for problem in problems]


def hardware(name="eksa-cp01", labels=None, **interface):
    """A Hardware object of a management cluster, with one NIC."""
    return {
        "metadata": {"name": name, "namespace": "eksa-system", "labels": {"type": "cp"} if labels is None else labels},
        "spec": {
            "bmcRef": {"kind": "Machine", "name": f"bmc-{name}"},
            "disks": [{"device": "/dev/sda"}],
            "metadata": {"instance": {"id": "cc:48:3a:00:00:01", "hostname": name}},
            "interfaces": [nic(**interface)],
        },
    }


def nic(mac="cc:48:3a:00:00:01", address="10.10.50.2", **dhcp):
    """One interface of a Hardware object."""
    return {
        "dhcp": {
            "mac": mac,
            "hostname": "eksa-cp01",
            "lease_time": 4294967294,
            "name_servers": ["8.8.8.8"],
            "ip": {"address": address, "netmask": "255.255.254.0", "gateway": "10.10.50.1", "family": 4},
            **dhcp,
        },
        "netboot": {"allowPXE": True},
    }
