# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action of module host_network: what it begins is confirmed over a new connection, or undone."""

from __future__ import annotations

from ansible_collections.eks_anywhere.network.plugins.plugin_utils.guarded import GuardedAction


class ActionModule(GuardedAction):
    """Runs host_network and confirms its change."""
