"""The three kinds as tables: raw fields, clean columns in order, placeholders."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """A clean column: the rule that makes it and the raw fields it reads."""

    name: str
    rule: str
    fields: tuple[str, ...]
    placeholders: tuple[str, ...] = ()
    prefix: str = ""


@dataclass(frozen=True)
class Kind:
    """A record kind; `key` names its own key first. The key column `ind` stands before columns."""

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def fields(self) -> frozenset[str]:
        """Raw fields besides the key."""
        return frozenset(field for column in self.columns for field in column.fields)


def _text(name: str, *placeholders: str) -> Column:
    return Column(name, "text", (name,), placeholders)


PIN = Kind(
    "pin",
    ("index", "ind"),
    (
        _text("unique_id"),
        _text("title", "No Title Data Available"),
        _text(
            "description",
            "No description available Story format",
            "No description available",
        ),
        Column("follower_count", "count", ("follower_count",), ("User Info Error",)),
        _text("poster_name", "User Info Error"),
        _text("tag_list", "N,o, ,T,a,g,s, ,A,v,a,i,l,a,b,l,e"),
        _text("is_image_or_video"),
        _text("image_src", "Image src error.", "Image src error"),
        Column("save_location", "prefix", ("save_location",), (), "Local save in "),
        _text("category"),
        Column("downloaded", "boolean", ("downloaded",)),
    ),
)

GEO = Kind(
    "geo",
    ("ind", "index"),
    (
        _text("country"),
        Column("coordinates", "coordinates", ("latitude", "longitude")),
        Column("timestamp", "timestamp", ("timestamp",)),
    ),
)

USER = Kind(
    "user",
    ("ind", "index"),
    (
        Column("user_name", "joined", ("first_name", "last_name")),
        Column("age", "age", ("age",)),
        Column("date_joined", "timestamp", ("date_joined",)),
    ),
)

KINDS = {kind.name: kind for kind in (PIN, GEO, USER)}
