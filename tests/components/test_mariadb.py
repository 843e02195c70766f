"""MariaDB answers queries, in the clear and over TLS, and keeps its rows."""

from __future__ import annotations

import ssl
from typing import Any

import pymysql
import pytest

from support.components import MariaDB


def query(mariadb: MariaDB, *texts: str, **how: Any) -> Any:
    """The first row of the last of some statements, in one connection."""
    login = {"user": mariadb.user, "password": mariadb.password, "database": mariadb.database}
    given = {**login, "host": "127.0.0.1", "port": mariadb.port, "autocommit": True, **how}
    with pymysql.connect(**given) as connection, connection.cursor() as cursor:
        for text in texts:
            cursor.execute(text)
        return cursor.fetchone()


def trusting(mariadb: MariaDB) -> dict[str, Any]:
    """Over TLS, with the server's certificate checked."""
    return {"ssl_ca": str(mariadb.certificate.authority), "ssl_verify_cert": True}


def test_a_query_is_answered(mariadb: MariaDB) -> None:
    assert query(mariadb, "SELECT 6 * 7, '…é🎈'", charset="utf8mb4") == (42, "…é🎈")
    assert query(mariadb, "SHOW STATUS LIKE 'Ssl_cipher'", ssl_disabled=True)[1] == ""


def test_over_tls_the_certificate_is_that_of_its_own_authority(mariadb: MariaDB) -> None:
    cipher = query(mariadb, "SHOW STATUS LIKE 'Ssl_cipher'", **trusting(mariadb))
    assert cipher[1]
    with pytest.raises(pymysql.err.OperationalError, match="certificate verify failed"):
        query(mariadb, "SELECT 1", ssl=ssl.create_default_context())


def test_a_wrong_password_is_refused(mariadb: MariaDB) -> None:
    with pytest.raises(pymysql.err.OperationalError, match="Access denied"):
        query(mariadb, "SELECT 1", password="no")
    with pytest.raises(pymysql.err.OperationalError, match="Access denied"):
        query(mariadb, "SELECT 1", user="root", password="")


def test_databases_of_a_test_are_its_own(mariadb: MariaDB) -> None:
    made = ("CREATE DATABASE pinlake_other", "USE pinlake_other", "CREATE TABLE t (n INT)")
    assert query(mariadb, *made, "SELECT DATABASE()") == ("pinlake_other",)
    with pytest.raises(pymysql.err.OperationalError, match="Access denied"):
        query(mariadb, "CREATE DATABASE other")


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_rows_are_there_after_a_start_anew(mariadb: MariaDB, end: str) -> None:
    table = f"before_{end}"
    query(mariadb, f"CREATE TABLE {table} (n INT)", f"INSERT INTO {table} VALUES (7)")
    getattr(mariadb, end)()
    mariadb.start()
    assert query(mariadb, f"SELECT n FROM {table}") == (7,)
