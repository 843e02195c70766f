"""A certificate for loopback, of an authority of its own that nobody else trusts."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from support.components.component import program, write_private

# Elliptic curves: made in milliseconds.
_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
_CONFIG = """\
[req]
distinguished_name = nobody
prompt = no
[nobody]
CN = pinlake's tests
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
subjectAltName = DNS:localhost, IP:127.0.0.1
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""


@dataclass(frozen=True)
class Certificate:
    """Files of PEM."""

    authority: Path
    """What a client has to trust."""
    server: Path
    key: Path
    both: Path
    """Key and certificate in one."""


def certificate(folder: Path) -> Certificate:
    """The certificate of a folder, made the first time."""
    made = Certificate(*(folder / f"{name}.pem" for name in ("ca", "server", "key", "both")))
    if not made.both.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _make(folder)
        write_private(made.both, made.key.read_text() + made.server.read_text())
    return made


def _make(folder: Path) -> None:
    Path(folder, "openssl.cnf").write_text(_CONFIG, encoding="utf-8")
    days = ("-days", "3650")
    _openssl(
        folder,
        *("req", "-config", "openssl.cnf", "-x509", "-extensions", "authority", *days, *_KEY),
        *("-keyout", "ca.key", "-out", "ca.pem"),
    )
    _openssl(
        folder,
        *("req", "-config", "openssl.cnf", *_KEY, "-keyout", "key.pem", "-out", "server.csr"),
    )
    _openssl(
        folder,
        *("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", *days),
        *("-CAcreateserial", "-extfile", "openssl.cnf", "-extensions", "server"),
        *("-out", "server.pem"),
    )


def _openssl(folder: Path, *words: str) -> None:
    subprocess.run([program("openssl"), *words], cwd=folder, check=True, capture_output=True)
