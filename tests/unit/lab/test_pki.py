"""Certificates and kubeconfigs, judged by the cryptography library's own verification."""

from __future__ import annotations

import base64

import yaml
from ansible_collections.eks_anywhere.network.lab.pki import Authority
from cryptography import x509
from cryptography.x509.oid import NameOID


def test_a_kubeconfig_carries_a_client_certificate_of_the_authority(tmp_path):
    authority = Authority()
    path = tmp_path / "kubeconfig"
    authority.kubeconfig("system:node:w1", "system:nodes", path, "https://192.0.2.1:6443")
    assert path.stat().st_mode & 0o777 == 0o600
    config = yaml.safe_load(path.read_text())
    ca = x509.load_pem_x509_certificate(
        base64.b64decode(config["clusters"][0]["cluster"]["certificate-authority-data"])
    )
    client = x509.load_pem_x509_certificate(base64.b64decode(config["users"][0]["user"]["client-certificate-data"]))
    client.verify_directly_issued_by(ca)
    names = {attribute.oid: attribute.value for attribute in client.subject}
    assert names == {NameOID.COMMON_NAME: "system:node:w1", NameOID.ORGANIZATION_NAME: "system:nodes"}


def test_a_server_certificate_names_addresses_and_hosts():
    pair = Authority().issue("kube-apiserver", names=("10.96.0.1", "kubernetes.default"))
    certificate = x509.load_pem_x509_certificate(pair.certificate)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(ip) for ip in names.get_values_for_type(x509.IPAddress)] == ["10.96.0.1"]
    assert names.get_values_for_type(x509.DNSName) == ["kubernetes.default"]
