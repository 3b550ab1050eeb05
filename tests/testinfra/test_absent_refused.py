"""Cilium is not removed from under running pods."""

from __future__ import annotations

from plays import play


def test_pods_stand_against_a_removal(lab, project, read):
    done = play(project, "cilium", {"cilium_state": "absent"})
    assert done.code != 0
    assert done.changed == []
    connected = [pod for pod in read("pods", "-n", "shop") if not pod["spec"].get("hostNetwork")]
    assert connected
    assert f"{len(connected)} in shop" in done.failures[-1]
    assert "replace_cni.yml" in done.failures[-1]
