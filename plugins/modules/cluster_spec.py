#!/usr/bin/python
# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module cluster_spec."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_spec
short_description: Change the cluster file of EKS Anywhere in place, comments and order kept
version_added: 1.0.0
author:
  - eks_anywhere.network contributors (@eks-anywhere-network)
description:
  - Changes what is asked for in the file that C(eksctl anywhere) takes, and no other character of it. Comments, order,
    quotes and indentation stay.
  - What the file says afterwards is checked as a whole. A name that leads nowhere is refused, above all a
    C(templateRef) to a template that is not in the file - C(eksctl anywhere) would take its own template then without a
    word, and the machines boot with one NIC. So is what EKS Anywhere refuses of C(hardwareSelector) and C(cniConfig).
  - All that is wrong is returned at once. Nothing is written then.
options:
  src:
    description: Path of the cluster file, on the machine where the module runs. It has one Cluster.
    type: path
    required: true
  dest:
    description:
      - Path of the file to write. Without it O(src) itself is changed.
      - A new one gets the permissions of O(src). It is replaced as a whole.
    type: path
  templates:
    description:
      - TinkerbellTemplateConfigs that are to be in the file, as M(eks_anywhere.network.tinkerbell_manifests) returns
        them. One with the same name is brought to it, others are added at the end.
    type: list
    elements: dict
    default: []
  template_refs:
    description: Name of the TinkerbellTemplateConfig for each TinkerbellMachineConfig, by the name of the latter.
    type: dict
    default: {}
  hardware_selectors:
    description: The one label that selects the machines of each TinkerbellMachineConfig, by its name.
    type: dict
    default: {}
  skip_upgrade:
    description:
      - Whether EKS Anywhere leaves Cilium alone, C(skipUpgrade). Without it the file keeps what it says.
      - Back to V(false) it goes from EKS Anywhere v0.24 on. Older ones are noticed where the file has C(eksaVersion).
    type: bool
  helm_values:
    description:
      - Helm values of Cilium, C(helmValues), for EKS Anywhere v0.24 or later. They replace those of the file, and EKS
        Anywhere takes them in place of all of its own.
      - Secrets in them are hidden in the diff.
    type: dict
extends_documentation_fragment:
  - eks_anywhere.network.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
requirements:
  - The Python library C(PyYAML) where the module runs.
seealso:
  - module: eks_anywhere.network.tinkerbell_manifests
"""

EXAMPLES = r"""
- name: Let a machine group boot from a template of its own
  eks_anywhere.network.cluster_spec:
    src: mycluster.yaml
    dest: out/mycluster.yaml
    templates: "{{ rendered.templates }}"
    template_refs:
      mycluster-workers: mycluster-workers
    hardware_selectors:
      mycluster-cp: {type: cp}
      mycluster-workers: {type: worker}

- name: Keep EKS Anywhere's hands off Cilium
  eks_anywhere.network.cluster_spec:
    src: mycluster.yaml
    skip_upgrade: true
"""

RETURN = r"""
cluster_name:
  description: Name of the Cluster.
  returned: success
  type: str
  sample: mycluster
groups:
  description: The machine groups of the Cluster, as the file says now, one for each TinkerbellMachineConfig in use.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the TinkerbellMachineConfig.
      type: str
    roles:
      description: What its machines are, V(control_plane) and V(workers).
      type: list
      elements: str
    count:
      description: How many machines it needs, where an autoscaler decides the most it can need.
      type: int
    selector:
      description: The label that selects its machines.
      type: dict
    os_family:
      description: Its operating system, as V(ubuntu) or V(redhat).
      type: str
    os_image_url:
      description: Address of its image.
      type: str
    template:
      description: Name of its TinkerbellTemplateConfig, empty for EKS Anywhere's own.
      type: str
    labels:
      description: Labels that all of its nodes have.
      type: dict
  sample:
    - name: mycluster-workers
      roles: [workers]
      count: 2
      selector: {type: worker}
      os_family: ubuntu
      os_image_url: http://10.10.50.1/ubuntu-2204-kube-1-33.gz
      template: mycluster-workers
      labels: {}
errors:
  description: Everything that is wrong.
  returned: failure
  type: list
  elements: dict
  contains:
    path:
      description: Where it is, an option or a place in the file.
      type: str
    message:
      description: What is wrong.
      type: str
    hint:
      description: What to do.
      type: str
  sample:
    - path: mycluster.yaml TinkerbellMachineConfig/mycluster-workers spec.templateRef
      message: the file has no TinkerbellTemplateConfig of that name (got mycluster-worker)
      hint: Use mycluster-workers, if that is meant
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.eks_anywhere.network.plugins.module_utils import cluster_file
from ansible_collections.eks_anywhere.network.plugins.module_utils.cluster_spec import Wanted
from ansible_collections.eks_anywhere.network.plugins.module_utils.module import run


def main() -> None:
    """Read the options, change the text, write it, answer."""
    module = AnsibleModule(
        argument_spec={
            "src": {"type": "path", "required": True},
            "dest": {"type": "path"},
            "templates": {"type": "list", "elements": "dict", "default": []},
            "template_refs": {"type": "dict", "default": {}},
            "hardware_selectors": {"type": "dict", "default": {}},
            "skip_upgrade": {"type": "bool"},
            "helm_values": {"type": "dict"},
        },
        supports_check_mode=True,
    )
    given = dict(module.params)
    src, dest = given.pop("src"), given.pop("dest")

    def work() -> dict[str, Any]:
        result = cluster_file.run(src, dest or src, Wanted(**given), module.check_mode)
        for warning in result.pop("warnings"):
            module.warn(warning)
        return result

    run(module, work)


if __name__ == "__main__":
    main()
