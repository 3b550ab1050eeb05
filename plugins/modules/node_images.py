#!/usr/bin/python
# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: images on nodes."""

from __future__ import annotations

DOCUMENTATION = r"""
module: node_images
short_description: Pull container images on every node
version_added: 1.0.0
author:
  - eks_anywhere.network contributors (@eks-anywhere-network)
description:
  - Makes sure that every node of the cluster has the images, so that a later change does not wait for a pull, and does
    not fail half-way because a node cannot pull.
  - Runs one pod on each node that lacks an image, without the scheduler and on the node's own network. So it works
    without a CNI, and on tainted and cordoned nodes. The pods start nothing of the images, and are always deleted.
options:
  images:
    description: The images, with tag or digest.
    type: list
    elements: str
    required: true
  namespace:
    description: Namespace of the pods that pull.
    type: str
    default: kube-system
  pull_secrets:
    description: Names of Secrets in O(namespace) with the credentials of the registries.
    type: list
    elements: str
    default: []
  timeout:
    description:
      - How many seconds all pulls together may take.
      - A pull that cannot succeed, or that keeps failing for 20 seconds, ends the module at once.
    type: int
    default: 600
  state:
    description: The images shall be there.
    type: str
    choices:
      - present
    default: present
extends_documentation_fragment:
  - eks_anywhere.network.attributes
  - eks_anywhere.network.cluster
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: The return value RV(pulled) says what changes.
notes:
  - A kubelet reports at most 50 images of its node (its option C(nodeStatusMaxImages)), the largest first. An image
    that it does not report counts as missing, and pulling it again costs nothing.
  - The user needs to list nodes, and to list, create and delete pods (C(deletecollection) too) in O(namespace).
seealso:
  - module: eks_anywhere.network.cilium_plan
  - module: eks_anywhere.network.cilium_info
"""

EXAMPLES = r"""
- name: Pull the images of the plan on every node
  eks_anywhere.network.node_images:
    images: "{{ plan.images }}"

- name: Pull one image from a registry that wants credentials
  eks_anywhere.network.node_images:
    images:
      - registry.example.com/eks/cilium/cilium:v1.17.6-0
    pull_secrets:
      - registry-credentials
    timeout: 900
"""

RETURN = r"""
pulled:
  description: What was missing and was pulled, or would be in check mode.
  returned: success
  type: list
  elements: dict
  contains:
    node:
      description: Name of the node.
      type: str
    image:
      description: Name of the image.
      type: str
  sample:
    - node: w1
      image: public.ecr.aws/eks/cilium/cilium:v1.17.6-0
present:
  description: What was there before.
  returned: success
  type: list
  elements: dict
  contains:
    node:
      description: Name of the node.
      type: str
    image:
      description: Name of the image.
      type: str
  sample: []
errors:
  description: Every image that could not be pulled, with its node and the kubelet's message.
  returned: failure
  type: list
  elements: dict
  contains:
    path:
      description: The node, or the option that is wrong.
      type: str
    message:
      description: What is wrong.
      type: str
    hint:
      description: What to do.
      type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.eks_anywhere.network.plugins.module_utils.kubernetes import Cluster
from ansible_collections.eks_anywhere.network.plugins.module_utils.module import CLUSTER_ARGUMENT_SPEC, run
from ansible_collections.eks_anywhere.network.plugins.module_utils.node_images import NodeImages


def main() -> None:
    """Read the options, pull, answer."""
    module = AnsibleModule(
        argument_spec={
            **CLUSTER_ARGUMENT_SPEC,
            "images": {"type": "list", "elements": "str", "required": True},
            "namespace": {"type": "str", "default": "kube-system"},
            "pull_secrets": {"type": "list", "elements": "str", "default": [], "no_log": False},
            "timeout": {"type": "int", "default": 600},
            "state": {"type": "str", "choices": ["present"], "default": "present"},
        },
        supports_check_mode=True,
    )
    options = module.params

    def pull() -> dict[str, object]:
        return NodeImages(
            Cluster(options["kubeconfig"], options["context"]),
            options["images"],
            options["namespace"],
            options["pull_secrets"],
            options["timeout"],
        ).run(module.check_mode)

    run(module, pull)


if __name__ == "__main__":
    main()
