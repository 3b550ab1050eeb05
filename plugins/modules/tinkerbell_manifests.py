#!/usr/bin/python
# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module tinkerbell_manifests."""

from __future__ import annotations

DOCUMENTATION = r"""
module: tinkerbell_manifests
short_description: Hardware objects and templates of machines that boot with all of their NICs
version_added: 1.0.0
author:
  - eks_anywhere.network contributors (@eks-anywhere-network)
description:
  - Makes what EKS Anywhere's Tinkerbell needs to know of machines - Hardware with every interface, the Machine and the
    Secret of the BMC - and a TinkerbellTemplateConfig for each machine group, for one version of EKS Anywhere. A group
    whose machines have the NIC that boots alone keeps the template of EKS Anywhere.
  - A template writes the files of netplan (V(ubuntu)) or NetworkManager (V(redhat)) for all NICs, bonds, VLANs and
    routes. What differs between machines it takes from their Hardware objects, so that one template serves a group.
  - Judged are the machines as M(eks_anywhere.network.hardware_csv) does, and the network of each machine as
    M(eks_anywhere.network.host_network) does, with its own addresses. Further, whether all machines of a group have the
    interfaces that the template asks for. All that is wrong is returned at once. Nothing is written then.
  - A change of a template that is in use has EKS Anywhere provision all machines of the group anew. It is refused, with
    their names and the reasons of the change, without O(allow_reprovision).
options:
  machines:
    description:
      - The machines, as M(eks_anywhere.network.hardware_csv) takes them, each with C(interfaces).
      - Ansible never logs or shows it.
    type: list
    elements: dict
    required: true
    suboptions:
      interfaces:
        description:
          - What the machine has beside the NIC that boots.
          - An entry with C(mac) is a NIC. It gets C(name). One without is the address of a bond, bridge or VLAN of that
            name, which O(groups[].network) defines.
        type: list
        elements: dict
        suboptions:
          name:
            description: Name of the interface on the machine.
            type: str
            required: true
          mac:
            description: MAC address of the NIC.
            type: str
          ip_address:
            description: IPv4 address of the interface.
            type: str
          netmask:
            description: Netmask of its subnet.
            type: str
          gateway:
            description:
              - Gateway of its subnet, for C(via) with the value V(hardware). Better give addresses with C(via).
            type: str
          nameservers:
            description: What Tinkerbell's DHCP answers on that NIC.
            type: list
            elements: str
  groups:
    description:
      - The machine groups. With O(cluster_file) those of the file are taken, and an entry adds to one or corrects it.
      - Without both, machines with the same label C(type), or else the same first label, are a group of that name.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of its TinkerbellMachineConfig.
        type: str
        required: true
      selector:
        description: The one label that selects its machines.
        type: dict
      count:
        description: How many machines it needs.
        type: int
      network:
        description:
          - What stands under netplan's C(network:) key, for all machines of the group.
          - Interfaces with a MAC address are there without being named here. Every address of O(machines[].interfaces)
            is added to the device of that name.
          - C(boot) is the NIC that boots. Where a bond or bridge has it, that gets its address, nameservers and default
            route.
          - The value V(hardware) stands for the device's own address in C(from), and for its gateway in C(via).
        type: dict
      template:
        description:
          - Name of its TinkerbellTemplateConfig. Without it that of the file, else the name of the group.
          - With it the group gets a template in any case.
        type: str
      os_image_url:
        description: Address of its image.
        type: str
      labels:
        description: Labels that its nodes have, for networks of O(attachments) with a C(node_selector).
        type: dict
      roles:
        description: What its machines are, V(control_plane) and V(workers). Only those of workers run pods.
        type: list
        elements: str
  cluster_file:
    description: Path of the cluster file. What it says counts where an option is empty. It is not changed.
    type: path
  earlier_file:
    description: Path of the cluster file that an earlier run has made of O(cluster_file). It may be missing.
    type: path
  os_family:
    description: Operating system of the machines.
    type: str
    choices: [ubuntu, redhat]
  eks_anywhere_version:
    description:
      - The version of EKS Anywhere that provisions the machines, from v0.22 to v0.26.
      - Templates differ in the function that reads netmasks, the port of the metadata service, and in which disks are
        understood.
    type: str
  tinkerbell_ip:
    description:
      - Address of Tinkerbell, C(tinkerbellIP).
      - Without it, and without O(cluster_file), rendered templates have a name in its place that nothing answers to.
    type: str
  bootstrap_ip:
    description: Address of the machine that runs C(eksctl anywhere), for the first machines of a management cluster.
    type: str
  proxy:
    description: Environment of the action that fetches the image, as V(HTTPS_PROXY) and V(NO_PROXY).
    type: dict
    default: {}
  existing:
    description: TinkerbellTemplateConfigs that are in use, beside those of the files.
    type: list
    elements: dict
    default: []
  attachments:
    description:
      - Networks of Multus that the nodes shall have, as M(eks_anywhere.network.network_attachments) takes them. What
        they sit on has to be on every machine of every group that runs pods.
    type: list
    elements: dict
    default: []
  namespace:
    description: Namespace of Hardware, Machine and Secret.
    type: str
    default: eksa-system
  template_namespace:
    description: Namespace of the cluster's own objects, in which its templates are.
    type: str
    default: default
  allow_reprovision:
    description: Consents to provisioning machines anew.
    type: bool
    default: false
  dest:
    description:
      - Path of a file for Hardware, Machines and Secrets, passwords included. It is only for its owner (C(0600)).
    type: path
  state:
    description:
      - V(rendered) connects nowhere. Templates of O(cluster_file), O(earlier_file) and O(existing) count as in use, on
        all machines.
      - V(present) applies everything to the management cluster. In use is a template there whose group has machines
        that a cluster has taken.
    type: str
    choices: [rendered, present]
    default: rendered
extends_documentation_fragment:
  - eks_anywhere.network.attributes
  - eks_anywhere.network.cluster
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details: Passwords are hidden. Whether one changes is shown.
requirements:
  - The Python library C(PyYAML) where the module runs.
seealso:
  - module: eks_anywhere.network.cluster_spec
  - module: eks_anywhere.network.hardware_csv
  - module: eks_anywhere.network.host_network
"""

