# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the programs that a role carries importable, the way they import each other where they run."""

from __future__ import annotations

import sys
from pathlib import Path

FILES = Path(__file__).parents[3] / "roles" / "network_check" / "files"
sys.path[:0] = [str(Path(__file__).parent), str(FILES), str(FILES / "prober")]
