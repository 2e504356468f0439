"""A certificate for this computer in the local network, made here.

A phone that is to trust it is given the authority behind it. That authority signed this one certificate, and its key
was never written down: trusting it is trusting this computer's page, nothing else.
"""

import datetime
import ipaddress
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from lanhar.files import write_text

VALID = datetime.timedelta(days=365)
LEFT = datetime.timedelta(days=7)
"""A certificate that ends sooner is made anew."""


@dataclass(frozen=True)
class Certificate:
    """Files of a certificate.

    Attributes:
        chain: the certificate and its authority, PEM.
        key: of the certificate, PEM, readable by its owner alone.
        authority: what a phone has to trust, PEM.
    """

    chain: Path
    key: Path
    authority: Path


def certificate(folder: Path, addresses: Sequence[str]) -> Certificate:
    """The certificate in a folder, made anew where it does not hold for an address or is about to end.

    Args:
        folder: where it is kept.
        addresses: IP addresses or names beside this computer's own names.
    """
    files = Certificate(folder / "certificate.pem", folder / "key.pem", folder / "authority.pem")
    names = list(dict.fromkeys(["localhost", "127.0.0.1", "::1", socket.gethostname(), *addresses]))
    if not _holds(files, names):
        _make(files, names)
    return files


def _holds(files: Certificate, names: Sequence[str]) -> bool:
    if not all(path.is_file() for path in (files.chain, files.key, files.authority)):
        return False
    try:
        found = x509.load_pem_x509_certificate(files.chain.read_bytes())
        for_names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound):
        return False
    lasts = found.not_valid_after_utc - datetime.datetime.now(datetime.UTC) > LEFT
    return lasts and {_name(name) for name in names} <= set(for_names)


def _make(files: Certificate, names: Sequence[str]) -> None:
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    about = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"lanhar on {socket.gethostname()}"[:64])])
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"lanhar page, {socket.gethostname()}"[:64])])
    authority = (
        _begun(issuer, issuer, authority_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    leaf = (
        _begun(about, issuer, key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_name(name) for name in names]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    texts = [found.public_bytes(serialization.Encoding.PEM).decode() for found in (leaf, authority)]
    files.key.parent.mkdir(parents=True, exist_ok=True)
    _write_key(files.key, key)
    write_text(files.authority, texts[1])
    write_text(files.chain, "".join(texts))


def _begun(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        # Clocks of phones may be behind.
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + VALID)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    """Write a private key that no other user could read at any time."""
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(text)
