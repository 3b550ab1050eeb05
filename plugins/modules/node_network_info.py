#!/usr/bin/python
# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: the network of one node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: node_network_info
short_description: Read everything about the network of a node
version_added: 1.0.0
author:
  - eks_anywhere.network contributors (@eks-anywhere-network)
description:
  - Reads the network of the node on which it runs, in one call and in less than a second - interfaces, default routes,
    rules, CNI plugins with the versions that they speak, CNI configuration, what the kernel can do, and who else
    configures interfaces and firewall.
  - Changes nothing, on the node and on the cluster.
options:
  cni_bin_dir:
    description: Directory of the CNI plugins.
    type: path
    default: /opt/cni/bin
  cni_conf_dir:
    description: Directory of the CNI configuration that the container runtime reads.
    type: path
    default: /etc/cni/net.d
  multus_conf_dir:
    description: Directory of the CNI configuration for networks whose NetworkAttachmentDefinition has none.
    type: path
    default: /etc/cni/multus/net.d
  probe_timeout:
    description: How many seconds each CNI plugin has to tell its versions. They are asked at the same time.
    type: float
    default: 5
  timeout:
    description: How many seconds every other program of the node has for its answer.
    type: float
    default: 10
requirements:
  - python >= 3.9, on the node; nothing beside its standard library
  - iproute2 >= 4.17, on the node
extends_documentation_fragment:
  - eks_anywhere.network.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: Nothing changes.
notes:
  - Run it as root (C(become=true)). Without root it still answers, with a warning. What only root may see is null then,
    or has the state V(unreadable).
  - Each CNI plugin is started with C(CNI_COMMAND=VERSION), as the container runtime does. It needs no network namespace
    and touches none.
  - The tables of nftables are read from the kernel, so the program C(nft) need not be there. A kernel whose
    C(nf_tables) is not loaded has none, and it stays so.
seealso:
  - module: eks_anywhere.network.cilium_info
"""

EXAMPLES = r"""
- name: Read the network of every node
  hosts: nodes
  become: true
  gather_facts: false
  tasks:
    - name: Read the network
      eks_anywhere.network.node_network_info:
      register: node

    - name: The second NIC has a carrier
      ansible.builtin.assert:
        that: node.node_network.interfaces | selectattr('carrier') | map(attribute='name') | list is contains('eth1')

    - name: The node has the plugins, and they speak the version
      ansible.builtin.assert:
        that: "'0.3.1' in node.node_network.cni_binaries[item] | default([])"
      loop: [ipvlan, host-local]
