"""Who wrote a row and when: made by the driver, never by a worker's clock."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Stamp:
    """A run's id and its ingestion time in µs since 1970 UTC."""

    run_id: str
    ingested_at: int

    @classmethod
    def now(cls, word: str) -> Stamp:
        """A stamp of this moment; `word` stands in front of the id, for people.

        >>> Stamp.now("pin").run_id.startswith("pin-2")
        True
        """
        at = datetime.now(timezone.utc)
        run_id = f"{word}-{at:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"
        return cls(run_id, (at - _EPOCH) // timedelta(microseconds=1))


def moment(micros: int) -> datetime:
    """µs since 1970 as a time in UTC.

    >>> moment(1_500_000)
    datetime.datetime(1970, 1, 1, 0, 0, 1, 500000, tzinfo=datetime.timezone.utc)
    """
    return _EPOCH + timedelta(microseconds=micros)


def micros(time: datetime | int | None) -> int | None:
    """A time as µs since 1970 UTC; a naive one is UTC, a number is taken as it is.

    >>> micros(datetime(1970, 1, 1, 0, 0, 1))
    1000000
    """
    if not isinstance(time, datetime):
        return time
    aware = time if time.tzinfo is not None else time.replace(tzinfo=timezone.utc)
    return (aware - _EPOCH) // timedelta(microseconds=1)
