"""Settings: where they come from, and one clear line for each mistake."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from pinlake import _fault
from pinlake._kinds import Kind
from pinlake._tables import Warehouse
from pinlake.config import VARIABLES, load, seconds
from pinlake.errors import ConfigError, is_secret, mask, one_line

pytestmark = pytest.mark.usefixtures("no_settings")


def write(text: str, name: str = "pinlake.toml") -> None:
    Path(name).write_text(text, encoding="utf-8")


def refused(text: str) -> str:
    write(text)
    with pytest.raises(ConfigError) as caught:
        load()
    told = str(caught.value)
    assert "\n" not in told
    assert "pinlake.toml" in told
    return told


def test_arguments_go_before_the_environment_before_the_file_before_defaults(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write(
        'landing = "file"\nwarehouse = "file"\nuser_id = "file"\n[emulate]\ncount = 1\nseed = 1\n'
    )
    monkeypatch.setenv("PINLAKE_LANDING", "environment")
    monkeypatch.setenv("PINLAKE_WAREHOUSE", "environment")
    monkeypatch.setenv("PINLAKE_EMULATE__COUNT", "2")
    config = load(landing="argument", warehouse=None, emulate={"order": "seed100", "seed": None})
    assert (config.landing, config.warehouse, config.user_id) == (
        "argument",
        "environment",
        "file",
    )
    assert (config.emulate.count, config.emulate.seed, config.emulate.order) == (2, 1, "seed100")
    assert config.gap_patience == 86400
    origins = {key: where for key, _, where in config.shown()}
    assert origins["landing"] == "argument"
    assert origins["warehouse"] == "PINLAKE_WAREHOUSE"
    assert origins["user_id"] == "pinlake.toml"
    assert origins["emulate.count"] == "PINLAKE_EMULATE__COUNT"
    assert origins["epoch"] == origins["spark"] == "default"


def test_options_of_a_stream_are_texts_by_their_whole_names() -> None:
    write('[stream]\noptions = {maxOffsetsPerTrigger = 10, kafka.ssl.protocol = "TLSv1.3"}\n')
    assert load().stream.options == {
        "maxOffsetsPerTrigger": "10",
        "kafka.ssl.protocol": "TLSv1.3",
    }


def test_each_setting_of_spark_and_of_a_table_has_its_own_origin(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write('[spark]\ndriver.memory = "2g"\n"spark.a" = "1"\n[demo]\nposts = 5\n')
    monkeypatch.setenv("PINLAKE_SPARK__X", "3")
    monkeypatch.setenv("PINLAKE_SPARK__SPARK__Y__Z", "3")
    monkeypatch.setenv("PINLAKE_DEMO", '{"flush_size": 7}')
    monkeypatch.setenv("pinlake_epoch", "2")
    config = load(spark={"spark.b": "4"})
    shown = {key: (value, where) for key, value, where in config.shown()}
    assert shown["spark.x"] == ("3", "PINLAKE_SPARK__X")
    assert shown["spark.y.z"] == ("3", "PINLAKE_SPARK__SPARK__Y__Z")
    assert shown["spark.driver.memory"] == ("2g", "pinlake.toml")
    assert shown["spark.a"] == ("1", "pinlake.toml")
    assert shown["spark.b"] == ("4", "argument")
    assert shown["demo.posts"] == (5, "pinlake.toml")
    assert shown["demo.flush_size"] == (7, "PINLAKE_DEMO")
    assert shown["demo.out"] == ("pinlake-demo", "default")
    assert shown["epoch"] == (2, "pinlake_epoch")
    monkeypatch.setenv("PINLAKE_SPARK", '{"spark.a": "5"}')
    shown = {key: (value, where) for key, value, where in load().shown()}
    assert shown["spark.a"] == ("5", "PINLAKE_SPARK")
    assert shown["spark.driver.memory"] == ("2g", "pinlake.toml")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('landng = "x"', "unknown key 'landng'; did you mean 'landing'?"),
        ("[emulat]\ncount = 1", "unknown key 'emulat'; did you mean 'emulate'?"),
        ("[emulate]\ncuont = 1", "unknown key 'emulate.cuont'; did you mean 'count'?"),
        ("[kinds.b]\ncolums = []", "unknown key 'kinds.b.colums'; did you mean 'columns'?"),
        ('[kinds.b]\nkey = "k"', "kinds.b.columns: field required"),
        ('[[kinds.b.columns]]\nname = "x"\nrul = "y"', "did you mean 'rule'?"),
        ('[[kinds.b.columns]]\nname = "x"\nrule = "integr"', "did you mean 'integer'?"),
        ('[[kinds.b.columns]]\nname = "x"\nrule = "prefix"', "rule 'prefix' needs 'prefix'"),
        ('[[kinds.b.columns]]\nname = "x"\nprefix = "y"', "rule 'text' takes no 'prefix'"),
        ('[[kinds.pin.columns]]\nname = "x"', "kind 'pin' is built in"),
        ('[[kinds.b.columns]]\nname = "X"', "lower-case"),
        ('[[kinds.b.columns]]\nname = "_errors"', "leading _"),
        ('[placeholders.pin]\ntitel = ["x"]', "unknown column 'titel'; did you mean 'title'?"),
        ('[placeholders.pins]\ntitle = ["x"]', "unknown kind 'pins'; did you mean 'pin'?"),
        ('[placeholders.pin]\ntitle = [{ regex = "(" }]', "regex"),
        ('[placeholders.pin]\ntitle = [{ regexp = "x" }]', "regexp"),
        ('[tables]\npin = "geo"', "would share the table 'geo'"),
        ('[tables]\npin = "GEO"', "would share the table"),
        ('[tables]\npin = "a-b"', "letters, digits and _ only"),
        ('[tables]\npin = ""', "letters, digits and _ only"),
        ('[tables]\nuser = "_stage_user"', "begin with _stage_"),
        ('[tables]\nruns = "_Stage_runs"', "begin with _stage_"),
        ('[kinds.b]\ntable = "_stage_pin"\ncolumns = [{ name = "x" }]', "begin with _stage_"),
        ('[tables]\npinn = "x"', "did you mean 'pin'?"),
        ('kind = ["pinn"]', "unknown kind 'pinn'; did you mean 'pin'?"),
        ('invalid = "qurantine"', "did you mean 'quarantine'?"),
        ("max_quarantine = 2", "max_quarantine = 2"),
        ('gap_patience = "1w"', "90s, 30m, 24h, 2d"),
        ('[emulate]\nrate = "-1"', "a number of posts a second"),
        ("landing = 5", "should be a valid string"),
        ("x = ", "not TOML"),
        ('[storage]\nsecret_access_key = "abc"', "is a credential"),
        ('[stream.options]\n"kafka.sasl.jaas.config" = "abc"', "PINLAKE_KAFKA_PASSWORD"),
        ('[stream.options]\nkafka.ssl.key.password = "abc"', "is a credential"),
    ],
)
def test_each_mistake_in_the_file_is_one_clear_line(text: str, wanted: str) -> None:
    told = refused(text)
    assert wanted in told
    assert "abc" not in told


def test_a_mistake_in_the_environment_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PINLAKE_MAX_ERRORS", "many")
    with pytest.raises(ConfigError, match=r"^PINLAKE_MAX_ERRORS: max_errors = 'many'"):
        load()
    monkeypatch.delenv("PINLAKE_MAX_ERRORS")
    monkeypatch.setenv("PINLAKE_TABLES", "not json")
    with pytest.raises(ConfigError, match="tables"):
        load()


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("PINLAKE_LANDNG", "PINLAKE_LANDING"),
        ("pinlake_landng", "PINLAKE_LANDING"),
        ("PINLAKE_EMULAT__COUNT", "PINLAKE_EMULATE"),
        ("PINLAKE_JAR", "PINLAKE_JARS"),
    ],
)
def test_a_variable_that_is_no_setting_is_refused(
    name: str, near: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "hunter2")
    wanted = f"environment: {name} is no setting; did you mean '{near}'?"
    with pytest.raises(ConfigError) as caught:
        load()
    assert str(caught.value) == wanted


def test_a_typo_within_a_table_of_variables_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PINLAKE_EMULATE__CUONT", "1")
    with pytest.raises(ConfigError, match=r"^PINLAKE_EMULATE__CUONT: .*did you mean 'count'"):
        load()


def test_an_env_file_goes_before_the_settings_file_and_behind_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write('landing = "file"\nwarehouse = "file"\nuser_id = "file"\n[emulate]\ncount = 1\nseed = 1')
    write(
        "# ours\nexport PINLAKE_LANDING='env file'\nPINLAKE_WAREHOUSE=x # not this\n"
        "PINLAKE_EMULATE__COUNT=2\npinlake_kind=pin,geo\nPINLAKE_MYSQL__TABLES__PIN=posts\n"
        "PINLAKE_MYSQL_PASSWORD=hunter2\nOTHER='a\nb'\n",
        ".env",
    )
    monkeypatch.setenv("PINLAKE_WAREHOUSE", "environment")
    config = load()
    assert (config.landing, config.warehouse, config.user_id) == ("env file", "environment", "file")
    assert (config.emulate.count, config.emulate.seed, config.kind) == (2, 1, ["pin", "geo"])
    assert config.mysql == {"tables.pin": "posts"}
    shown = {key: where for key, _, where in config.shown()}
    assert shown["landing"] == ".env: PINLAKE_LANDING"
    assert shown["warehouse"] == "PINLAKE_WAREHOUSE"
    assert shown["emulate.count"] == ".env: PINLAKE_EMULATE__COUNT"
    assert shown["emulate.seed"] == "pinlake.toml"
    assert "hunter2" not in str(config.shown())
    assert "PINLAKE_MYSQL_PASSWORD" not in os.environ


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("PINLAKE_LANDNG=hunter2", ".env: PINLAKE_LANDNG is no setting; did you mean"),
        ("A\nPINLAKE_A hunter2", ".env, line 2: no = behind the name"),
        ("PINLAKE_CONFIG=hunter2", ".env: PINLAKE_CONFIG is read from the environment only"),
        ("PINLAKE_EMULATE__COUNT=many", ".env: PINLAKE_EMULATE__COUNT: emulate.count = 'many'"),
    ],
)
def test_each_mistake_in_an_env_file_is_one_clear_line(text: str, wanted: str) -> None:
    write(text, ".env")
    with pytest.raises(ConfigError) as caught:
        load()
    assert str(caught.value).startswith(wanted)
    assert "hunter2" not in str(caught.value)


def test_options_of_a_database_say_where_secrets_are_and_none_is_one() -> None:
    write('[mysql]\nsecret = "prod/db"\ncredentials = "db.yaml"\n[mysql.tables]\ngeo = ""')
    config = load()
    assert config.options_of("mysql://h/x") == config.mysql
    shown = {key: value for key, value, _ in config.shown()}
    assert shown["mysql.secret"] == "prod/db"
    assert shown["mysql.tables.geo"] == ""
    write('[mysql]\npassword = "hunter2"')
    with pytest.raises(ConfigError, match="PINLAKE_MYSQL_PASSWORD") as caught:
        load()
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("sasl.password", "PINLAKE_KAFKA_PASSWORD_FILE"),
        ("sasl.pasword", "PINLAKE_KAFKA_PASSWORD_FILE"),
        ("ssl.key.password", "PINLAKE_KAFKA_PASSWORD_FILE"),
        ("sasl.oauthbearer.config", "PINLAKE_KAFKA_PASSWORD_FILE"),
        ("sasl.oauthbearer.assertion.private.key.passphrase", "PINLAKE_KAFKA_PASSWORD_FILE"),
        ("sasl.oauthbearer.assertion.algorithm", "PINLAKE_KAFKA_PASSWORD_FILE"),
        ("ssl.key.pem", "ssl.key.location"),
        ("ssl.certificate.pem", "ssl.certificate.location"),
    ],
)
def test_a_secret_among_kafkas_properties_is_refused_with_where_it_may_stand(
    name: str, wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for text in (f'[kafka]\n"{name}" = "hunter2"', f'[kafka]\n{name} = "hunter2"'):
        told = refused(text)
        assert f"'{name}' is a credential" in told
        assert wanted in told
        assert "hunter2" not in told
    write("")
    monkeypatch.setenv("PINLAKE_KAFKA__" + name.upper().replace(".", "__"), "hunter2")
    with pytest.raises(ConfigError, match=wanted) as caught:
        load()
    assert "hunter2" not in str(caught.value)


def test_where_kafkas_key_stands_is_no_secret_and_any_login_is_masked() -> None:
    write(
        '[kafka]\nssl.key.location = "key.pem"\nssl.certificate.location = "c.pem"\n'
        'sasl.mechanism = "PLAIN"\nsasl.pwd = "hunter2"'
    )
    shown = {key: value for key, value, _ in load().shown()}
    assert shown["kafka.ssl.key.location"] == "key.pem"
    assert shown["kafka.ssl.certificate.location"] == "c.pem"
    assert shown["kafka.sasl.mechanism"] == "PLAIN"
    assert shown["kafka.sasl.pwd"] == "***"
    assert "hunter2" not in str(shown)


def test_variables_that_are_read_elsewhere_are_no_typos(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*VARIABLES, _fault.VARIABLE, "PINLAKE_TEST_CONNECT", "PINLAKE_TEST_ANYTHING"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("PINLAKE_CONFIG", "other.toml")
    write('landing = "here"', "other.toml")
    assert load().landing == "here"


def test_a_file_that_was_asked_for_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    load()
    with pytest.raises(FileNotFoundError):
        load(file="other.toml")
    monkeypatch.setenv("PINLAKE_CONFIG", "other.toml")
    with pytest.raises(FileNotFoundError):
        load()
    write('landing = "here"', "other.toml")
    assert load().landing == "here"


def test_a_byte_order_mark_and_words_in_the_environment_are_fine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path("pinlake.toml").write_bytes(b"\xef\xbb\xbflanding = 'x'\n")
    monkeypatch.setenv("PINLAKE_KIND", "pin, geo")
    config = load()
    assert (config.landing, config.kind) == ("x", ["pin", "geo"])


def test_a_kind_of_yours_is_a_table() -> None:
    write(
        """
        [placeholders.pin]
        title = ["n/a", { regex = "^-+$" }]
        [tables]
        pin = "0affd9571f39_pin_table"
        [kinds.board]
        table = "boards"
        columns = [
            { name = "board_title", placeholders = ["none"] },
            { name = "saves", rule = "count" },
            { name = "score", rule = "number", min = 0, max = 5.5 },
            { name = "owner", rule = "joined", fields = ["first", "last"] },
        ]
        """
    )
    plans = {name: json.loads(plan) for name, plan in load().plans().items()}
    assert list(plans) == ["pin", "geo", "user", "board"]
    board = plans["board"]
    assert (board["table"], board["key"]) == ("boards", "index")
    assert [column["name"] for column in board["columns"]] == [
        "board_title",
        "saves",
        "score",
        "owner",
    ]
    assert board["columns"][0]["fields"] == ["board_title"]
    assert board["columns"][3]["separator"] == " "
    assert "latitude" in board["foreign"]
    assert "board_title" in plans["pin"]["foreign"]
    title = next(column for column in plans["pin"]["columns"] if column["name"] == "title")
    assert title["placeholders"] == ["No Title Data Available", "n/a", {"regex": "^-+$"}]


def test_tables_are_called_as_the_warehouse_is_told() -> None:
    """The originals' `<user id>_pin_table` starts with a digit; plans keep their own name."""
    write(
        """
        [tables]
        pin = "0affd9571f39_pin_table"
        runs = "Runs"
        [kinds.b]
        columns = [{ name = "x" }]
        """
    )
    config = load(warehouse="main.social")
    plans = config.plans()
    warehouse = Warehouse.of("main.social", config.tables)
    assert [warehouse.silver(Kind.of(plans[name])) for name in ("pin", "geo", "b")] == [
        "`main`.`social`.`0affd9571f39_pin_table`",
        "`main`.`social`.`geo`",
        "`main`.`social`.`b`",
    ]
    assert warehouse.runs == "`main`.`social`.`Runs`"
    assert Kind.of(plans["pin"]).table == "pins"


