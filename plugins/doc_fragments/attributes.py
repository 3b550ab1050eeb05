# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts of the attributes that the modules declare."""

from __future__ import annotations


class ModuleDocFragment:
    """Each module says what it supports; this says what the words mean."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: In check mode the module returns what a real run returns and changes nothing.
  diff_mode:
    description: In diff mode the module returns what it changes, as C(diff).
  platform:
    description: Where the module runs.
    support: full
    platforms: posix
"""
