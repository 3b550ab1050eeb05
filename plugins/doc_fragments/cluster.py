# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that name a cluster."""

from __future__ import annotations


class ModuleDocFragment:
    """What every module that talks to the Kubernetes API shares."""

    DOCUMENTATION = r"""
options:
  kubeconfig:
    description:
      - Path of the kubeconfig of the cluster.
      - If not given, the environment variable E(K8S_AUTH_KUBECONFIG) is used, then E(KUBECONFIG),
        then C(~/.kube/config).
    type: path
  context:
    description:
      - Context of the kubeconfig to use.
      - If not given, the environment variable E(K8S_AUTH_CONTEXT) is used, then the current context of the file.
    type: str
requirements:
  - The Python library C(kubernetes) 24.2.0 or newer where the module runs.
attributes:
  action_group:
    description: Options given once in C(module_defaults) for C(group/eks_anywhere.network.cluster).
    support: full
    membership:
      - eks_anywhere.network.cluster
"""