def test_only_the_kinds_asked_for() -> None:
    assert list(load(kind=["user", "pin"]).plans()) == ["pin", "user"]


def test_secrets_are_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    write(
        """
        landing = "https://me:hunter2@host/landing"
        [spark]
        "spark.hadoop.fs.s3a.secret.key" = "hunter2"
        driver.memory = "2g"
        """
    )
    shown = {key: value for key, value, _ in load().shown()}
    assert shown["landing"] == "https://***@host/landing"
    assert shown["spark.hadoop.fs.s3a.secret.key"] == "***"
    assert shown["spark.driver.memory"] == "2g"
    assert "hunter2" not in repr(shown)
    assert load().spark["spark.driver.memory"] == "2g"
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI")
    assert "wJalr" not in mask("denied for wJalrXUtnFEMI")
    assert is_secret("AWS_SESSION_TOKEN")
    assert not is_secret("warehouse")


def test_one_line_says_what_and_where() -> None:
    assert one_line(FileNotFoundError(2, "No such file", "/a/b")).startswith("/a/b: no such file")
    assert "permission denied" in one_line(PermissionError(13, "Permission denied", "/a"))
    assert one_line(ValueError("a\n b")) == "a b"
    assert "ValueError" in one_line(ValueError())


@pytest.mark.parametrize(
    ("given", "wanted"), [("90", 90), ("90s", 90), ("1.5m", 90), ("2h", 7200), ("1d", 86400)]
)
def test_durations(given: str, wanted: float) -> None:
    assert seconds(given) == wanted
