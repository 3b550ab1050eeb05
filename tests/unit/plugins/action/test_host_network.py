# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change of a host's network is confirmed as every guarded change is."""

from __future__ import annotations

from ansible_collections.eks_anywhere.network.plugins.action.host_network import ActionModule
from ansible_collections.eks_anywhere.network.plugins.plugin_utils.guarded import GuardedAction


def test_it_is_the_guarded_action():
    assert issubclass(ActionModule, GuardedAction)
    assert ActionModule.run is GuardedAction.run
