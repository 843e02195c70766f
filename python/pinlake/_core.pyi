"""The Rust core. Its functions take plans as JSON text; the public faces take names or kinds."""

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any, final

__version__: str
__all__ = [
    "Batches",
    "CleanJob",
    "ConfigError",
    "Emulator",
    "KinesisStream",
    "PinlakeError",
    "QualityError",
    "SchemaError",
    "SinkError",
    "SourceError",
    "TablesJudge",
    "__profile__",
    "__version__",
    "advance_marks",
    "check_apart",
    "check_plan",
    "clean_batch",
    "clean_batches",
    "clean_columns",
    "clean_objects",
    "column_names",
    "consume_logs",
    "create_streams",
    "create_topics",
    "database_tables",
    "ddl",
    "dedup_batch",
    "delete_logs",
    "describe_logs",
    "error_codes",
    "file_words",
    "follower_count",
    "kafka_login",
    "kind_plan",
    "kinds",
    "kinesis_ranges",
    "landing_url",
    "list_logs",
    "load_tables",
    "log_names",
    "merge_marks",
    "plan_frame",
    "plan_landing",
    "plan_urls",
    "quarantine_hashes",
    "read_env_file",
    "read_task",
    "reject_codes",
    "schema",
    "split_plan",
    "upload",
    "verify",
]
__profile__: str

class PinlakeError(Exception): ...
class ConfigError(PinlakeError): ...
class SchemaError(PinlakeError): ...
class SourceError(PinlakeError): ...
class SinkError(PinlakeError): ...
class QualityError(PinlakeError): ...

# Arrow data cross by the PyCapsule interface: anything that speaks it goes in, and what comes out
# speaks it. That has no type in the standard library.
def kinds() -> list[str]: ...
def kind_plan(name: str) -> str: ...
def check_apart(inputs: Sequence[str], outputs: Sequence[str]) -> None: ...
def check_plan(plan: str) -> str: ...
def file_words(plan: str) -> tuple[list[str], list[str]]: ...
def ddl(plan: str, frame: str, *, comments: bool = False) -> str: ...
def schema(plan: str, frame: str) -> Any: ...
def column_names(plan: str, frame: str) -> list[str]: ...
def reject_codes() -> list[str]: ...
def error_codes() -> list[str]: ...
def clean_batches(
    plan: str,
    payloads: Any,
    *,
    source: Any | None = None,
    arrived_at: Any | None = None,
    invalid: str = "report",
    ingested_at: int | None = None,
    run_id: str | None = None,
    frame: str = "frame",
) -> Batches: ...
def clean_batch(
    plan: str,
    payloads: Any,
    *,
    source: Any | None = None,
    arrived_at: Any | None = None,
    invalid: str = "report",
    ingested_at: int | None = None,
    run_id: str | None = None,
    frame: str = "frame",
) -> Any: ...
def clean_columns(
    plan: str,
    batch: Any,
    *,
    invalid: str = "report",
    ingested_at: int | None = None,
    run_id: str | None = None,
    frame: str = "frame",
) -> list[Any]: ...
def follower_count(values: Any) -> Any: ...
def dedup_batch(batch: Any) -> Any: ...
def plan_landing(
    plan: str,
    url: str,
    *,
    marks: str | None = None,
    full: bool = False,
    epoch: int = 0,
    options: Mapping[str, str] | None = None,
) -> str: ...
def landing_url(url: str) -> str: ...
def split_plan(landing_plan: str, tasks: int) -> list[str]: ...
def plan_urls(landing_plan: str) -> list[str]: ...
def plan_frame(landing_plan: str) -> str: ...
def advance_marks(
    marks: str | None,
    landing_plan: str,
    extents: Sequence[tuple[str, str, int, int]],
    *,
    now: int,
    gap_patience: float,
) -> tuple[str, str]: ...
def merge_marks(runs: Sequence[str]) -> str: ...
def read_task(
    plan: str,
    task: str,
    *,
    invalid: str = "report",
    ingested_at: int | None = None,
    run_id: str | None = None,
    frame: str = "frame",
    options: Mapping[str, str] | None = None,
) -> Batches: ...

@final
class KinesisStream:
    def __new__(
        cls,
        url: str,
        stream: str,
        *,
        options: Mapping[str, str] | None = None,
        strict: bool = True,
        fetch: int = 10000,
        aggregates: bool = False,
    ) -> KinesisStream: ...
    def begin(self, time: int | None = None) -> str: ...
    def ahead(
        self, offset: str, *, now: int, records: int, size: int, until: int | None = None
    ) -> str: ...
    def read(self, stretch: str, *, epoch: int | None = None) -> Batches: ...

def kinesis_ranges(start: str, end: str) -> list[tuple[str, int]]: ...

