"""The options of `format("pinlake_kinesis")`, named as Databricks' own source names them where they
mean the same."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pinlake._clean import INVALID
from pinlake._kinds import Kind
from pinlake._route import patterns
from pinlake._settings import explain
from pinlake._stamp import micros
from pinlake.errors import ConfigError

# Records of one read (Kinesis: GetRecords, Limit).
MOST_A_FETCH = 10_000
# What a batch takes of one shard: five times what that takes in during ten seconds, 10,000 records
# or 10 MB (Kinesis: "Quotas and limits"). Its 2 MB/s, read twice, bound how a backlog shrinks.
RECORDS_A_TRIGGER = 50_000
BYTES_A_TRIGGER = 50 << 20
# A stream without news is looked at so often.
POLL_MS = 1_000

_BEGINS = ("latest", "earliest", "trim_horizon")
_NAMES = {
    name.lower(): name
    for name in (
        "streamName",
        "region",
        "endpointUrl",
        "initialPosition",
        "endingTimestamp",
        "maxRecordsPerFetch",
        "maxRecordsPerTrigger",
        "maxBytesPerTrigger",
        "minFetchPeriod",
        "failOnDataLoss",
        "aggregated",
        "clean",
        "invalid",
        "kinds",
        "epoch",
    )
}
# Databricks takes them as options; an option stands in plans and logs.
_SECRETS = ("awsaccesskey", "awssecretkey", "awssessiontoken")


@dataclass(frozen=True)
class KinesisOptions:
    """What is read, and how."""

    stream: str
    region: str
    endpoint: str = ""
    initial: str = "latest"
    """`latest`, `earliest`, or ms since 1970."""
    until: int | None = None
    """Nothing that arrived later, ms since 1970."""
    fetch: int = MOST_A_FETCH
    records: int = RECORDS_A_TRIGGER
    size: int = BYTES_A_TRIGGER
    poll_ms: int = POLL_MS
    strict: bool = True
    aggregates: bool = False
    plan: str = ""
    """The kind that records are cleaned as, empty to hand them over as they are."""
    invalid: str = "report"
    kinds: tuple[str, ...] = ()
    """Kinds that share the stream."""
    epoch: int = 0

    @classmethod
    def of(cls, options: Mapping[str, str]) -> KinesisOptions:
        """Reads options, whose names may be spelt in any case.

        >>> KinesisOptions.of({"streamName": "s", "region": "us-east-1"}).initial
        'latest'

        Raises `ConfigError` for an unknown option, a missing one, or a value that is none.
        """
        given = {name.lower(): value for name, value in options.items()}
        for name in given:
            if name in _SECRETS:
                raise ConfigError(
                    f"option {name!r}: credentials come from the standard AWS chain (environment, "
                    f"profile, role), never from options, which stand in plans and logs"
                )
            if name not in _NAMES:
                raise ConfigError(explain(f"unknown option {name!r}", name, _NAMES.values()))
        plan = given.get("clean", "")
        made = cls(
            stream=_needed(given, "streamName"),
            region=given.get("region") or _region(),
            endpoint=given.get("endpointurl", ""),
            initial=_initial(given.get("initialposition", "latest")),
            until=_time(given, "endingTimestamp"),
            fetch=_number(given, "maxRecordsPerFetch", MOST_A_FETCH),
            records=_number(given, "maxRecordsPerTrigger", RECORDS_A_TRIGGER),
            size=_number(given, "maxBytesPerTrigger", BYTES_A_TRIGGER),
            poll_ms=_period(given.get("minfetchperiod", f"{POLL_MS}ms")),
            strict=_truth(given, "failOnDataLoss", True),
            aggregates=_one_of(given, "aggregated", ("refuse", "keep")) == "keep",
            plan=Kind.of(plan).plan if plan else "",
            invalid=_one_of(given, "invalid", INVALID),
            kinds=tuple(name.strip() for name in given.get("kinds", "").split(",") if name.strip()),
            epoch=_number(given, "epoch", 0, least=0),
        )
        if made.kinds and made.plan:
            patterns(Kind.of(made.plan).name, made.kinds)
        if made.fetch > MOST_A_FETCH:
            raise ConfigError(f"maxRecordsPerFetch={made.fetch}: at most {MOST_A_FETCH}")
        return made

    @property
    def url(self) -> str:
        """The region as the core names it."""
        return f"kinesis://{self.region}"


def _needed(given: Mapping[str, str], name: str) -> str:
    value = given.get(name.lower(), "")
    if not value:
        raise ConfigError(f"option {name!r} is missing")
    return value


def _region() -> str:
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if not region:
        raise ConfigError("option 'region' is missing, and AWS_REGION is not set")
    return region


def _initial(text: str) -> str:
    word = text.strip().lower()
    if word in _BEGINS:
        return "earliest" if word == "trim_horizon" else word
    try:
        at = json.loads(text)["at_timestamp"]
        return str(_instant(at))
    except (ValueError, KeyError, TypeError):
        raise ConfigError(
            f"initialPosition={text!r}: latest, earliest, trim_horizon, or "
            f'{{"at_timestamp": "2026-01-31T09:00:00Z"}} (ISO 8601)'
        ) from None


def _instant(value: object) -> int:
    """Ms since 1970 of an ISO time (UTC if it says nothing else), or of a number of them."""
    if isinstance(value, int):
        return value
    text = str(value)
    if text.isdigit():
        return int(text)
    # Python reads Z from 3.11 on.
    found = micros(datetime.fromisoformat(text.replace("Z", "+00:00")))
    assert found is not None
    return found // 1000


def _time(given: Mapping[str, str], name: str) -> int | None:
    text = given.get(name.lower())
    if not text:
        return None
    try:
        return _instant(text)
    except ValueError:
        raise ConfigError(f"{name}={text!r}: an ISO 8601 time, or ms since 1970") from None


def _number(given: Mapping[str, str], name: str, default: int, *, least: int = 1) -> int:
    text = str(given.get(name.lower(), default))
    if not text.isdigit() or int(text) < least:
        raise ConfigError(f"{name}={text!r}: a whole number from {least} on")
    return int(text)


def _period(text: str) -> int:
    number, unit = text.rstrip("ms "), text.strip().lstrip("0123456789. ")
    if not number.isdigit() or unit not in ("ms", "s"):
        raise ConfigError(f"minFetchPeriod={text!r}: as in 400ms or 2s")
    return int(number) * (1000 if unit == "s" else 1)


def _truth(given: Mapping[str, str], name: str, default: bool) -> bool:
    return _one_of(given, name, ("true", "false") if default else ("false", "true")) == "true"


def _one_of(given: Mapping[str, str], name: str, known: tuple[str, ...]) -> str:
    """The value of an option; the first of those known if it is not given."""
    text = given.get(name.lower(), known[0]).strip().lower()
    if text not in known:
        raise ConfigError(f"{name}={text!r}: one of {', '.join(known)}")
    return text
