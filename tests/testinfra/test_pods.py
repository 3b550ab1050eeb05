"""Pods have a network and reach each other."""

from __future__ import annotations


def test_every_pod_with_a_network_is_an_endpoint(read):
    pods = [pod for pod in read("pods", "-A") if not pod["spec"].get("hostNetwork")]
    names = {(pod["metadata"]["namespace"], pod["metadata"]["name"]) for pod in pods}
    endpoints = {(item["metadata"]["namespace"], item["metadata"]["name"]) for item in read("ciliumendpoints", "-A")}
    assert names
    assert endpoints == names


def test_pods_reach_each_other_and_their_service(read, kubectl):
    pods = read("pods", "-n", "shop", "-l", "app=web")
    service = read("service", "web", "-n", "shop")["spec"]["clusterIP"]
    addresses = [f"{pod['status']['podIP']}:8080" for pod in pods] + [f"{service}:80"]
    assert len(addresses) == 3
    for pod in pods:
        for address in addresses:
            code = f"import urllib.request; print(urllib.request.urlopen('http://{address}', timeout=5).status)"
            words = ("exec", "-n", "shop", pod["metadata"]["name"], "--", "python3", "-c", code)
            assert kubectl(*words).strip() == "200", address


def test_nothing_is_left_behind(read):
    assert [item for item in read("namespaces") if "network-check" in item["metadata"]["name"]] == []
    assert {pod["metadata"]["name"].split("-")[0] for pod in read("pods", "-n", "kube-system")} == {"cilium"}
