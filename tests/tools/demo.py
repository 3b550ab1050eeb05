"""The main job on the practice cluster: site.yml closes its nodes, moves it to the AWS build of Cilium, brings Multus.

Its second run changes nothing.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import command
import site_yml
import tree

UPSTREAM = "quay.io/cilium/cilium:"


def agent_images(lab: dict[str, str]) -> list[str]:
    """Images of the Cilium agents that run now; empty without Cilium."""
    words = [lab["KUBECTL"], "--namespace=kube-system", "get", "pods", "--selector=k8s-app=cilium"]
    words.append("--output=jsonpath={.items[*].spec.containers[?(@.name=='cilium-agent')].image}")
    shown = command.run(words, env=tree.environment() | lab)
    return sorted(set(shown.output.split())) if shown.ok else []


def start_state(lab: dict[str, str]) -> None:
    """A cluster that a demo has migrated already is brought back to its start: there would be nothing to see."""
    if not any(image.startswith(UPSTREAM) for image in agent_images(lab)):
        print("The practice cluster was changed before: back to its start state.", flush=True)
        reset = command.run([tree.VENV_BIN / "python", "-m", "lab", "reset"], show=True)
        if not reset.ok:
            raise SystemExit(1)


def story(summary: dict[str, Any], before: list[str], after: list[str]) -> list[tuple[str, str]]:
    """What the first run did, as titles and texts; before and after are the agents' images as kubectl shows them."""
    chart, gap = summary["chart"], summary["longest_gap_ms"] or {}
    return [
        *((f"host {host['node']}", of_host(host)) for host in summary["host_networks"]),
        ("Cilium", f"{summary['action']}, chart {chart.get('before') or 'none'} -> {chart.get('after')}"),
        ("images before", ", ".join(before)),
        ("images after", ", ".join(after)),
        ("values kept", f"{len(summary['values_kept'])}: {', '.join(summary['values_kept'])}"),
        ("policies kept", f"{len(summary['policies_kept'])}: {', '.join(summary['policies_kept'])}"),
        ("CRDs kept", str(summary["crds_kept"])),
        ("packets lost", f"{summary['packets_lost']} of {summary['packets_sent']}"),
        ("longest gap", ", ".join(f"{protocol} {gap[protocol]} ms" for protocol in sorted(gap))),
        ("denied flow", f"{summary['denied_packets']} packets arrived in {summary['denied_attempts']} tries"),
        ("node firewall", walls(summary["node_firewall"])),
        ("Multus", f"{summary['multus']['action']}, {summary['multus']['image']}"),
        *((network["network"], told(network)) for network in summary["networks"]),
    ]


def walls(firewall: dict[str, Any] | None) -> str:
    """What was done to the nodes' firewalls."""
    if firewall is None:
        return "none"
    return f"{firewall['state']}, {firewall['rules']} rules, changed on {', '.join(firewall['changed']) or 'no node'}"


def of_host(host: dict[str, Any]) -> str:
    """What was done to the network of a host, and proven of it."""
    addresses = ", ".join(f"{one['interface']} {one['address']}" for one in host["addresses"])
    ways = f"{host['answered']} of {host['paths']} ways to other nodes with packets of {host['largest']} bytes"
    return f"{'changed' if host['changed'] else 'not changed'}: {addresses}; {ways}"


def told(network: dict[str, Any]) -> str:
    """What was proven of a network of Multus."""
    if network["unproven"]:
        return f"not proven: {network['unproven']}"
    pings = f"{network['received']} of {network['sent']} echo requests answered, up to {network['largest']} bytes"
    return f"{pings}, between pods on {', '.join(network['nodes'])}"


def faults(summary: dict[str, Any], after: list[str], second: site_yml.Run) -> list[str]:
    """What makes the demo fail although both runs went through."""
    found = []
    if not after or any(image.startswith(UPSTREAM) for image in after):
        found.append(f"agents run {', '.join(after) or 'nowhere'}, not the AWS build")
    if summary["packets_sent"] is None:
        found.append("no packets ran through the migration")
    if summary["denied_packets"]:
        found.append(f"{summary['denied_packets']} packets of the denied flow arrived")
    if not summary["node_firewall"] or summary["node_firewall"]["state"] != "present":
        found.append("the nodes have no firewall")
    if not summary["networks"] or any(network["sent"] == 0 for network in summary["networks"]):
        found.append("a network of Multus was not proven")
    if not summary["host_networks"] or any(host["answered"] < host["paths"] for host in summary["host_networks"]):
        found.append("a network between hosts was not proven")
    if second.changed:
        found.append(f"{second.changed} tasks of the second run changed something; none may")
    return found


def main() -> int:
    """Runs the demo; 1 when something was not as it must be."""
    started = time.monotonic()
    tree.sync()
    lab = site_yml.lab_environment()
    start_state(lab)
    before = agent_images(lab)
    written = Path(lab["LAB_SUMMARY"])
    written.unlink(missing_ok=True)

    print("\n=== site.yml, first run: host networks, node firewalls, the migration, and Multus", flush=True)
    first = site_yml.run(written.parent)
    if not first.ok:
        print("demo: the first run of site.yml failed", file=sys.stderr)
        return 1
    summary = json.loads(written.read_text())
    print("\n=== site.yml, second run: nothing left to do", flush=True)
    second = site_yml.run(tree.REPORTS / "second-run")
    if not second.ok:
        print("demo: the second run of site.yml failed", file=sys.stderr)
        return 1

    after = agent_images(lab)
    print("\n=== what happened")
    rows = story(summary, before, after)
    rows.append(("first run", f"{first.changed} changed, {first.seconds:.0f} s"))
    rows.append(("second run", f"{second.changed} changed, {second.seconds:.0f} s"))
    rows.append(("whole demo", f"{time.monotonic() - started:.0f} s; all of it as JSON: {written}"))
    for title, text in rows:
        print(f"  {title:<14} {text}")
    problems = faults(summary, after, second)
    for problem in problems:
        print(f"demo: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
