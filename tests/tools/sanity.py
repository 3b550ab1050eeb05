"""ansible-test sanity without a container and without a download of its own: only the package index is asked.

``ansible-test`` makes virtual environments for some of its tests and bootstraps pip into them with a script that it
wants to download. A script of that name in its cache goes first: ours installs the very pip it asks for, from a wheel.
"""

from __future__ import annotations

import configparser
import os
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import command
import tree
from ansible_test._internal.python_requirements import get_venv_packages

HOME = tree.CACHE / "ansible-test"
BOOTSTRAP = """\
import sys

sys.path.insert(0, {wheel!r})
from pip._internal.cli.main import main

arguments = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
sys.exit(main(["install", "--quiet", "--force-reinstall", "--root-user-action", "ignore", *arguments]))
"""


class BootstrapError(Exception):
    """pip for ansible-test's virtual environments could not be had."""


def pip_version() -> str:
    """The pip that the installed ansible-test pins."""
    return str(get_venv_packages(SimpleNamespace(version="3.11"))["pip"])


def prepare_home() -> Path:
    """Makes the home directory in which ansible-test finds its bootstrap script; returns it."""
    version = pip_version()
    wheel = HOME / "wheels" / f"pip-{version}-py3-none-any.whl"
    if not wheel.is_file():
        got = command.run(
            [
                tree.VENV_BIN / "python",
                "-m",
                "pip",
                "download",
                "--quiet",
                "--no-deps",
                f"pip=={version}",
                "-d",
                wheel.parent,
            ]
        )
        if not got.ok or not wheel.is_file():
            raise BootstrapError(f"pip {version}, which ansible-test pins, could not be downloaded:\n{got.output}")
    script = HOME / ".ansible" / "test" / "cache" / f"get_pip_{version.replace('.', '_')}.py"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(BOOTSTRAP.format(wheel=str(wheel)))
    _write_pip_settings()
    return HOME


def _write_pip_settings() -> None:
    """Hands the caller's pip settings on: ansible-test passes neither PIP_* variables nor the caller's home."""
    settings = configparser.RawConfigParser()
    settings.read([Path.home() / ".pip" / "pip.conf", Path.home() / ".config" / "pip" / "pip.conf"])
    if not settings.has_section("global"):
        settings.add_section("global")
    for name, value in os.environ.items():
        if name.startswith("PIP_") and name != "PIP_CONFIG_FILE":
            settings.set("global", name[4:].lower().replace("_", "-"), value)
    settings.set("global", "quiet", "1")
    target = HOME / ".config" / "pip" / "pip.conf"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.touch(mode=0o600)
    target.chmod(0o600)
    with target.open("w") as file:
        settings.write(file)


def run(limit: float) -> tuple[list[str], list[str]]:
    """Runs every sanity test that works locally; returns the names of those that passed and of those that failed."""
    results = tree.TREE / "tests" / "output" / "junit"
    shutil.rmtree(results, ignore_errors=True)
    env = tree.environment() | {"HOME": str(prepare_home())}
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    ended = command.run(
        ["ansible-test", "sanity", "--local", "--python", python, "--color", "no", "--truncate", "0", "--junit"],
        cwd=tree.TREE,
        env=env,
        limit=limit,
        show=True,
    )
    return verdicts(results, ended.ok)


def verdicts(results: Path, ok: bool) -> tuple[list[str], list[str]]:
    """Reads ansible-test's JUnit files, one a test. Tests that had nothing to look at count as neither.

    A run that ended with an error but names no failed test counts as one failure.
    """
    passed: list[str] = []
    failed: list[str] = []
    for file in sorted(results.glob("*.xml")):
        for case in ElementTree.parse(file).iter("testcase"):
            if case.find("failure") is not None or case.find("error") is not None:
                failed.append(case.get("name", file.stem))
            elif case.find("skipped") is None:
                passed.append(case.get("name", file.stem))
    if not ok and not failed:
        failed.append("ansible-test")
    return passed, failed
