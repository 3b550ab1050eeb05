# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Confirms a change of a node's firewall over a new connection."""

from __future__ import annotations

from ansible_collections.eks_anywhere.network.plugins.plugin_utils.guarded import GuardedAction


class ActionModule(GuardedAction):
    """The module node_firewall, and its confirmation."""
