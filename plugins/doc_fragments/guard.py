# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of changes that a node undoes by itself unless they are confirmed."""

from __future__ import annotations


class ModuleDocFragment:
    """What has to answer, and how a module that begins such a change has it confirmed."""

    DOCUMENTATION = r"""
options:
  probes:
    description: What has to answer before the change is confirmed, asked from the node.
    type: list
    elements: dict
    default: []
    suboptions:
      type:
        description: How to ask.
        type: str
        choices: [ping, tcp]
        required: true
      host:
        description: Address or name.
        type: str
        required: true
      port:
        description: TCP port.
        type: int
"""

    BEGIN = r"""
options:
  confirm_timeout:
    description: Seconds after which a change that was not confirmed is undone. At least 10.
    type: int
    default: 120
  confirm_host:
    description: Another address of the node to confirm at, where the change moves the one that Ansible uses.
    type: str
"""