@final
class Batches:
    def __iter__(self) -> Batches: ...
    def __next__(self) -> Any: ...

def clean_objects(
    plan: str,
    landing: str,
    urls: Any,
    contents: Any,
    arrived_at: Any | None = None,
    *,
    invalid: str = "report",
    ingested_at: int | None = None,
    run_id: str | None = None,
    frame: str = "frame",
) -> Batches: ...

@final
class CleanJob:
    def __new__(
        cls,
        plan: str,
        inputs: Sequence[str],
        *,
        out: str | None = None,
        quarantine: str | None = None,
        meta: bool = False,
        invalid: str = "report",
        threads: int | None = None,
        options: Mapping[str, str] | None = None,
    ) -> CleanJob: ...
    def run(self) -> str: ...
    def progress(self) -> tuple[int, int, int]: ...
    def stop(self) -> None: ...

@final
class Emulator:
    def __new__(
        cls,
        *,
        source: str | None = None,
        seed: int = 100,
        order: str = "permuted",
        count: int | None = None,
        kinds: Sequence[str] | None = None,
        user_id: str = "demo",
        faults: Mapping[str, float] | None = None,
        oversize_bytes: int = ...,
        options: Mapping[str, str] | None = None,
    ) -> Emulator: ...
    @property
    def posts(self) -> int | None: ...
    @property
    def slots(self) -> int | None: ...
    @property
    def kinds(self) -> list[str]: ...
    def index(self, n: int) -> int: ...
    def record(self, kind: str, index: int) -> bytes | None: ...
    def records(self, kind: str, start: int = 0, stop: int | None = None) -> list[bytes]: ...
    def plan(self, start: int = 0, stop: int | None = None) -> list[dict[str, Any]]: ...
    def run(
        self,
        target: str,
        *,
        rate: str | float | None = None,
        duration: float | None = None,
        threads: int | None = None,
        existing: str | None = None,
        flush_size: int = ...,
        partitions: int = 1,
        offset_digits: int = 10,
        gzip: bool = False,
        last_newline: bool = True,
        durable: bool = False,
        options: Mapping[str, str] | None = None,
        ledger: str | PathLike[str] | None = None,
        resume: bool = False,
    ) -> dict[str, Any]: ...
    def progress(self) -> dict[str, Any]: ...
    def stop(self) -> None: ...

def verify(
    ledger: str | PathLike[str],
    against: str,
    *,
    options: Mapping[str, str] | None = None,
) -> dict[str, Any]: ...

@final
class TablesJudge:
    def __new__(cls, ledger: str | PathLike[str]) -> TablesJudge: ...
    @property
    def ledger_kinds(self) -> list[str]: ...
    def show_rows(self, kind: str, batch: Any) -> None: ...
    def show_quarantined(self, batch: Any) -> None: ...
    def verdict(self, target: str) -> dict[str, Any]: ...

def quarantine_hashes(batch: Any) -> Any: ...
def create_topics(
    url: str,
    topics: Sequence[str],
    *,
    partitions: int = 3,
    replication: int | None = None,
    retention_ms: int | None = None,
    options: Mapping[str, str] | None = None,
) -> list[str]: ...
def create_streams(
    url: str,
    streams: Sequence[str],
    *,
    shards: int = 1,
    retention_hours: int | None = None,
    options: Mapping[str, str] | None = None,
) -> list[str]: ...
def kafka_login(*, options: Mapping[str, str] | None = None) -> tuple[str, str]: ...
def log_names(
    url: str,
    user_id: str,
    kinds: Sequence[str],
    *,
    options: Mapping[str, str] | None = None,
) -> dict[str, str]: ...
def load_tables(
    source: str,
    target: str,
    *,
    replace: bool = False,
    options: Mapping[str, str] | None = None,
    storage: Mapping[str, str] | None = None,
) -> list[dict[str, Any]]: ...
def database_tables(
    url: str, *, options: Mapping[str, str] | None = None
) -> list[tuple[str, int]]: ...
def read_env_file(path: str | PathLike[str]) -> dict[str, str]: ...
def list_logs(
    url: str, prefix: str = "", *, options: Mapping[str, str] | None = None
) -> list[dict[str, Any]]: ...
def describe_logs(
    url: str, names: Sequence[str], *, options: Mapping[str, str] | None = None
) -> list[dict[str, Any]]: ...
def delete_logs(
    url: str, names: Sequence[str], *, options: Mapping[str, str] | None = None
) -> list[str]: ...
def consume_logs(
    url: str,
    files: Mapping[str, str | PathLike[str]],
    *,
    options: Mapping[str, str] | None = None,
) -> dict[str, int]: ...
def upload(
    file: str | PathLike[str], url: str, *, options: Mapping[str, str] | None = None
) -> int: ...
