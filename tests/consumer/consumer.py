"""A stranger's view: builds the tarball, installs it away from the checkout, uses a role by its full name.

The role runs in check mode on the practice cluster, which must be the same afterwards.
"""

from __future__ import annotations

import json
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))

import command
import site_yml
import tree

SHIPPED = {"CHANGELOG.rst", "CONTRIBUTING.md", "FILES.json", "LICENSE", "MANIFEST.json", "README.md"}
SHIPPED |= {"changelogs", "meta", "playbooks", "plugins", "roles"}
STATE_OF_CLUSTER = "daemonsets,deployments,configmaps,secrets,networkpolicies"


class Failure(Exception):
    """What a consumer would stumble over."""


def must(words: list[str | Path], folder: Path, env: Mapping[str, str], show: bool = False) -> str:
    """Runs a command of the consumer; its output, or Failure when it fails."""
    result = command.run(words, cwd=folder, env=env, limit=300, show=show)
    if not result.ok:
        raise Failure(f"{' '.join(str(word) for word in words)} failed:\n{'' if show else result.output}")
    return result.output


def install(folder: Path, env: Mapping[str, str]) -> None:
    """Builds the collection, looks at what is in it, and installs it below ``folder``."""
    must(["ansible-galaxy", "collection", "build", "--output-path", folder], tree.TREE, env)
    (tarball,) = folder.glob("eks_anywhere-network-*.tar.gz")
    with tarfile.open(tarball) as archive:
        tops = {name.split("/")[0] for name in archive.getnames()}
    if tops - SHIPPED:
        raise Failure(
            f"The tarball holds what must not ship: {', '.join(sorted(tops - SHIPPED))}. Add it to build_ignore."
        )
    must(["ansible-galaxy", "collection", "install", "--offline", "-p", folder / "collections", tarball], folder, env)
    listed = json.loads(
        must(["ansible-galaxy", "collection", "list", "eks_anywhere.network", "--format", "json"], folder, env)
    )
    if list(listed) != [str(folder / "collections" / "ansible_collections")]:
        raise Failure(f"The collection is found elsewhere too: {', '.join(listed)}")


def cluster_state(lab: Mapping[str, str]) -> dict[str, str]:
    """What a change would show in: generation of workloads, content of the rest, by kind, namespace and name."""
    shown = must([lab["KUBECTL"], "get", STATE_OF_CLUSTER, "-A", "-o", "json"], tree.ROOT, tree.environment() | lab)
    state = {}
    for item in json.loads(shown)["items"]:
        meta = item["metadata"]
        content = meta.get("generation") or item.get("data")
        state[f"{item['kind']} {meta['namespace']}/{meta['name']}"] = json.dumps(content, sort_keys=True)
    return state


def main() -> int:
    folder = Path(tempfile.mkdtemp(prefix="consumer-"))
    try:
        env = tree.environment() | {"ANSIBLE_COLLECTIONS_PATH": str(folder / "collections")}
        install(folder, env)
        shutil.copy(Path(__file__).parent / "play.yml", folder)
        shutil.copytree(tree.ROOT / "inventories" / "lab", folder / "inventory")
        lab = site_yml.lab_environment()
        before = cluster_state(lab)
        must(["ansible-playbook", "-i", "inventory", "--check", "--diff", "play.yml"], folder, env, show=True)
        after = cluster_state(lab)
        touched = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
        if touched:
            raise Failure(f"Check mode changed the cluster: {', '.join(touched)}")
    except Failure as failure:
        print(failure)
        return 1
    finally:
        shutil.rmtree(folder)
    print("The installed tarball works by its full name; check mode changed nothing.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
