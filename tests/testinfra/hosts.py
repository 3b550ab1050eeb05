"""What a node's network is, seen with `ip` and `ls` over ssh: for comparisons before and after."""

from __future__ import annotations

import json

import testinfra

FILES = "/etc/netplan /etc/systemd/network /etc/systemd/networkd.conf.d /run/systemd/network"
GUARD = "/var/lib/eks-anywhere-network/guard"


def connect(lab, name):
    """A node over ssh, as root."""
    return testinfra.get_host(f"ssh://{name}", ssh_config=lab["LAB_SSH_CONFIG"], sudo=True)


def files(host):
    """Names, permissions and sums of everything that configures the network, hidden files too."""
    listed = host.check_output(f"find {FILES} -type f -printf '%p %m %U:%G ' -exec md5sum {{}} \\; 2>/dev/null || true")
    return sorted(line.rsplit(" ", 1)[0] for line in listed.splitlines())


def links(host):
    """Name, MTU, flags and addresses of every interface that is no pod's."""
    found = {}
    for link in json.loads(host.check_output("ip -j address show")):
        if not link["ifname"].startswith("lxc"):
            addresses = sorted(f"{one['local']}/{one['prefixlen']}" for one in link["addr_info"])
            found[link["ifname"]] = (link["mtu"], "UP" in link["flags"], addresses)
    return found


def routes(host):
    """Every IPv4 route outside of the table of local addresses, pods' own left out."""
    lines = host.check_output("ip route show table all").splitlines()
    return sorted(" ".join(line.split()) for line in lines if "table local" not in line and " dev lxc" not in line)


def rules(host):
    """Every rule."""
    return sorted(host.check_output("ip rule; ip -6 rule").splitlines())


def state(host):
    """All of it."""
    return {"files": files(host), "links": links(host), "routes": routes(host), "rules": rules(host)}
