"""MySQL and MariaDB as a source, loading into them, and where their credentials are kept."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymysql
import pytest

from pinlake import Emulator
from support.api import client
from support.cli import EXECUTABLE, environment, pinlake, refusal
from support.components import LocalStack, MariaDB

KINDS = ("pin", "geo", "user")
TABLES = ("pinterest_data", "geolocation_data", "user_data")
CANARY = "canary-7f3a"


@pytest.fixture
def database(mariadb: MariaDB, request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty database of the test's own."""
    name = f"pinlake_{abs(hash(request.node.name)) % 10**9}"
    query(mariadb, None, f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    yield name
    query(mariadb, None, f"DROP DATABASE {name}")


@pytest.fixture(scope="module")
def loaded(mariadb: MariaDB, real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database with the real tables, as `pinlake load` makes them."""
    name = "pinlake_real"
    query(mariadb, None, f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    folder = tmp_path_factory.mktemp("load")
    words = ("load", tables(real_data, folder), "--to", url(mariadb, name), "--json")
    done = pinlake(*words, cwd=folder, env=login(mariadb))
    assert done.returncode == 0, done.stderr
    rows = {one["table"]: one["rows"] for one in json.loads(done.stdout)}
    assert rows == {"pinterest_data": 2019, "geolocation_data": 11154, "user_data": 11154}
    return name


def tables(real_data: Path, folder: Path) -> Path:
    """A folder with the three tables alone: streams of the same kinds stand beside them."""
    made = folder / "tables"
    made.mkdir()
    for name in ("pinterest_data.jsonl", "geolocation_data.csv", "user_data.csv"):
        (made / name).symlink_to(real_data / "real" / name)
    return made


def connected(mariadb: MariaDB, database: str | None) -> Any:
    """A connection that commits each statement."""
    given = {"host": "127.0.0.1", "port": mariadb.port, "autocommit": True, "charset": "utf8mb4"}
    who = {"user": mariadb.user, "password": mariadb.password, "database": database}
    return pymysql.connect(**given, **who)


def query(mariadb: MariaDB, database: str | None, *texts: str) -> list[Any]:
    """All rows of the last of some statements."""
    with connected(mariadb, database) as connection, connection.cursor() as cursor:
        for text in texts:
            cursor.execute(text)
        return list(cursor.fetchall())


def url(mariadb: MariaDB, database: str, host: str = "127.0.0.1") -> str:
    return f"mysql://{mariadb.user}@{host}:{mariadb.port}/{database}"


def login(mariadb: MariaDB) -> dict[str, str | None]:
    return {"PINLAKE_MYSQL_PASSWORD": mariadb.password}


def emulated(source: str | Path, folder: Path, env: dict[str, str | None] | None = None) -> bytes:
    """All records of a source, kind by kind."""
    shutil.rmtree(folder / "out", ignore_errors=True)
    done = pinlake(
        *("emulate", "--from", source, "--to", "files:out", "--order", "sequential"),
        cwd=folder,
        env=env,
    )
    assert done.returncode == 0, done.stderr
    return b"".join((folder / "out" / f"{kind}.jsonl").read_bytes() for kind in KINDS)


def records(mariadb: MariaDB, database: str, kind: str, **options: str) -> list[bytes]:
    """A kind's records, in this process."""
    options.setdefault("credentials", str(Path("password.yaml")))
    source = Emulator(source=url(mariadb, database), order="sequential", options=options)
    return source.records(kind)


@pytest.fixture
def password(mariadb: MariaDB, tmp_path: Path, no_settings: None) -> None:
    """The password where `records` looks for it."""
    Path("password.yaml").write_text(f"PASSWORD: {mariadb.password}\n", encoding="utf-8")


def refused(*words: str | Path, cwd: Path, env: dict[str, str | None]) -> str:
    """The one line of a refusal, which no canary stands in, nor anywhere else."""
    done = pinlake(*words, cwd=cwd, env=env)
    said = refusal(done)
    assert CANARY not in done.stdout + done.stderr
    return said


def test_the_real_tables_are_the_same_from_the_database_and_from_files(
    mariadb: MariaDB, loaded: str, real_data: Path, tmp_path: Path
) -> None:
    wanted = emulated(tables(real_data, tmp_path), tmp_path)
    assert wanted.count(b"\n") == 24_327
    assert emulated(url(mariadb, loaded), tmp_path, login(mariadb)) == wanted
    assert emulated(url(mariadb, loaded) + "?page=7", tmp_path, login(mariadb)) == wanted


def test_tables_have_the_originals_types_and_a_key(mariadb: MariaDB, loaded: str) -> None:
    columns = query(
        *(mariadb, None),
        "SELECT table_name, column_name, data_type, column_key FROM information_schema.columns "
        f"WHERE table_schema = '{loaded}' ORDER BY table_name, ordinal_position",
    )
    assert columns[:5] == [
        ("geolocation_data", "ind", "bigint", "PRI"),
        ("geolocation_data", "timestamp", "datetime", ""),
        ("geolocation_data", "latitude", "double", ""),
        ("geolocation_data", "longitude", "double", ""),
        ("geolocation_data", "country", "text", ""),
    ]
    assert ("pinterest_data", "index", "bigint", "PRI") in columns
    assert ("user_data", "date_joined", "datetime", "") in columns
    assert len(columns) == 5 + 12 + 5


@pytest.mark.usefixtures("password")
def test_all_pages_are_of_one_moment(mariadb: MariaDB, database: str) -> None:
    values = ", ".join(f"({n}, {n})" for n in range(0, 4000, 2))
    make = (f"CREATE TABLE {name} (ind BIGINT PRIMARY KEY, age BIGINT)" for name in TABLES)
    query(mariadb, database, *make, *(f"INSERT INTO {name} VALUES {values}" for name in TABLES))
    wanted = {kind: records(mariadb, database, kind) for kind in KINDS}
    stop, rounds = threading.Event(), []

    def disturb() -> None:
        with connected(mariadb, database) as connection, connection.cursor() as cursor:
            # Further rounds would meet what earlier ones have changed.
            while not stop.is_set() and len(rounds) < 900:
                n = 2 * len(rounds) + 1
                for name in TABLES:
                    cursor.execute(f"INSERT INTO {name} VALUES ({n}, 1)")
                    cursor.execute(f"DELETE FROM {name} WHERE ind = {4000 - n - 1}")
                    cursor.execute(f"UPDATE {name} SET age = -1 WHERE ind = {n + 1}")
                rounds.append(n)
                time.sleep(0.005)

    seen: dict[str, list[bytes]] = {}
    reader = threading.Thread(target=disturb)
    reader.start()
    try:
        while len(rounds) < 3:
            time.sleep(0.01)
        before = len(rounds)
        options = {"page": "1", "credentials": "password.yaml"}
        source = Emulator(source=url(mariadb, database), order="sequential", options=options)
        during = len(rounds) - before
        seen = {kind: source.records(kind) for kind in KINDS}
    finally:
        stop.set()
        reader.join()
    assert during > 3, "nothing changed while it was read"
    # Each table's changes come three at a time, one table after the other: they differ by one at
    # most, and what was changed says up to which round.
    states = []
    for kind in KINDS:
        rows = [json.loads(one) for one in seen[kind]]
        added = sorted(row["ind"] for row in rows if row["ind"] % 2)
        changed = sorted(row["ind"] for row in rows if int(row["age"]) == -1)
        assert added == [2 * n + 1 for n in range(len(added))]
        assert changed in ([n + 1 for n in added], [n + 1 for n in added[:-1]])
        gone = 2000 - (len(rows) - len(added))
        assert gone in (len(added), len(added) - 1)
        states.append(len(added))
    assert states[0] - states[2] in (0, 1), states
    assert states == sorted(states, reverse=True)
    assert len(wanted["pin"]) == 2000


@pytest.mark.usefixtures("password")
def test_rows_of_one_key_are_one_whatever_the_page(mariadb: MariaDB, database: str) -> None:
    rows = [(n // 3, n % 3, f"{n}") for n in range(90)]
    values = ", ".join(f"({a}, '{b}', '{c}')" for a, b, c in rows)
    plain = "CREATE TABLE {} (ind BIGINT, age TEXT, first_name TEXT)"
    numbered = "CREATE TABLE {} (id INT AUTO_INCREMENT PRIMARY KEY, ind BIGINT, age TEXT)"
    query(
        *(mariadb, database),
        plain.format("user_data"),
        f"INSERT INTO user_data VALUES {values}",
        numbered.format("geolocation_data"),
        *(f"INSERT INTO geolocation_data (ind, age) VALUES ({a}, {c})" for a, _, c in rows),
        plain.format("pinterest_data"),
    )
    users = records(mariadb, database, "user")
    geos = records(mariadb, database, "geo")
    assert [json.loads(row)["ind"] for row in users] == list(range(30))
    assert [json.loads(row)["age"] for row in geos] == [str(3 * n) for n in range(30)]
    for page in ("1", "2", "7", "89", "90"):
        assert records(mariadb, database, "user", page=page) == users
        assert records(mariadb, database, "geo", page=page) == geos


@pytest.mark.usefixtures("password")
def test_values_are_as_in_csv_by_their_types(mariadb: MariaDB, database: str) -> None:
    query(
        *(mariadb, database),
        "CREATE TABLE user_data (ind INT UNSIGNED PRIMARY KEY, first_name VARCHAR(50),"
        " age DECIMAL(5,2), date_joined DATETIME(6), born DATE, b BIT(9), blob_ BLOB,"
        " e ENUM('x','y'), f FLOAT,"
        " t TIME, js JSON, seen TIMESTAMP NULL) CHARACTER SET latin1",
        "SET time_zone = '+05:00'",
        "INSERT INTO user_data VALUES (4000000000, 'é \"q\" \\\\ \\n', 20.50,"
        " '2019-01-02 03:04:05.5', '2019-01-02', b'100000001', x'00ff', 'y', 0.1, '-01:02:03',"
        " '{\"a\": 1}', '2019-01-02 05:00:00')",
        "INSERT INTO user_data (ind) VALUES (0)",
    )
    options = {"tables.pin": "", "tables.geo": ""}
    nulls, row = (json.loads(one) for one in records(mariadb, database, "user", **options))
    assert row == {
        "ind": 4000000000,
        "first_name": 'é "q" \\ \n',
        "age": 20.5,
        "date_joined": "2019-01-02T03:04:05.500000",
        "born": "2019-01-02",
        "b": "257",
        "blob_": "AP8=",
        "e": "y",
        "f": "0.1",
        "t": "-01:02:03",
        "js": '{"a": 1}',
        "seen": "2019-01-02 00:00:00",
    }
    assert nulls == {"ind": 0, **dict.fromkeys(list(row)[1:])}


@pytest.mark.usefixtures("password")
@pytest.mark.parametrize(
    ("table", "why"),
    [
        ("(ind BIGINT, age INT); INSERT INTO user_data VALUES (1, 1), (NULL, 2)", "without key"),
        ("(ind BIGINT, age INT); INSERT INTO user_data VALUES (1, 1), (-1, 2)", "without key"),
        ("(ind TEXT, age INT)", "has to be a whole number"),
        ("(id INT, age INT)", "no column ind"),
    ],
)
def test_tables_without_usable_keys_are_refused(
    mariadb: MariaDB, database: str, table: str, why: str
) -> None:
    from pinlake.errors import SourceError

    query(mariadb, database, *f"CREATE TABLE user_data {table}".split("; "))
    with pytest.raises(SourceError, match=why):
        records(mariadb, database, "user", **{"tables.pin": "", "tables.geo": ""})


def test_over_tls_certificate_and_host_are_checked(
    mariadb: MariaDB, loaded: str, tmp_path: Path
) -> None:
    ca = mariadb.certificate.authority
    words = ("emulate", "--count", "1", "--to", "-", "--from")
    for query_, encrypted in [("", False), (f"?tls=required&ca={ca}", True), (f"?ca={ca}", True)]:
        with Tap("127.0.0.1", mariadb.port) as tap:
            where = url(mariadb, loaded).replace(f":{mariadb.port}", f":{tap.port}")
            done = pinlake(*words, where + query_, cwd=tmp_path, env=login(mariadb))
        assert done.returncode == 0, done.stderr
        assert (b"pinterest_data" in tap.heard) is not encrypted
        assert mariadb.password.encode() not in tap.heard
    Path(tmp_path, "none.pem").write_text("nothing", encoding="utf-8")
    for query_, host, why in [
        ("tls=required", "127.0.0.1", "of no authority that is trusted"),
        (f"ca={ca}", "127.0.0.2", 'not one of "127.0.0.2"'),
        ("ca=nowhere.pem", "127.0.0.1", "nowhere.pem: cannot be read"),
        ("ca=none.pem", "127.0.0.1", "no certificate in PEM form"),
        ("tls=maybe", "127.0.0.1", "use required or off"),
    ]:
        with Tap(host, mariadb.port) as tap:
            bad = url(mariadb, loaded, host).replace(f":{mariadb.port}", f":{tap.port}")
            assert why in refused(*words, f"{bad}?{query_}", cwd=tmp_path, env=login(mariadb))
        assert b"pinterest_data" not in tap.heard


class Tap:
    """An address behind which the server answers once, and what clients said to it there."""

    def __init__(self, host: str, to: int) -> None:
        self.heard = b""
        self._to = to
        self._listening = socket.create_server((host, 0))
        self.port = int(self._listening.getsockname()[1])

    def __enter__(self) -> Tap:
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        # Wakes who still waits for a client.
        socket.create_connection(self._listening.getsockname()).close()
        self._thread.join()
        self._listening.close()

    def _serve(self) -> None:
        client, _ = self._listening.accept()
        server = socket.create_connection(("127.0.0.1", self._to))
        back = threading.Thread(target=self._pump, args=(server, client))
        back.start()
        self._pump(client, server, hear=True)
        back.join()
        client.close()
        server.close()

    def _pump(self, one: socket.socket, other: socket.socket, *, hear: bool = False) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(1 << 16):
                if hear:
                    self.heard += data
                other.sendall(data)
        with contextlib.suppress(OSError):
            other.shutdown(socket.SHUT_WR)


def test_a_server_without_tls_is_named(tmp_path: Path) -> None:
    """A greeting as MariaDB 10.11 sends it, without the flag of TLS."""
    greeting = (
        b"\x0a5.5.5-10.11.0-MariaDB\x00\x01\x00\x00\x00abcdefgh\x00\xff\xf7\x2d\x02\x00\xff\x81\x15"
        + bytes(10)
        + b"abcdefghijkl\x00mysql_native_password\x00"
    )
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            client, _ = listening.accept()
            client.sendall(len(greeting).to_bytes(3, "little") + b"\x00" + greeting)
            client.recv(1000)
            client.close()

        threading.Thread(target=serve, daemon=True).start()
        where = f"mysql://me@127.0.0.1:{listening.getsockname()[1]}/x?tls=required"
        said = refused(
            *("emulate", "--from", where, "--to", "-"),
            cwd=tmp_path,
            env={"PINLAKE_MYSQL_PASSWORD": CANARY},
        )
    assert "TLS is asked for, and the server has none" in said


def test_what_cannot_be_reached_or_is_refused_takes_one_line(
    mariadb: MariaDB, loaded: str, database: str, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        nobody = gone.getsockname()[1]
    own = login(mariadb)
    wrong: dict[str, str | None] = {"PINLAKE_MYSQL_PASSWORD": CANARY}
    good = url(mariadb, loaded)
    for source, env, why in [
        (good.replace(str(mariadb.port), str(nobody)), wrong, "cannot connect"),
        (good.replace("127.0.0.1", "no.such.host.invalid"), wrong, "cannot connect"),
        (good, wrong, f'user "{mariadb.user}" is refused'),
        (good, {}, "no password for the database: give PINLAKE_MYSQL_PASSWORD"),
        (good.replace(f"{mariadb.user}@", ""), wrong, "no user for the database"),
        (url(mariadb, "pinlake_absent"), own, 'no database "pinlake_absent" there'),
        (url(mariadb, "mysql"), own, 'no right to a database "mysql"'),
        (url(mariadb, database), own, "table pinterest_data: is not there"),
        (good + "?tables.pin=absent", own, "table absent: is not there"),
        (good.replace("@", f":{CANARY}@"), wrong, "a mysql:// URL holds no password"),
        (good + f"?password={CANARY}", wrong, "is no option of mysql: set PINLAKE_MYSQL_PASSWORD"),
        (good + "?tsl=off", wrong, "is no option"),
        ("mysql://", wrong, "no user for the database"),
        (good, {"PINLAKE_MYSQL_PASSWORD_FILE": "gone"}, "gone, which PINLAKE_MYSQL_PASSWORD_FILE"),
    ]:
        said = refused("emulate", "--from", source, "--to", "files:out", cwd=tmp_path, env=env)
        assert why in said, said
    assert not Path(tmp_path, "out").exists()


def test_credentials_come_from_the_first_place_that_has_them(
    mariadb: MariaDB, loaded: str, tmp_path: Path
) -> None:
    words = ("emulate", "--count", "1", "--to", "-", "--from")

    def goes(source: str = "mysql://", env: dict[str, str | None] | None = None) -> bool:
        done = pinlake(*words, source, cwd=tmp_path, env=env)
        assert mariadb.password not in done.stdout + done.stderr
        return done.returncode == 0

    creds = tmp_path / "db_creds.yaml"
    creds.write_text(
        f"RDS_HOST: 127.0.0.1\nRDS_USER: {mariadb.user}\nRDS_PASSWORD: '{mariadb.password}'\n"
        f"RDS_DATABASE: {loaded}\nRDS_PORT: {mariadb.port}\n",
        encoding="utf-8",
    )
    toml = tmp_path / "pinlake.toml"
    toml.write_text('[mysql]\ncredentials = "db_creds.yaml"\n', encoding="utf-8")
    assert goes()
    wrong: dict[str, str | None] = {"PINLAKE_MYSQL_PASSWORD": CANARY}
    assert not goes(env=wrong)
    secret = tmp_path / "secret"
    secret.write_text(mariadb.password + "\n", encoding="utf-8")
    toml.write_text("", encoding="utf-8")
    bare = url(mariadb, loaded).replace(f"{mariadb.user}@", "")
    named: dict[str, str | None] = {"PINLAKE_MYSQL_USERNAME": mariadb.user}
    assert goes(bare, {**named, "PINLAKE_MYSQL_PASSWORD_FILE": str(secret)})
    dotenv = tmp_path / ".env"
    dotenv.write_text(
        f"PINLAKE_MYSQL_USERNAME={mariadb.user}\n"
        f"export PINLAKE_MYSQL_PASSWORD='{mariadb.password}'\n"
        f"PINLAKE_EMULATE__SOURCE={bare}\nOTHER=x\n",
        encoding="utf-8",
    )
    assert goes(bare)
    done = pinlake("emulate", "--count", "1", "--to", "-", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    # What the environment says goes first.
    assert not goes(bare, wrong)


def test_a_password_stands_in_no_list_of_processes(
    mariadb: MariaDB, loaded: str, tmp_path: Path
) -> None:
    words = ("emulate", "--from", url(mariadb, loaded), "--rate", "50", "--to", "files:out")
    with subprocess.Popen(
        [EXECUTABLE, *words, "--duration", "2"],
        cwd=tmp_path,
        env=environment(login(mariadb)),
        stderr=subprocess.PIPE,
    ) as run:
        seen = {Path(f"/proc/{run.pid}/cmdline").read_bytes()}
        while run.poll() is None:
            listed = query(mariadb, None, "SHOW FULL PROCESSLIST")
            assert mariadb.password not in str(listed)
        assert not any(mariadb.password.encode() in line for line in seen)
        assert run.stderr is not None
        assert mariadb.password.encode() not in run.stderr.read()
    assert run.returncode == 0


def test_a_secret_of_aws_gives_all_of_it(
    mariadb: MariaDB, localstack: LocalStack, loaded: str, tmp_path: Path
) -> None:
    secrets = client(localstack, "secretsmanager")
    held = {"username": mariadb.user, "password": mariadb.password, "engine": "mysql"}
    held |= {"host": "127.0.0.1", "port": mariadb.port, "dbname": loaded}
    made = secrets.create_secret(Name="pins/db", SecretString=json.dumps(held))
    secrets.create_secret(Name="pins/text", SecretString=CANARY)
    env: dict[str, str | None] = {**localstack.addresses}
    words = ("emulate", "--count", "1", "--to", "-", "--from", "mysql://")

    def secret(name: str) -> None:
        toml = Path(tmp_path, "pinlake.toml")
        toml.write_text(f'[mysql]\nsecret = "{name}"\n', encoding="utf-8")

    for name in ("pins/db", made["ARN"]):
        secret(name)
        done = pinlake(*words, cwd=tmp_path, env=env)
        assert done.returncode == 0, done.stderr
        assert mariadb.password not in done.stdout + done.stderr
    secret("pins/absent")
    assert "ResourceNotFoundException" in refused(*words, cwd=tmp_path, env=env)
    secret("pins/text")
    assert "no JSON object" in refused(*words, cwd=tmp_path, env=env)
    bare = {name: value for name, value in env.items() if "KEY" not in name}
    nowhere = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    assert "no AWS credentials" in refused(*words, cwd=tmp_path, env={**bare, **nowhere})
    # Asked only for what is nowhere else.
    gone = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "PINLAKE_MYSQL_PASSWORD": mariadb.password}
    done = pinlake(*words[:-1], url(mariadb, loaded), cwd=tmp_path, env={**env, **gone})
    assert done.returncode == 0, done.stderr


def dumped(mariadb: MariaDB, database: str, folder: Path, *more: str) -> Path:
    """A dump by MariaDB's own program."""
    program = shutil.which("mariadb-dump")
    assert program
    done = subprocess.run(
        [
            *(program, "--no-defaults", "--host=127.0.0.1", f"--port={mariadb.port}"),
            *(f"--user={mariadb.user}", "--skip-ssl", *more, database),
        ],
        env={**os.environ, "MYSQL_PWD": mariadb.password},
        capture_output=True,
        check=True,
    )
    made = folder / "pinterest_data_db.sql"
    made.write_bytes(done.stdout)
    return made


@pytest.mark.parametrize("more", [(), ("--skip-extended-insert", "--complete-insert")])
def test_a_dump_loads_into_the_same_records(
    mariadb: MariaDB, loaded: str, database: str, tmp_path: Path, more: tuple[str, ...]
) -> None:
    dump = dumped(mariadb, loaded, tmp_path, *more)
    packed = dump.with_suffix(".sql.gz")
    packed.write_bytes(gzip.compress(dump.read_bytes()))
    to = ("--to", url(mariadb, database))
    done = pinlake("load", packed, *to, cwd=tmp_path, env=login(mariadb))
    assert done.returncode == 0, done.stderr
    assert "11,154" in done.stdout
    wanted = emulated(url(mariadb, loaded), tmp_path, login(mariadb))
    assert emulated(url(mariadb, database), tmp_path, login(mariadb)) == wanted
    checksums = f"CHECKSUM TABLE {', '.join(TABLES)}"
    own = [row[1] for row in query(mariadb, database, checksums)]
    assert own == [row[1] for row in query(mariadb, loaded, checksums)]
    again = refused("load", dump, *to, cwd=tmp_path, env=login(mariadb))
    assert "is there already; --replace" in again
    done = pinlake("load", dump, *to, "--replace", cwd=tmp_path, env=login(mariadb))
    assert done.returncode == 0, done.stderr
    assert len(query(mariadb, database, "SHOW TABLES")) == 3


MYSQL_8 = """\
-- MySQL dump 10.13  Distrib 8.0.34, for Linux (x86_64)
/*!50503 SET NAMES utf8mb4 */;
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;
SET @@GLOBAL.GTID_PURGED=/*!80000 '+'*/ '';
CREATE DATABASE /*!32312 IF NOT EXISTS*/ `pinterest_data` /*!80016 DEFAULT ENCRYPTION='N' */;
USE `pinterest_data`;
DROP TABLE IF EXISTS `user_data`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!50503 SET character_set_client = utf8mb4 */;
CREATE TABLE `user_data` (
  `ind` bigint DEFAULT NULL,
  `first_name` text COLLATE utf8mb4_0900_ai_ci,
  `last_name` text,
  `age` bigint DEFAULT NULL,
  `date_joined` datetime DEFAULT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci;
LOCK TABLES `user_data` WRITE;
/*!40000 ALTER TABLE `user_data` DISABLE KEYS */;
INSERT INTO `user_data` VALUES
  (0,'Zo\\'e; -- é','O\\\\x',20,'2015-10-21 21:26:45'),(1,NULL,'',NULL,NULL);
/*!40000 ALTER TABLE `user_data` ENABLE KEYS */;
UNLOCK TABLES;
CREATE TABLE `other` (`a` int);
INSERT INTO `other` VALUES (1);
-- Dump completed
"""


def test_a_dump_of_mysql_8_is_taken_without_what_mariadb_lacks(
    mariadb: MariaDB, database: str, tmp_path: Path
) -> None:
    Path(tmp_path, "d.sql").write_text(MYSQL_8, encoding="utf-8")
    words = ("load", "d.sql", "--to", url(mariadb, database), "--json")
    done = pinlake(*words, cwd=tmp_path, env=login(mariadb))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [{"table": "user_data", "rows": 2}]
    rows = query(mariadb, database, "SELECT ind, first_name, last_name, age FROM user_data")
    assert rows == [(0, "Zo'e; -- é", "O\\x", 20), (1, None, "", None)]
    assert query(mariadb, database, "SHOW TABLES") == [("user_data",)]


@pytest.mark.parametrize(
    ("dump", "why"),
    [
        (MYSQL_8 + "DROP DATABASE x;", "line 26: DROP DATABASE"),
        (MYSQL_8.replace("VALUES (1)", "SELECT 1"), "line 24: an INSERT of something else"),
        (MYSQL_8[: MYSQL_8.index(",'O")], "the middle of a statement"),
        (MYSQL_8.replace("'2015-10-21 21:26:45'", "'soon'"), "soon"),
        (MYSQL_8.replace("(0,", "(0,1,"), "differ in their number of values"),
        ("SELECT 1;", "line 1: SELECT"),
        ("-- nothing\n", "holds none of the tables"),
    ],
)
def test_a_load_that_fails_changes_nothing(
    mariadb: MariaDB, database: str, tmp_path: Path, dump: str, why: str
) -> None:
    make = "CREATE TABLE user_data (ind INT)"
    query(mariadb, database, make, "INSERT INTO user_data VALUES (7)")
    Path(tmp_path, "d.sql").write_text(dump, encoding="utf-8")
    words = ("load", "d.sql", "--to", url(mariadb, database), "--replace")
    assert why in refused(*words, cwd=tmp_path, env=login(mariadb))
    assert query(mariadb, database, "SHOW TABLES") == [("user_data",)]
    assert query(mariadb, database, "SELECT * FROM user_data") == [(7,)]


def test_values_that_the_types_do_not_carry_are_refused(
    mariadb: MariaDB, database: str, tmp_path: Path
) -> None:
    csv = "ind,first_name,age\n1,a,20\n2,b,20.5\n"
    Path(tmp_path, "user_data.csv").write_text(csv, encoding="utf-8")
    to = ("--to", url(mariadb, database))
    said = refused("load", "user_data.csv", *to, cwd=tmp_path, env=login(mariadb))
    assert "table user_data, row 2, age: no whole number" in said
    assert query(mariadb, database, "SHOW TABLES") == []
    nowhere = refused("load", "nowhere", *to, cwd=tmp_path, env=login(mariadb))
    assert "nowhere: no such file or folder" in nowhere
    assert "--to mysql://" in refused("load", "user_data.csv", cwd=tmp_path, env=login(mariadb))


def test_doctor_looks_at_the_database_that_is_configured(
    mariadb: MariaDB, loaded: str, tmp_path: Path
) -> None:
    env: dict[str, str | None] = {"PINLAKE_EMULATE__SOURCE": url(mariadb, loaded), "JAVA_HOME": ""}

    def told(more: dict[str, str | None]) -> dict[str, str]:
        done = pinlake("doctor", "--json", cwd=tmp_path, env={**env, **more})
        assert CANARY not in done.stdout + done.stderr
        found: list[dict[str, str]] = json.loads(done.stdout)
        return next(one for one in found if one["what"] == "mysql")

    good = told(login(mariadb))
    assert good["state"] == "ok"
    assert "user_data 11,154 rows" in good["found"]
    wrong = told({"PINLAKE_MYSQL_PASSWORD": CANARY})
    assert (wrong["state"], "is refused" in wrong["found"]) == ("missing", True)


def test_no_ledger_holds_the_password(mariadb: MariaDB, loaded: str, tmp_path: Path) -> None:
    words = ("--from", url(mariadb, loaded), "--to", "landing:l", "--ledger", "run.ledger")
    done = pinlake("emulate", *words, "--count", "50", cwd=tmp_path, env=login(mariadb))
    assert done.returncode == 0, done.stderr
    assert mariadb.password.encode() not in Path(tmp_path, "run.ledger").read_bytes()
    again = ("--from", url(mariadb, loaded) + "?page=5", *words[2:], "--count", "60", "--resume")
    done = pinlake("emulate", *again, cwd=tmp_path, env=login(mariadb))
    assert done.returncode == 0, done.stderr
