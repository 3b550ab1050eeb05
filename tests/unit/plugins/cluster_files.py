# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cluster files for tests."""

from __future__ import annotations

TEXT = """\
# The site's cluster.
apiVersion: anywhere.eks.amazonaws.com/v1alpha1
kind: Cluster
metadata:
  name: mgmt   # its name
spec:
  clusterNetwork:
    cniConfig:
      cilium: {}   # EKS Anywhere's own
    pods:
      cidrBlocks:
      - 192.168.0.0/16

  controlPlaneConfiguration:
    count: 1
    machineGroupRef:
      kind: TinkerbellMachineConfig
      name: mgmt-cp
  datacenterRef:
    kind: TinkerbellDatacenterConfig
    name: mgmt
  managementCluster:
    name: mgmt
  workerNodeGroupConfigurations:
  - count: 2
    labels: {rack: "1", zone: a}
    machineGroupRef:
      kind: TinkerbellMachineConfig
      name: mgmt-workers
    name: md-0

---
apiVersion: anywhere.eks.amazonaws.com/v1alpha1
kind: TinkerbellDatacenterConfig
metadata:
  name: mgmt
spec:
  tinkerbellIP: "10.10.50.250"
  osImageURL: "http://10.10.50.1/ubuntu-1-33.gz"

---
apiVersion: anywhere.eks.amazonaws.com/v1alpha1
kind: TinkerbellMachineConfig
metadata:
  name: mgmt-cp
spec:
  hardwareSelector: {type: cp}
  osFamily: ubuntu
  templateRef: {}
---
apiVersion: anywhere.eks.amazonaws.com/v1alpha1
kind: TinkerbellMachineConfig
metadata:
  name: mgmt-workers
spec:
  hardwareSelector:
    type: worker
  osFamily: ubuntu
  # who may log in
  users:
  - name: ec2-user
"""


def template(name="w", **template):
    """A TinkerbellTemplateConfig."""
    return {
        "apiVersion": "anywhere.eks.amazonaws.com/v1alpha1",
        "kind": "TinkerbellTemplateConfig",
        "metadata": {"name": name},
        "spec": {"template": {"name": name, **template}},
    }