EXAMPLES = r"""
- name: A second NIC for every worker
  eks_anywhere.network.tinkerbell_manifests:
    eks_anywhere_version: v0.24.1
    cluster_file: mycluster.yaml
    bootstrap_ip: 10.10.50.1
    dest: out/hardware.yaml
    machines:
      - hostname: eksa-wk01
        mac: cc:48:3a:00:00:04
        ip_address: 10.10.50.5
        netmask: 255.255.254.0
        gateway: 10.10.50.1
        nameservers: [8.8.8.8]
        labels: {type: worker}
        disk: /dev/nvme0n1
        interfaces:
          - name: eth1
            mac: cc:48:3a:00:01:04
            ip_address: 10.99.0.5
            netmask: 255.255.255.0
    groups:
      - name: mycluster-workers
        network:
          ethernets:
            eth1: {mtu: 9000}
  register: rendered

- name: A bond of the NIC that boots and another one, with a VLAN
  eks_anywhere.network.tinkerbell_manifests:
    eks_anywhere_version: v0.26.1
    cluster_file: mycluster.yaml
    machines: "{{ machines }}"
    groups:
      - name: mycluster-workers
        network:
          bonds:
            bond0:
              interfaces: [boot, eth1]
              parameters: {mode: 802.3ad, mii-monitor-interval: 100}
          vlans:
            storage: {id: 100, link: bond0}
"""

