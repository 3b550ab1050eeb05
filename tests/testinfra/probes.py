"""Asks ports from anywhere on the practice cluster: its nodes over ssh, its pods by kubectl, and addresses outside."""

from __future__ import annotations

import contextlib
import json
import shlex
import subprocess
from dataclasses import dataclass

OPEN, REFUSED, FILTERED = "open", "refused", "filtered"
ADDRESSES = {"cp1": "172.30.0.11", "w1": "172.30.0.21", "w2": "172.30.0.22"}
BRIDGE = "eksabr0"

PROGRAM = """
import concurrent.futures, json, os, socket, struct, sys, time

def ping(host):
    # ones' complement sum of type, number and sequence
    number = os.getpid() & 0x7fff
    packet = struct.pack("!BBHHH", 8, 0, 0xffff - 0x800 - number - 1, number, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as raw:
        raw.settimeout(0.5)
        raw.sendto(packet, (host, 0))
        end = time.monotonic() + 2
        while time.monotonic() < end:
            try:
                answer, (source, _port) = raw.recvfrom(200)
            except OSError:
                continue
            if source == host and answer[20] == 0 and answer[24:26] == struct.pack("!H", number):
                return "open"
    return "filtered"

def ask(target):
    host, port = target
    if port == "ping":
        return ping(host)
    client = socket.socket()
    client.settimeout(2.5)
    try:
        client.connect((host, port))
        return "open"
    except ConnectionRefusedError:
        return "refused"
    except OSError:
        return "filtered"
    finally:
        client.close()

asked = json.loads(sys.argv[1])
with concurrent.futures.ThreadPoolExecutor(max(1, len(asked))) as workers:
    print(json.dumps(list(workers.map(ask, asked))))
"""


@dataclass(frozen=True)
class Place:
    """Somewhere to ask from: the words before ``python3``, and whether a shell at the other end reads them."""

    words: tuple[str, ...]
    shell: bool = False

    def run(self, *words, check=True):
        """A command there that has ended."""
        command = [*self.words, shlex.join(words)] if self.shell else [*self.words, *words]
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
        )
        assert not check or done.returncode == 0, done
        return done

    def ask(self, *targets):
        """open, refused or filtered for each (host, port); the port of a ping is "ping"."""
        return json.loads(self.run("python3", "-c", PROGRAM, json.dumps(targets)).stdout)


HERE = Place(())
"""The machine that runs Ansible."""


def node(lab, name):
    """A node, as root."""
    return Place(("ssh", "-F", lab["LAB_SSH_CONFIG"], name, "sudo"), shell=True)


def pod(lab, namespace, name):
    """A pod with Python in it."""
    return Place((lab["KUBECTL"], "-n", namespace, "exec", name, "--"))


@contextlib.contextmanager
def outside(index):
    """An address in the network of the nodes that is none of theirs, for as long as it is needed."""
    name, address = f"outside{index}", f"172.30.0.{index}"
    ip = ["ip", "netns", "exec", name]
    commands = [
        ["ip", "netns", "add", name],
        ["ip", "link", "add", f"{name}-b", "type", "veth", "peer", "name", "eth0", "netns", name],
        ["ip", "link", "set", f"{name}-b", "master", BRIDGE, "up"],
        [*ip, "ip", "link", "set", "lo", "up"],
        [*ip, "ip", "address", "add", f"{address}/24", "dev", "eth0"],
        [*ip, "ip", "link", "set", "eth0", "up"],
    ]
    try:
        for command in commands:
            subprocess.run(command, capture_output=True, check=True)
        yield Place(tuple(ip))
    finally:
        subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)
