"""The collection at a real ``ansible_collections/eks_anywhere/network`` path, as Ansible's own tools want it.

``python tests/tools/tree.py`` copies every file that git knows or would add into ``.build/collections/...`` and removes
what is no longer there. Only files that differ are written.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / ".build"
COLLECTIONS = BUILD / "collections"
TREE = COLLECTIONS / "ansible_collections" / "eks_anywhere" / "network"
REPORTS = BUILD / "reports"
VENV_BIN = ROOT / ".venv" / "bin"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "eks_anywhere.network"


def project_files() -> set[str]:
    """Paths, relative to the checkout, of every file that is tracked or would be; deleted ones are left out."""
    command = ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    return {name for name in listed.split("\0") if name and (ROOT / name).is_file()}


def _same(source: Path, copy: Path) -> bool:
    if copy.is_symlink() or not copy.is_file():
        return False
    new, old = source.stat(), copy.stat()
    return (new.st_size, new.st_mtime_ns, new.st_mode) == (old.st_size, old.st_mtime_ns, old.st_mode)


def sync() -> Path:
    """Brings the copy up to date and returns its path."""
    wanted = project_files()
    TREE.mkdir(parents=True, exist_ok=True)
    if not (TREE / ".git").is_dir():  # else ansible-test asks the checkout's git, which ignores all of .build
        subprocess.run(["git", "init", "--quiet", TREE], check=True)
    with (BUILD / "tree.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for folder, _folders, names in os.walk(TREE, topdown=False):
            inside = os.path.relpath(folder, TREE)
            if inside.split(os.sep)[0] == ".git":
                continue
            for name in names:
                if os.path.normpath(os.path.join(inside, name)) not in wanted:
                    os.unlink(os.path.join(folder, name))
            if not os.listdir(folder):
                os.rmdir(folder)
        for name in sorted(wanted):
            source, copy = ROOT / name, TREE / name
            if not _same(source, copy):
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, copy)
    return TREE


def environment() -> dict[str, str]:
    """The environment in which every tool of the project runs: .venv first, and the copy on the collections path."""
    env = dict(os.environ)
    env["PATH"] = f"{VENV_BIN}{os.pathsep}{env.get('PATH', os.defpath)}"
    env["VIRTUAL_ENV"] = str(ROOT / ".venv")
    env["ANSIBLE_COLLECTIONS_PATH"] = str(COLLECTIONS)
    env["MOLECULE_GLOB"] = "molecule/*/molecule.yml"
    env["PYTHONDONTWRITEBYTECODE"] = "1"
    env["NO_COLOR"] = "1"
    for name in ("ANSIBLE_FORCE_COLOR", "FORCE_COLOR", "PY_COLORS", "GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"):
        env.pop(name, None)
    for name in ("ANSIBLE_CONFIG", "PYTHONHOME", "PYTHONPATH"):
        env.pop(name, None)
    return env


if __name__ == "__main__":
    sync()
    sys.exit(0)