"""

RETURN = r"""
node_network:
  description: The network of the node.
  returned: success
  type: dict
  contains:
    hostname: {description: "Name of the host, as the kernel has it.", type: str, sample: w1}
    boot_id:
      description: Changes with every boot of the machine. Null where the kernel does not say.
      type: str
      sample: dd4bd906-7252-42e5-b191-ee4bc7950b6b
    kernel_release: {description: Release of the running kernel., type: str, sample: 5.15.0-130-generic}
    kernel:
      description:
        - Which kinds of device the running kernel can make.
        - V(loaded) - the module is loaded. V(builtin) - it is part of the kernel. V(available) - the kernel loads it
          when it is needed. V(blocked) - it is there, but modprobe's configuration keeps the kernel from loading it.
          V(missing) - the kernel has no such module. V(unknown) - the node has neither a list of the kernel's modules
          nor the kernel's configuration.
      type: dict
      contains:
        ipvlan: {description: "Module C(ipvlan), for the CNI plugin of that name.", type: str, sample: available}
        macvlan: {description: "Module C(macvlan), for the CNI plugin of that name.", type: str, sample: loaded}
        vlan:
          description: Module C(8021q), for VLANs of the node and for the CNI plugin C(vlan).
          type: str
          sample: loaded
        bonding:
          description: Module C(bonding), for bonds of the node and for the CNI plugin C(bond).
          type: str
          sample: available
        bridge:
          description: Module C(bridge), for bridges of the node and for the CNI plugin of that name.
          type: str
          sample: loaded
        geneve:
          description: Module C(geneve), for Cilium with tunnel protocol C(geneve), which is that of EKS Anywhere.
          type: str
          sample: loaded
        vxlan: {description: "Module C(vxlan), for Cilium with tunnel protocol C(vxlan).", type: str, sample: builtin}
        veth:
          description: Module C(veth), for Cilium and for the CNI plugins C(bridge) and C(ptp).
          type: str
          sample: loaded
        dummy: {description: "Module C(dummy), for the CNI plugin of that name.", type: str, sample: available}
        vrf: {description: "Module C(vrf), for the CNI plugin of that name.", type: str, sample: missing}
        tun: {description: "Module C(tun), for the CNI plugin C(tap).", type: str, sample: builtin}
    interfaces:
      description: Every interface of the node's own network namespace, in the order of the kernel.
      type: list
      elements: dict
      contains:
        name: {description: Name of the interface., type: str, sample: eth1}
        altnames:
          description: Other names by which it may be called.
          type: list
          elements: str
          sample: [enp3s0f1]
        mac: {description: The present MAC address. Null for an interface without one., type: str, sample: 41135085296}
        permanent_mac:
          description: The MAC address that was burnt in. Null for an interface without one, such as every virtual one.
          type: str
          sample: 52:54:00:12:34:56
        driver: {description: The kernel's driver. Null where it does not say., type: str, sample: ixgbe}
        bus:
          {description: Address on the bus. Null for an interface without hardware., type: str, sample: "0000:03:00.1"}
        mtu: {description: The present MTU., type: int, sample: 1500}
        max_mtu:
          {description: The largest MTU that the driver takes. Null where it names no limit., type: int, sample: 9710}
        up: {description: Whether the interface is switched on., type: bool, sample: true}
        carrier:
          description: Whether there is a link. Null for an interface that is switched off, as nobody can tell.
          type: bool
          sample: true
        operstate: {description: "The operational state by RFC 2863, as the kernel writes it.", type: str, sample: up}
        speed:
          description: Speed in Mbit/s. Null where the driver does not say, or there is no link.
          type: int
          sample: 10000
        duplex: {description: "V(full), V(half), or null where the driver does not say.", type: str, sample: full}
        master: {description: "The bond, bridge or VRF that it is part of. Null for none.", type: str, sample: bond0}
        kind:
          description: Kind of a virtual interface, such as C(bond), C(bridge), C(vlan), C(veth), C(ipvlan), C(macvlan),
            C(vxlan). Null for hardware and for C(lo).
          type: str
          sample: vlan
        parent:
          description: The interface that it sits on, for kinds such as C(vlan), C(macvlan), C(ipvlan), C(vxlan). Null
            for none, and for one in another network namespace.
          type: str
          sample: bond0
        vlan:
          description: About the VLAN. Null for an interface that is none.
          type: dict
          contains:
            id: {description: The VLAN ID., type: int, sample: 100}
            protocol: {description: Protocol of the tag., type: str, sample: 802.1Q}
            parent: {description: The interface that carries it., type: str, sample: bond0}
        addresses:
          description: Its addresses.
          type: list
          elements: dict
          contains:
            address: {description: The address., type: str, sample: 172.30.1.21}
            prefix: {description: Length of the prefix., type: int, sample: 24}
            family: {description: V(ipv4) or V(ipv6)., type: str, sample: ipv4}
            scope: {description: Scope of the address., type: str, sample: global}
            dynamic:
              description: Whether it has a lifetime, as those have that come from DHCP or a router.
              type: bool
              sample: false
        default_routes:
          description: The default routes through this interface, with the keys of RV(node_network.default_routes).
          type: list
          elements: dict
    default_routes:
      description: The default routes of all routing tables, one entry for each next hop. Those that only throw packets
        away are left out.
      type: list
      elements: dict
      contains:
        family: {description: V(ipv4) or V(ipv6)., type: str, sample: ipv4}
        gateway:
          {description: Address of the router. Null where the link itself is the way., type: str, sample: 172.30.0.1}
        device: {description: The interface., type: str, sample: eth0}
        metric: {description: The smaller one wins., type: int, sample: 0}
        table: {description: Name or number of the routing table., type: str, sample: main}
        protocol:
          description: Who made it, such as C(static), C(dhcp), C(ra). Null where the kernel does not say.
          type: str
          sample: static
        source: {description: Preferred source address. Null for none., type: str, sample: 172.30.0.21}
    ip_rules:
      description: The rules of policy routing, IPv4 first, each family in the order in which the kernel asks them.
      type: list
      elements: dict
      contains:
        family: {description: V(ipv4) or V(ipv6)., type: str, sample: ipv4}
        priority: {description: Its place; the smallest is asked first., type: int, sample: 9}
        inverted: {description: Whether it holds for everything but what it selects., type: bool, sample: false}
        source: {description: Source address or network. Null for all., type: str, sample: 10.0.0.0/8}
        destination: {description: Destination address or network. Null for all., type: str, sample: 10.0.0.0/8}
        iif: {description: Interface by which packets come. Null for all., type: str, sample: eth1}
        oif: {description: Interface to which a socket is bound. Null for all., type: str, sample: eth1}
        fwmark: {description: Mark and mask. Null for all., type: str, sample: 0x200/0xf00}
        table:
          description: Name or number of the routing table. Null for a rule that looks none up.
          type: str
          sample: "2004"
        action:
          description: V(lookup), or what else happens, such as C(blackhole) or C(goto 32767).
          type: str
          sample: lookup
        protocol: {description: Who made it. Cilium writes C(kernel)., type: str, sample: kernel}
        more:
          description: Everything else that the rule has, under the keys that C(ip -j rule) has for it.
          type: dict
          sample: {ipproto: tcp, suppress_prefixlen: 0}
    cni_binaries:
      description: The files in O(cni_bin_dir), and the CNI versions that each of them speaks. The list is empty for a
        file that did not answer. Then RV(node_network.cni_binary_errors) says why. Null where the directory cannot be
        read.
      type: dict
      sample:
        host-local: ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"]
        bond: []
    cni_binary_errors:
      description: The files that did not answer, and why. A directory that cannot be read stands here under its path.
      type: dict
      sample:
        bond: not executable
    cni_conf:
      description: The CNI configuration.
      type: dict
      contains:
        directory: {description: "The directory, O(cni_conf_dir).", type: str, sample: /etc/cni/net.d}
        state: {description: "V(present), V(absent), or V(unreadable) without root.", type: str, sample: present}
        files:
          description: Its configuration files, in the order of the container runtime. It takes names that end in
            C(.conf), C(.conflist) or C(.json).
          type: list
          elements: dict
          contains:
            file: {description: Name of the file., type: str, sample: 05-cilium.conflist}
            readable:
              {description: Whether it could be read. What stands in it is null otherwise., type: bool, sample: true}
            name: {description: Name of the network., type: str, sample: cilium}
            type: {description: "The plugin, for a list the first one.", type: str, sample: cilium-cni}
            plugins:
              description: All plugins, in their order.
              type: list
              elements: str
              sample: [cilium-cni]
            cni_version: {description: The CNI version that it is written for., type: str, sample: 0.3.1}
            cluster_network:
              description: Multus only - the configuration that it takes for the pods' first interface.
              type: str
              sample: /host/etc/cni/net.d/05-cilium.conflist
            error:
              description: Why the container runtime cannot load it. Null for a sound one.
              type: str
              sample: null
        wins:
          description: Name of the file that the container runtime loads. That is the first one. Null where there is
            none, and where the first one is broken, as containerd then loads none.
          type: str
          sample: 05-cilium.conflist
        cilium_bak:
          description: Files that Cilium renamed, and will not name back.
          type: list
          elements: str
          sample: [00-multus.conf.cilium_bak]
    multus_conf:
      description: The configuration in O(multus_conf_dir).
      type: dict
      contains:
        directory: {description: "The directory, O(multus_conf_dir).", type: str, sample: /etc/cni/multus/net.d}
        state: {description: "V(present), V(absent), or V(unreadable) without root.", type: str, sample: present}
        files:
          description: Its configuration files, with the keys of RV(node_network.cni_conf.files).
          type: list
          elements: dict
    firewall_owners:
      description: Who filters packets on this node.
      type: dict
      contains:
        nftables:
          description: The service C(nftables), and all tables of nftables whoever made them.
          type: dict
          contains:
            installed:
              description: Whether the node has the service. Null without systemd, like the two that follow.
              type: bool
              sample: true
            active:
              description: Whether the service is active. It flushes all rules when it starts.
              type: bool
              sample: false
            enabled: {description: Whether the service starts at boot., type: bool, sample: false}
            version:
              description: Version of the software. Null where no package of it is installed.
              type: str
              sample: 1.0.6
            package:
              {description: Version of the package. Null where none is installed., type: str, sample: 1.0.6-2+deb12u2}
            tables:
              description: The tables in the kernel. Null without root.
              type: list
              elements: dict
              contains:
                family: {description: "Family, as nft names it.", type: str, sample: inet}
                name: {description: Name of the table., type: str, sample: firewalld}
                owned:
                  description: Whether a running process holds it, so that nobody else can change it.
                  type: bool
                  sample: true
        iptables:
          description: Rules made with iptables.
          type: dict
          contains:
            version:
              description: Version of the node's C(iptables). Null where it is not installed.
              type: str
              sample: 1.8.9
            backend:
              description: V(nft) or V(legacy), what the node's C(iptables) writes to. Null where it is not installed.
                Pods bring their own, so what counts is in which of the two the chains are.
              type: str
              sample: nft
            nft:
              description: What is in the backend C(nft). Null without root.
              type: dict
              contains:
                tables:
                  description: The tables, by C(family) (C(ip) or C(ip6)) and C(name).
                  type: list
                  elements: dict
                  sample: [{family: ip, name: filter}]
                chains:
                  description: How many chains there are of each CNI, and of Kubernetes.
                  type: dict
                  sample: {cilium: 6, kubernetes: 22}
            legacy:
              description: What is in the backend C(legacy). Null without root.
              type: dict
              contains:
                tables:
                  description: The tables, by C(family) (C(ip) or C(ip6)) and C(name).
                  type: list
                  elements: dict
                  sample: []
                chains:
                  description: How many chains there are of each CNI, and of Kubernetes. Null where the node has tables,
                    but no C(iptables-legacy-save) to look into them.
                  type: dict
                  sample: {}
            service_active:
              description: Whether a service restores rules at boot (C(iptables) of RHEL or C(netfilter-persistent)).
                Null without systemd.
              type: bool
              sample: false
        firewalld:
          description: The service, with the keys of RV(node_network.firewall_owners.nftables) except C(tables). Below
            2.0 it flushes the rules of a CNI.
          type: dict
          sample: {installed: true, active: true, enabled: true, version: 1.3.4, package: 1.3.4-9.el9_5}
        ufw:
          description: The firewall, with the same keys. C(active) is whether it filters, not the state of its service.
          type: dict
          sample: {installed: true, active: false, enabled: true, version: 0.36.1, package: 0.36.1-4ubuntu0.1}
    stack:
      description: What configures the interfaces.
      type: dict
      contains:
        networkd:
          description: The service systemd-networkd, with the keys of RV(node_network.firewall_owners.firewalld). The
            version is that of systemd.
          type: dict
          sample: {installed: true, active: true, enabled: true, version: "249.11", package: 249.11-0ubuntu3.12}
        networkmanager:
          description: The service NetworkManager, with the same keys.
          type: dict
          sample: {installed: false, active: false, enabled: false, version: null, package: null}
        netplan:
          description: Netplan, which writes the configuration of one of the two.
          type: dict
          contains:
            installed: {description: Whether its package is installed., type: bool, sample: true}
            version: {description: Its version. Null where it is not installed., type: str, sample: 0.106.1}
            package:
              description: Version of the package. Null where it is not installed.
              type: str
              sample: 0.106.1-7ubuntu0.22.04.4
errors:
  description: What made it impossible to read the network.
  returned: failure
  type: list
  elements: dict
  contains:
    path: {description: The command that failed., type: str}
    message: {description: What is wrong., type: str}
    hint: {description: What to do., type: str}
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.eks_anywhere.network.plugins.module_utils.module import run
from ansible_collections.eks_anywhere.network.plugins.module_utils.node_network import NodeNetwork


def main() -> None:
    """Read the options, look around, answer."""
    module = AnsibleModule(
        argument_spec={
            "cni_bin_dir": {"type": "path", "default": "/opt/cni/bin"},
            "cni_conf_dir": {"type": "path", "default": "/etc/cni/net.d"},
            "multus_conf_dir": {"type": "path", "default": "/etc/cni/multus/net.d"},
            "probe_timeout": {"type": "float", "default": 5},
            "timeout": {"type": "float", "default": 10},
        },
        supports_check_mode=True,
    )
    if os.geteuid() != 0:
        module.warn("Not run as root, so firewalls and perhaps the CNI configuration are unknown. Set become: true.")
    run(module, lambda: {"node_network": NodeNetwork(**module.params).gather()})


if __name__ == "__main__":
    main()
