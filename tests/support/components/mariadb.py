"""MariaDB, the database that the pipeline's records stand in."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
from collections.abc import Sequence
from pathlib import Path

from support.components.component import Component, program, write_private
from support.components.process import LOOPBACK
from support.components.tls import Certificate, certificate

# The first byte of what the server says to a client: the protocol's version. 255 is a refusal.
_PROTOCOL = 10
_USERS = """\
CREATE DATABASE IF NOT EXISTS {user} CHARACTER SET utf8mb4;
CREATE USER IF NOT EXISTS '{user}'@'127.0.0.1' IDENTIFIED BY '{password}';
GRANT ALL ON `{user}%`.* TO '{user}'@'127.0.0.1';
"""


class MariaDB(Component):
    """One user, who may do everything in databases whose names begin with his; TLS if asked for."""

    name = "mariadb"
    what = "MariaDB (Debian's)"
    fixed_ports = (13306,)
    user = "pinlake"
    database = "pinlake"

    @property
    def port(self) -> int:
        return self.ports[0]

    @property
    def password(self) -> str:
        return self.secret(self.user)

    @property
    def certificate(self) -> Certificate:
        return certificate(self.folder / "tls")

    @property
    def addresses(self) -> dict[str, str]:
        return {
            "PINLAKE_MYSQL_URL": f"mysql://{self.user}@{LOOPBACK}:{self.port}/{self.database}",
            "PINLAKE_MYSQL_PASSWORD": self.password,
            "PINLAKE_TEST_MYSQL_CA": str(self.certificate.authority),
        }

    def prepare(self) -> None:
        users = self.folder / "users.sql"
        write_private(users, _USERS.format(user=self.user, password=self.password))
        account = self._account()
        if account is not None:
            for path in (users, self.certificate.key):
                shutil.chown(path, account)
        data = self.folder / "data"
        if not data.exists():
            self._install(data.with_name("data.new")).rename(data)

    def command(self) -> Sequence[str]:
        made = self.certificate
        return [
            program("mariadbd"),
            "--no-defaults",
            f"--datadir={self.folder / 'data'}",
            f"--bind-address={LOOPBACK}",
            f"--port={self.port}",
            # Below the data: a socket's path may not be longer than 107 bytes.
            "--socket=socket",
            f"--pid-file={self.folder / 'data' / 'pid'}",
            f"--init-file={self.folder / 'users.sql'}",
            f"--ssl-ca={made.authority}",
            f"--ssl-cert={made.server}",
            f"--ssl-key={made.key}",
            "--skip-name-resolve",
            "--skip-log-bin",
            "--local-infile=OFF",
            "--character-set-server=utf8mb4",
            "--innodb-buffer-pool-size=64M",
            "--innodb-log-file-size=16M",
            *self._as_account(),
        ]

    def answers(self) -> bool:
        with socket.create_connection((LOOPBACK, self.port), timeout=2) as server:
            said = server.recv(5)
        return len(said) == 5 and said[4] == _PROTOCOL

    def _install(self, data: Path) -> Path:
        shutil.rmtree(data, ignore_errors=True)
        self.run(
            [
                program("mariadb-install-db"),
                "--no-defaults",
                f"--datadir={data}",
                # Root of the machine, by the socket only.
                "--auth-root-authentication-method=socket",
                "--skip-test-db",
                *self._as_account(),
            ]
        )
        return data

    def _as_account(self) -> list[str]:
        account = self._account()
        return [] if account is None else [f"--user={account}"]

    def _account(self) -> str | None:
        """Who the server shall be where root starts it, which it wants to be told.

        The package's account, if that can enter the state folder: it cannot below /root, nor in
        temporary folders of root.
        """
        if os.geteuid() != 0:
            return None
        folders = (self.folder, *self.folder.parents)
        enters = all(folder.stat().st_mode & 0o001 for folder in folders)
        return "mysql" if enters and _has_account("mysql") else "root"


def _has_account(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True
