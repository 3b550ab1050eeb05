"""A containerd directory that already holds the images of the start state, so that nodes need not pull them.

The images under test (AWS's, Multus) are left out on purpose: nodes have to pull those.
"""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from . import registry
from .artefacts import cached, key_of, node_root
from .progress import step
from .shell import run

_PULL = """
set -eu
merged=$1 state=$2; shift 2
mount -t overlay overlay -o "lowerdir=$ROOT,upperdir=$state/upper,workdir=$state/work" "$merged"
mkdir -p "$merged/var/lib/containerd" "$merged/etc/containerd/certs.d"
mount --bind "$SEED" "$merged/var/lib/containerd"
mount --bind "$state/certs.d" "$merged/etc/containerd/certs.d"
mount -t proc proc "$merged/proc"
mount --rbind /dev "$merged/dev"
chroot "$merged" /bin/sh -eu -c '
  containerd --log-level error & daemon=$!
  trap "kill $daemon; wait $daemon || true" EXIT
  tries=0
  until ctr version >/dev/null 2>&1; do tries=$((tries + 1)); [ "$tries" -lt 100 ]; sleep 0.1; done
  for image; do ctr -n k8s.io images pull --hosts-dir /etc/containerd/certs.d "$image" >/dev/null; done
' sh "$@"
"""


def start_images() -> list[str]:
    """The images that pods of the start state use."""
    return [name for name in registry.image_names() if not name.startswith(("public.ecr.aws/eks/", "ghcr.io/"))]


@cache
def containerd_seed() -> Path:
    """Directory to copy into a new node's /var/lib/containerd."""

    def build(directory: Path) -> None:
        with step("unpacking the start images"), tempfile.TemporaryDirectory(prefix="lab-seed-") as temporary:
            state, merged = Path(temporary) / "state", Path(temporary) / "merged"
            for path in (state / "upper", state / "work", merged, directory / "containerd"):
                path.mkdir(parents=True)
            with registry.serving(state) as address:
                for host in {image.split("/", 1)[0] for image in start_images()}:
                    hosts = state / "certs.d" / host / "hosts.toml"
                    hosts.parent.mkdir(parents=True)
                    hosts.write_text(f'[host."http://{address}"]\n  capabilities = ["pull", "resolve"]\n')
                variables = {"ROOT": str(node_root() / "root"), "SEED": str(directory / "containerd")}
                path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
                command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--", "/bin/sh", "-c", _PULL, "sh"]
                run([*command, merged, state, *start_images()], env={**variables, "PATH": path})

    key = key_of(registry.registry_storage().parent.name, node_root().name, _PULL, *start_images())
    return cached("containerd-seed", key, build) / "containerd"


def plant(target: Path) -> None:
    """Fill a node's containerd directory: hard links, since layers never change, but own copies of the databases."""
    seed = containerd_seed()
    run(["cp", "-a", "--link", f"{seed}/.", target])
    for database in seed.rglob("*.db"):
        copy = target / database.relative_to(seed)
        copy.unlink()
        run(["cp", "-a", database, copy])
