"""Settings: arguments > environment (`PINLAKE_…`) > `.env` > `pinlake.toml` > defaults.

Reading is strict: a key or a variable that does not exist is a `ConfigError` naming the file, the
key and the nearest one that does. `pinlake config` prints what holds and where each value comes
from.

```toml
landing = "s3://my-bucket"
warehouse = "main.social"
max_quarantine = 0.01

[placeholders.pin]
title = ["n/a", { regex = "^-+$" }]

[kinds.board]
columns = [{ name = "title" }, { name = "saves", rule = "count" }]
```
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from pinlake import _core
from pinlake._kindtable import KindTable, Placeholder, Strict
from pinlake._settings import explain, origin, read_file, variables
from pinlake._tables import check_name
from pinlake.errors import ConfigError, is_secret, mask

PREFIX = "PINLAKE_"
NESTED = "__"
# Read by pinlake beside the settings.
VARIABLES = (
    "PINLAKE_CONFIG",
    "PINLAKE_DATA",
    "PINLAKE_DEBUG",
    "PINLAKE_FAULT",
    "PINLAKE_GATEWAY_KEY",
    "PINLAKE_GATEWAY_KEY_FILE",
    "PINLAKE_JARS",
    "PINLAKE_KAFKA_PASSWORD",
    "PINLAKE_KAFKA_PASSWORD_FILE",
    "PINLAKE_KAFKA_USERNAME",
    "PINLAKE_KAFKA_URL",
    "PINLAKE_MYSQL_PASSWORD",
    "PINLAKE_MYSQL_PASSWORD_FILE",
    "PINLAKE_MYSQL_URL",
    "PINLAKE_MYSQL_USERNAME",
)
# Those that `.env` may hold beside settings: services and who one is there.
_IN_ENV_FILE = ("PINLAKE_GATEWAY_", "PINLAKE_KAFKA_", "PINLAKE_MYSQL_")
ENV_FILE = ".env"
# Options whose names look like secrets and which only say where one is kept.
_PLACES = {"kafka": ("secret",), "mysql": ("secret", "credentials")}
# Nobody's typos: a checkout's tests have variables of their own, and Kubernetes gives pods those of
# a service that is called pinlake.
_OTHERS = ("PINLAKE_TEST_", "PINLAKE_SERVICE_", "PINLAKE_PORT")

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd]?)")


def seconds(value: Any) -> Any:
    """A duration in seconds from a number or from text such as `90s`, `30m`, `24h`, `2d`.

    >>> seconds("24h"), seconds("1.5m"), seconds(10)
    (86400.0, 90.0, 10)
    """
    if not isinstance(value, str):
        return value
    match = _DURATION.fullmatch(value.strip())
    if match is None:
        raise ValueError("a duration is a number of seconds or like 90s, 30m, 24h, 2d")
    return float(match[1]) * _UNITS[match[2] or "s"]


def duration(option: str, text: str) -> float:
    """Seconds of an option's duration; raises `ConfigError` naming the option.

    >>> duration("--retention", "2d")
    172800.0
    """
    try:
        return float(seconds(text))
    except ValueError as error:
        raise ConfigError(f"{option} {text}: {error}") from None


def _words(value: Any) -> Any:
    """`pin,geo` from the environment or one word from the file as a list."""
    if isinstance(value, str):
        return [word for word in re.split(r"[,\s]+", value) if word]
    return value


Duration = Annotated[float, BeforeValidator(seconds), Field(ge=0)]
Words = Annotated[list[str], NoDecode, BeforeValidator(_words)]
Share = Annotated[float, Field(ge=0, le=1)]


class Emulate(Strict):
    """Settings of `pinlake emulate`, table `[emulate]`."""

    to: str | None = None
    source: str | None = None
    count: int | None = Field(default=None, ge=0, lt=1 << 64)
    duration: Duration | None = None
    rate: str = "max"
    order: Literal["permuted", "sequential", "seed100"] = "permuted"
    seed: int = Field(default=100, ge=0, lt=1 << 64)
    fault: dict[str, Share] = Field(default={})
    flush_size: int = Field(default=1000, ge=1)
    threads: int | None = Field(default=None, ge=1)
    ledger: str | None = None
    metrics_port: int | None = Field(default=None, ge=1, lt=1 << 16)

    @field_validator("rate", mode="before")
    @classmethod
    def _rate(cls, value: Any) -> Any:
        text = str(value)
        if text in ("max", "course"):
            return text
        try:
            good = float(text) > 0
        except ValueError:
            good = False
        if not good:
            raise ValueError("a rate is max, course, or a number of posts a second above 0")
        return text


class Demo(Strict):
    """Settings of `pinlake demo`, table `[demo]`."""

    posts: int = Field(default=2000, ge=1)
    out: Path = Path("pinlake-demo")
    source: Path | None = None
    flush_size: int = Field(default=100, ge=1)


class Stream(Strict):
    """Settings of `pinlake stream`, table `[stream]`."""

    source: str | None = None
    log: str | None = None
    """One topic or stream that all kinds share; else each has its own."""
    checkpoint: str | None = None
    """Folder of the queries' checkpoints; `_checkpoints` in a warehouse that is a folder."""
    initial: str = "earliest"
    """Where a query without a checkpoint begins."""
    trigger: Duration = 10
    """Seconds between micro-batches."""
    once: bool = False
    """End once what is there now was written."""
    mode: Literal["merge", "append"] = "merge"
    options: dict[str, str] = Field(default={})
    """Options of Spark's source, such as `maxOffsetsPerTrigger`; never credentials."""

    @field_validator("options", mode="before")
    @classmethod
    def _no_credentials(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        options = {name: _plain(option) for name, option in _leaves(value)}
        for name in options:
            if is_secret(name) or name.startswith("kafka.sasl.jaas"):
                raise ValueError(
                    f"{name!r} is a credential: those of Kafka come from PINLAKE_KAFKA_USERNAME "
                    "and PINLAKE_KAFKA_PASSWORD, those of AWS from its own chain"
                )
        return options


class Analyse(Strict):
    """Settings of `pinlake analyse`, table `[analyse]`."""

    per: Literal["user", "post"] = "user"
    ties: Literal["all", "first"] = "all"
    approximate: bool = False


class Config(BaseSettings):
    """What holds for one call; made by `load`.

    Fields that name places are text as given: a folder, an `s3://` URL, or `catalog.schema`.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter=NESTED,
        extra="forbid",
        frozen=True,
    )

    landing: str | None = None
    """Where the landing objects lie: a folder or `s3://bucket/prefix`."""
    warehouse: str | None = None
    """Where the tables lie: a folder, or `catalog.schema` on Databricks."""
    user_id: str = "demo"
    """Prefix of topics (`<user id>.<kind>`) that pinlake makes."""
    kind: Words = []
    """Kinds to work on; none: all."""
    epoch: int = Field(default=0, ge=0)
    """Raised by one when a topic or a landing is made anew."""
    full: bool = False
    """List the whole landing again instead of what is new."""
    gap_patience: Duration = 24 * 3600
    """Seconds to wait for a missing offset before its gap is closed and reported."""
    invalid: Literal["report", "quarantine", "fail"] = "report"
    """What a bad field does: null and `_errors`, the row to quarantine, or stop."""
    access: Literal["auto", "direct", "spark"] = "auto"
    """Who reads the landing: the workers themselves, or Spark's reader."""
    max_quarantine: Share | None = None
    """Quality gate: largest share of quarantined records."""
    max_errors: Share | None = None
    """Quality gate: largest share of rows with a bad field."""
    tables: dict[str, str] = {}
    """Table names by kind, and for `quarantine` and `runs`: letters, digits and `_`.

    They belong to the warehouse: plans keep the names of their kinds, by which files are known.
    """
    placeholders: dict[str, dict[str, list[Placeholder]]] = {}
    """More values that mean "missing", by kind and column."""
    kinds: dict[str, KindTable] = {}
    """Kinds of yours beside pin, geo and user."""
    storage: dict[str, str] = {}
    """Options of the object store: `endpoint`, `region`, `allow_http`. Never credentials."""
    kafka: dict[str, str] = {}
    """How to speak to Kafka: `security` (plaintext, tls, plain, scram-sha-256, scram-sha-512,
    msk-iam), `tls`, `ca`, `region`, `secret` (of AWS Secrets Manager), and any property of
    librdkafka that holds no secret (a key's file is `ssl.key.location`). User and password come
    from `PINLAKE_KAFKA_USERNAME` and `PINLAKE_KAFKA_PASSWORD` or `PINLAKE_KAFKA_PASSWORD_FILE`,
    else from the secret; for msk-iam AWS's own chain."""
    kinesis: dict[str, str] = {}
    """How to speak to Kinesis: `endpoint` instead of AWS's own, `stream` to share by all kinds.
    Credentials come from AWS's own chain."""
    gateway: dict[str, str] = {}
    """How to speak to an API Gateway before Kinesis: `auth` (iam, key, none; default: key where
    `PINLAKE_GATEWAY_KEY` or `PINLAKE_GATEWAY_KEY_FILE` is set, else iam over https), `region`,
    `stream` to share by all kinds."""
    firehose: dict[str, str] = {}
    """How to speak to Firehose: `endpoint` instead of AWS's own, `newline` (true: each record ends
    in one; Firehose itself puts nothing between them). Credentials come from AWS's own chain."""
    mysql: dict[str, str] = {}
    """How to speak to MySQL or MariaDB: `user`, `tls` (required, off; off is the default on this
    machine only), `ca`, `page` (rows), `tables.pin`, `tables.geo`, `tables.user` (names), `secret`
    (of AWS Secrets Manager, with `region`, `endpoint`), `credentials` (a file of `KEY: value`
    lines). User and password come from `PINLAKE_MYSQL_USERNAME` and `PINLAKE_MYSQL_PASSWORD` or
    `PINLAKE_MYSQL_PASSWORD_FILE`, else from the secret, else from the file."""
    spark: dict[str, str] = {}
    """Settings of the local Spark session, such as `"spark.driver.memory" = "4g"`."""
    emulate: Emulate = Emulate()
    demo: Demo = Demo()
    analyse: Analyse = Analyse()
    stream: Stream = Stream()

    _origins: dict[str, str] = {}

    @field_validator("storage", "kinesis", mode="before")
    @classmethod
    def _no_credentials(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        for name in value:
            if is_secret(str(name)):
                raise ValueError(
                    f"{name!r} is a credential: give it by the AWS environment, profile or role"
                )
        return {str(name): _plain(option) for name, option in value.items()}

    @field_validator("kafka", "mysql", mode="before")
    @classmethod
    def _no_password(cls, value: Any, info: ValidationInfo) -> Any:
        if not isinstance(value, Mapping):
            return value
        table = str(info.field_name)
        # Properties of librdkafka have dots in their names, which TOML reads as tables.
        options = dict(_leaves(value))
        for name in options:
            if (is_secret(name) or "username" in name) and name not in _PLACES[table]:
                own = f"PINLAKE_{table.upper()}"
                if name.lower().endswith(".pem"):
                    raise ValueError(
                        f"{name!r} is a credential: put it into a file and name that by "
                        "ssl.key.location, certificates by ssl.certificate.location and ca"
                    )
                raise ValueError(
                    f"{name!r} is a credential: set {own}_USERNAME and "
                    f"{own}_PASSWORD or {own}_PASSWORD_FILE"
                )
        return {name: _plain(option) for name, option in options.items()}

    @field_validator("spark", mode="before")
    @classmethod
    def _flat(cls, value: Any) -> Any:
        return _spark_names(value)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then `.env`, then the content of the settings file."""
        arguments = dict(getattr(init_settings, "init_kwargs", {}))
        lower = [*arguments.pop("_env_file_tables", ()), arguments.pop("_content", {})]
        return (
            InitSettingsSource(settings_cls, arguments),
            env_settings,
            *(InitSettingsSource(settings_cls, table) for table in lower),
        )

    def options_of(self, target: str) -> dict[str, str]:
        """The options that a target or source takes: the table of its scheme (`[kafka]`,
        `[kinesis]`, `[gateway]`, `[firehose]`, `[mysql]`), else `[storage]`."""
        tables = {
            "kafka": self.kafka,
            "kinesis": self.kinesis,
            "gateway": self.gateway,
            "firehose": self.firehose,
            "mysql": self.mysql,
        }
        return dict(tables.get(re.split(r"\+https?://|://", target)[0], self.storage))

    def plans(self) -> dict[str, str]:
        """The plan of every kind asked for, as JSON text, in the order pin, geo, user, yours.

        Raises `ConfigError` for an unknown kind, table or column, and for a plan that breaks a
        rule of plans.
        """
        plans = self._all_plans()
        wanted = list(dict.fromkeys(self.kind)) or list(plans)
        for name in wanted:
            if name not in plans:
                raise ConfigError(explain(f"unknown kind {name!r}", name, plans))
        return {
            name: json.dumps(plans[name], ensure_ascii=False) for name in plans if name in wanted
        }

    def _all_plans(self) -> dict[str, dict[str, Any]]:
        plans = {name: json.loads(_core.kind_plan(name)) for name in _core.kinds()}
        for name, table in self.kinds.items():
            if name in plans:
                raise ConfigError(f"kind {name!r} is built in; give yours another name")
            plans[name] = table.plan(name)
        self._check_tables(plans)
        self._more_placeholders(plans)
        fields = {name: _raw_fields(plan) for name, plan in plans.items()}
        for name, plan in plans.items():
            own = {*fields[name], plan["key"], "index", "ind"}
            others = (field for other in fields if other != name for field in fields[other])
            plan["foreign"] = [field for field in dict.fromkeys(others) if field not in own]
        return {
            name: json.loads(_core.check_plan(json.dumps(plan))) for name, plan in plans.items()
        }

    def _check_tables(self, plans: Mapping[str, Mapping[str, Any]]) -> None:
        own = {"quarantine": "quarantine", "runs": "runs"}
        own.update((name, plan["table"]) for name, plan in plans.items())
        for name in self.tables:
            if name not in own:
                known = [*plans, "quarantine", "runs"]
                raise ConfigError(explain(f"[tables]: unknown kind {name!r}", name, known))
        taken: dict[str, str] = {}
        for name, table in {**own, **self.tables}.items():
            check_name(name, table)
            # Catalogs, and some file systems, do not tell upper case from lower case.
            if table.lower() in taken:
                raise ConfigError(
                    f"{taken[table.lower()]!r} and {name!r} would share the table {table!r}; "
                    f"give one of them another name under [tables]"
                )
            taken[table.lower()] = name

    def _more_placeholders(self, plans: dict[str, dict[str, Any]]) -> None:
        for name, columns in self.placeholders.items():
            if name not in plans:
                raise ConfigError(explain(f"[placeholders]: unknown kind {name!r}", name, plans))
            known = {column["name"]: column for column in plans[name]["columns"]}
            for column, more in columns.items():
                if column not in known:
                    where = f"[placeholders.{name}]: unknown column {column!r}"
                    raise ConfigError(explain(where, column, known))
                given = [m if isinstance(m, str) else m.model_dump() for m in more]
                known[column].setdefault("placeholders", []).extend(given)

    def shown(self) -> list[tuple[str, Any, str]]:
        """Every setting as (key, value with secrets masked, where it comes from)."""
        rows: list[tuple[str, Any, str]] = []
        settings = self.model_dump(mode="json")
        settings["kinds"] = self.model_dump(mode="json", include={"kinds"}, exclude_defaults=True)
        settings["kinds"] = settings["kinds"].get("kinds", {})
        for key, value in _leaves(settings):
            shown = "spark." + key.removeprefix("spark.spark.") if key.startswith("spark.") else key
            rows.append((shown, _masked(key, value), self._origins.get(key, "default")))
        return rows


def load(*, file: str | os.PathLike[str] | None = None, **arguments: Any) -> Config:
    """Settings for one call; arguments that are None do not count.

    `file` is the configuration file; without it `PINLAKE_CONFIG` names it, else `pinlake.toml`
    in the working directory is read if there is one.

    Raises `ConfigError` (one line: file, key, nearest valid key; a `PINLAKE_…` variable that is
    no setting, too) and `FileNotFoundError` for a file that was asked for and is not there.

    >>> load(landing="/data/landing", kind=["pin"]).kind
    ['pin']
    """
    for where, _, problem in unknown_variables():
        raise ConfigError(f"{where}: {problem}")
    return read(file=file, **arguments)


def env_file() -> dict[str, str]:
    """The `PINLAKE_…` variables that `.env` in the working directory sets; none without the file.

    Raises `ConfigError` for such a line that is no `NAME=value`, and for a variable that only the
    environment can set.
    """
    found = _core.read_env_file(ENV_FILE)
    for name in found:
        if name.upper() in VARIABLES and not name.upper().startswith(_IN_ENV_FILE):
            raise ConfigError(f"{ENV_FILE}: {name} is read from the environment only; export it")
    return found


def unknown_variables() -> Iterator[tuple[str, str, str]]:
    """Variables that look like settings and are none: where they stand, name, what to say of it."""
    known = [*VARIABLES, *(PREFIX + field.upper() for field in Config.model_fields)]
    names = [("environment", name) for name in sorted(os.environ)]
    for where, name in [*names, *((ENV_FILE, name) for name in sorted(env_file()))]:
        # Like pydantic-settings, which does not tell upper case from lower case.
        upper = name.upper()
        if not upper.startswith(PREFIX) or upper.startswith(_OTHERS):
            continue
        if upper.split(NESTED)[0] not in known:
            yield where, name, explain(f"{name} is no setting", upper, sorted(known))


def read(*, file: str | os.PathLike[str] | None = None, **arguments: Any) -> Config:
    """`load` without a look at variables that are no settings; `pinlake doctor` tells them."""
    path, content = read_file(file)
    given = _given(arguments)
    beside = [
        (f"{ENV_FILE}: {name}", table)
        for name, table in variables(env_file(), PREFIX, NESTED)
        if next(iter(table)) in Config.model_fields
    ]
    environment = variables(os.environ, PREFIX, NESTED)
    sources = (("argument", given), *environment, *beside, (str(path), content))
    layers = [
        (name, {**table, "spark": _spark_names(table["spark"])} if "spark" in table else table)
        for name, table in sources
    ]
    lower = {"_env_file_tables": [table for _, table in beside], "_content": content}
    try:
        config = Config(**{**given, **{name: value for name, value in lower.items() if value}})
    except ValidationError as error:
        raise ConfigError(_problem(error, layers)) from None
    except ValueError as error:  # pydantic-settings: JSON in an environment variable
        raise ConfigError(mask(f"environment: {error}")) from None
    for key, _ in _leaves(config.model_dump(mode="json")):
        config._origins[key] = origin(key, layers)
    try:
        config.plans()
    except ConfigError as error:
        told = " ".join(str(error).split())
        raise ConfigError(f"{path}: {told}" if content else told) from None
    return config


def _given(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """`arguments` without what was not given, in nested tables too."""
    kept: dict[str, Any] = {}
    for key, value in arguments.items():
        if isinstance(value, Mapping):
            value = _given(value) or None
        if value is not None:
            kept[key] = value
    return kept


def _problem(error: ValidationError, layers: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    """The first of pydantic's findings as one line."""
    # A mistyped key is also a missing one: the typo is the better news.
    found = sorted(error.errors(include_url=False), key=lambda e: e["type"] != "extra_forbidden")
    first = found[0]
    # Of a value that may be text or a table pydantic names the form it tried, too.
    loc = [str(part) for part in first["loc"] if part not in ("str", "Pattern")]
    key = ".".join(loc)
    where = origin(key, layers)
    if where == "default":
        where = origin(".".join(loc[:-1]), layers)
    if first["type"] == "extra_forbidden":
        return f"{where}: " + explain(f"unknown key {key!r}", loc[-1], _keys_beside(loc))
    value = first.get("input")
    if first["type"] == "literal_error":
        known = re.findall(r"'([^']*)'", first["ctx"]["expected"])
        return f"{where}: " + explain(f"{key}: unknown value {value!r}", str(value), known)
    why = first["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    told = isinstance(value, str | int | float) and not is_secret(key)
    return mask(f"{where}: {key}{f' = {value!r}' if told else ''}: {why[:1].lower()}{why[1:]}")


def _keys_beside(loc: list[str]) -> list[str]:
    """The keys that are valid where `loc` stands."""
    fields: dict[str, Any] = dict(Config.model_fields)
    for part in loc[:-1]:
        if part in fields:
            fields = getattr(_inner_model(fields[part].annotation), "model_fields", {})
    return list(fields)


def _inner_model(annotation: Any) -> Any:
    """The model inside `Model`, `dict[str, Model]` or `list[Model]`."""
    inner = getattr(annotation, "__args__", ())
    if not inner:
        return annotation if issubclass(annotation, BaseModel) else None
    return next((found for part in inner if (found := _inner_model(part)) is not None), None)


def _raw_fields(plan: Mapping[str, Any]) -> list[str]:
    return [field for column in plan["columns"] for field in column["fields"]]


def _leaves(value: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """Nested tables as dotted keys; an empty table is a leaf."""
    rows: list[tuple[str, Any]] = []
    for key, inner in value.items():
        name = f"{prefix}{key}"
        if isinstance(inner, Mapping) and inner:
            rows.extend(_leaves(inner, f"{name}."))
        else:
            rows.append((name, inner))
    return rows


def _spark_names(value: Any) -> Any:
    """Settings of Spark by their whole names, however they were nested."""
    # TOML reads unquoted dotted keys as nested tables, and `spark.…` at the top as this one.
    if not isinstance(value, Mapping):
        return value
    return {f"spark.{k.removeprefix('spark.')}": _plain(v) for k, v in _leaves(value)}


def _plain(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


def _masked(key: str, value: Any) -> Any:
    table, _, name = key.partition(".")
    # Of `sasl.…` only this is no credential, and any of the others may be mistyped.
    login = key.startswith("kafka.sasl.") and not name.startswith("sasl.mechanism")
    if value is not None and (login or is_secret(key)) and name not in _PLACES.get(table, ()):
        return "***"
    return mask(value) if isinstance(value, str) else value
