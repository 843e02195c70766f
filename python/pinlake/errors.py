"""The exceptions pinlake raises, and how one becomes a line for a person.

All of them are `PinlakeError`; `FileNotFoundError` is raised where it truly fits. Bad *data* is
never an exception: it becomes a row with `_errors` or a quarantined record with a code.
"""

from __future__ import annotations

import os
import re

from pinlake._core import (
    ConfigError,
    PinlakeError,
    QualityError,
    SchemaError,
    SinkError,
    SourceError,
)

__all__ = [
    "ConfigError",
    "PinlakeError",
    "QualityError",
    "SchemaError",
    "SinkError",
    "SourceError",
    "mask",
    "one_line",
]

MASK = "***"

# Environment variables whose very value must not show up anywhere.
_SECRET_VARIABLES = (
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "PINLAKE_GATEWAY_KEY",
    "PINLAKE_KAFKA_PASSWORD",
    "PINLAKE_MYSQL_PASSWORD",
)
_USERINFO = re.compile(r"(?<=://)[^/@\s]+@")
# `access.key` and `access_key` are an AWS pair's public half in name, but still nobody's business.
_SECRET_NAME = re.compile(
    # A name that is mistyped is no less a secret's.
    r"secret|pas+w|pas+phrase|token|credential|private|assertion|oauthbearer|[._-]pem$"
    r"|access[._-]?key|api[._-]?key|sas[._-]",
    re.I,
)
_SECRET_PAIR = re.compile(
    r"(?P<name>[\w.\-]*(?:secret|pas+w|pas+phrase|token|access[._-]?key|api[._-]?key)[\w.\-]*)"
    r"(?P<between>\"?'?\s*[=:]\s*\"?'?)(?P<value>[^\s&\"',;]+)",
    re.I,
)


def is_secret(name: str) -> bool:
    """Whether a setting of this name holds a secret.

    >>> is_secret("fs.s3a.secret.key"), is_secret("landing")
    (True, False)
    """
    return _SECRET_NAME.search(name) is not None


def mask(text: str) -> str:
    """`text` without the secrets that may stand in it: URL passwords, keys, known variables.

    >>> mask("mysql://root:hunter2@db/pinterest")
    'mysql://***@db/pinterest'
    >>> mask("https://host/path?secret_key=abc&n=1")
    'https://host/path?secret_key=***&n=1'
    """
    text = _USERINFO.sub(f"{MASK}@", text)
    text = _SECRET_PAIR.sub(rf"\g<name>\g<between>{MASK}", text)
    for name in _SECRET_VARIABLES:
        value = os.environ.get(name, "")
        if len(value) > 3:
            text = text.replace(value, MASK)
    return text


def one_line(error: BaseException) -> str:
    """An exception as one line without secrets: what, where, remedy.

    >>> one_line(FileNotFoundError(2, "No such file or directory", "/data/in"))
    '/data/in: no such file or folder; check the path'
    >>> one_line(ValueError("first\\nsecond"))
    'first second'
    """
    return mask(" ".join(_text(error).split()))


def _text(error: BaseException) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        where = os.fsdecode(error.filename) if isinstance(error.filename, bytes) else error.filename
        if isinstance(error, FileNotFoundError):
            return f"{where}: no such file or folder; check the path"
        if isinstance(error, PermissionError):
            return f"{where}: permission denied; make it accessible to this user"
        return f"{where}: {error.strerror or type(error).__name__}"
    text = str(error)
    if text:
        return text
    return f"stopped by {type(error).__name__} without a message; PINLAKE_DEBUG=1 shows where"
