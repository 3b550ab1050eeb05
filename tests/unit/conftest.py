"""Settings of all unit tests."""

from __future__ import annotations

import sys
from pathlib import Path

import hypothesis

# The tools are scripts: their directory goes on the path.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))

# The same examples on every machine: a failure of one run is a failure of all. No time limit: machines differ.
COMMON = {"derandomize": True, "deadline": None, "database": None}
hypothesis.settings.register_profile("project", **COMMON)
# For tests/tools/rules.py, which asks only whether a test fails: no search for the smallest example.
hypothesis.settings.register_profile("any-failure", **COMMON, phases=[hypothesis.Phase.generate])
hypothesis.settings.load_profile("project")