RETURN = r"""
manifests:
  description: Hardware, Machine and Secret of every machine, then the templates. What Secrets hold is hidden.
  returned: success
  type: list
  elements: dict
  sample: []
templates:
  description: The TinkerbellTemplateConfigs, for O(eks_anywhere.network.cluster_spec#module:templates).
  returned: success
  type: list
  elements: dict
  sample: []
template_refs:
  description: Name of the template by TinkerbellMachineConfig, for the option of that name of cluster_spec.
  returned: success
  type: dict
  sample: {mycluster-workers: mycluster-workers}
hardware_selectors:
  description: Label by TinkerbellMachineConfig, for the option of that name of cluster_spec.
  returned: success
  type: dict
  sample: {mycluster-workers: {type: worker}}
groups:
  description: The groups, for O(eks_anywhere.network.hardware_csv#module:groups).
  returned: success
  type: list
  elements: dict
  sample: [{name: mycluster-workers, selector: {type: worker}, count: 2}]
added_interfaces:
  description: Hostnames of machines with more than the NIC that boots. An import of C(hardware.csv) undoes that.
  returned: success
  type: list
  elements: str
  sample: [eksa-wk01]
changes:
  description: Templates in use that change.
  returned: always, unless an option is wrong
  type: list
  elements: dict
  contains:
    template:
      description: Name of the template.
      type: str
    machines:
      description: Machines that will be provisioned anew.
      type: list
      elements: str
    reasons:
      description: What differs, first what would not work any more.
      type: list
      elements: str
  sample:
    - template: mycluster-workers
      machines: [eksa-wk01]
      reasons:
        - metadata is served at port 7172, not 50061, so cloud-init would find none
errors:
  description: Everything that is wrong.
  returned: failure
  type: list
  elements: dict
  contains:
    path:
      description: The option that is wrong.
      type: str
    message:
      description: What is wrong.
      type: str
    hint:
      description: What to do.
      type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.eks_anywhere.network.plugins.module_utils import tinkerbell
from ansible_collections.eks_anywhere.network.plugins.module_utils.kubernetes import Cluster
from ansible_collections.eks_anywhere.network.plugins.module_utils.module import CLUSTER_ARGUMENT_SPEC, run
from ansible_collections.eks_anywhere.network.plugins.module_utils.tinkerbell_options import Request


def main() -> None:
    """Read the options, render, hold it against what is in use, write, answer."""
    # Machines and groups are checked by the core, which says all that is wrong at once and where. Hidden as a whole, a
    # password under a misspelt name is in no log either.
    module = AnsibleModule(
        argument_spec={
            **CLUSTER_ARGUMENT_SPEC,
            "machines": {"type": "list", "elements": "dict", "required": True, "no_log": True},
            "groups": {"type": "list", "elements": "dict", "default": []},
            "cluster_file": {"type": "path"},
            "earlier_file": {"type": "path"},
            "os_family": {"type": "str", "choices": ["ubuntu", "redhat"]},
            "eks_anywhere_version": {"type": "str"},
            "tinkerbell_ip": {"type": "str"},
            "bootstrap_ip": {"type": "str"},
            "proxy": {"type": "dict", "default": {}},
            "existing": {"type": "list", "elements": "dict", "default": []},
            "attachments": {"type": "list", "elements": "dict", "default": []},
            "namespace": {"type": "str", "default": "eksa-system"},
            "template_namespace": {"type": "str", "default": "default"},
            "allow_reprovision": {"type": "bool", "default": False},
            "dest": {"type": "path"},
            "state": {"type": "str", "choices": ["rendered", "present"], "default": "rendered"},
        },
        supports_check_mode=True,
    )
    given = dict(module.params)
    kubeconfig, context = given.pop("kubeconfig"), given.pop("context")
    texts = ("os_family", "eks_anywhere_version", "tinkerbell_ip", "bootstrap_ip")
    request = Request(**{**given, **{name: given[name] or "" for name in texts}})
    # Ansible blanks out in the answer every text that an option with no_log holds, so all hostnames and labels. The
    # core returns no password. What is left to hide is the option itself.
    module.no_log_values.clear()
    module.params["machines"] = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
    run(
        module,
        lambda: tinkerbell.run(request, lambda: Cluster(kubeconfig, context), module.warn, module.check_mode),
    )


if __name__ == "__main__":
    main()
