"""Certificates and kubeconfigs of the practice cluster, made anew for each cluster."""

from __future__ import annotations

import base64
import datetime
import ipaddress
from dataclasses import dataclass
from pathlib import Path

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from . import settings

_LIFETIME = datetime.timedelta(days=365)
_PEM = serialization.Encoding.PEM


def _key_pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    form = serialization.PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(_PEM, form, serialization.NoEncryption())


def _name(common_name: str, organization: str = "") -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if organization:
        parts.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    return x509.Name(parts)


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, both PEM."""

    certificate: bytes
    key: bytes

    def write(self, directory: Path, name: str) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        (directory / f"{name}.crt").write_bytes(self.certificate)
        secret = directory / f"{name}.key"
        secret.write_bytes(self.key)
        secret.chmod(0o600)


class Authority:
    """The cluster's certificate authority."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("practice-cluster")
        builder = self._builder(self._name, self._key.public_key())
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
        certificate = builder.add_extension(usage, critical=True).sign(self._key, hashes.SHA256())
        self.pair = Pair(certificate.public_bytes(_PEM), _key_pem(self._key))

    def _builder(self, subject: x509.Name, public_key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC)
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self._name).public_key(public_key)
        builder = builder.serial_number(x509.random_serial_number())
        return builder.not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + _LIFETIME)

    def issue(self, common_name: str, organization: str = "", names: tuple[str, ...] = ()) -> Pair:
        """A certificate for client use and, where names or addresses are given, for server use."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(_name(common_name, organization), key.public_key())
        purposes = [ExtendedKeyUsageOID.CLIENT_AUTH]
        if names:
            purposes.append(ExtendedKeyUsageOID.SERVER_AUTH)
            builder = builder.add_extension(x509.SubjectAlternativeName([_san(n) for n in names]), critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        return Pair(certificate.public_bytes(_PEM), _key_pem(key))

    def kubeconfig(self, common_name: str, organization: str, path: Path, server: str) -> None:
        """Write a kubeconfig for a user of the cluster."""
        pair = self.issue(common_name, organization)
        text = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": settings.CLUSTER_NAME,
            "clusters": [
                {
                    "name": settings.CLUSTER_NAME,
                    "cluster": {"server": server, "certificate-authority-data": _b64(self.pair.certificate)},
                }
            ],
            "users": [
                {
                    "name": common_name,
                    "user": {
                        "client-certificate-data": _b64(pair.certificate),
                        "client-key-data": _b64(pair.key),
                    },
                }
            ],
            "contexts": [
                {"name": settings.CLUSTER_NAME, "context": {"cluster": settings.CLUSTER_NAME, "user": common_name}}
            ],
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(text, sort_keys=False))
        path.chmod(0o600)


def service_account_keys(directory: Path) -> None:
    """Write sa.key and sa.pub, with which the control plane signs service account tokens."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    secret = directory / "sa.key"
    secret.write_bytes(_key_pem(key))
    secret.chmod(0o600)
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    (directory / "sa.pub").write_bytes(key.public_key().public_bytes(_PEM, form))


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _san(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
