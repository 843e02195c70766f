"""What `pinlake topics` and `pinlake streams` share: names, and the verbs that any log has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pinlake._cli.common import ConfigFile, Json, Kinds, print_json, print_table, tell

if TYPE_CHECKING:
    from pinlake.config import Config

At = Annotated[
    str | None,
    typer.Option(
        "--at", metavar="URL", help="kafka://host:9092, kinesis://region, gateway+https://…"
    ),
]
UserId = Annotated[
    str | None, typer.Option("--user-id", metavar="ID", help="Whose: names are made of it.")
]
Names = Annotated[
    list[str] | None,
    typer.Option("--name", metavar="NAME", help="One by its whole name; repeatable."),
]


@dataclass(frozen=True)
class Log:
    """Topics or streams: how they are called, and who knows them."""

    schemes: tuple[str, ...]
    """Of URLs."""
    example: str
    """A URL."""

    def has(self, at: str | None) -> bool:
        """Whether a URL is one of theirs."""
        return at is not None and at.startswith(self.schemes)

    def url(self, at: str | None) -> str:
        """The URL that was given; raises `ConfigError` for none, or one of another kind."""
        from pinlake.errors import ConfigError

        if at is None or not self.has(at):
            raise ConfigError(f"say where: --at {self.example}")
        return at

    def by_kind(self, settings: Config, at: str | None) -> dict[str, str]:
        """The user id's of each kind; streams may be one for all."""
        from pinlake._core import log_names

        kinds = list(settings.kind) or ["pin", "geo", "user"]
        found = self.call(log_names, settings, at, settings.user_id, kinds)
        return {kind: found[kind] for kind in kinds}

    def names(self, settings: Config, at: str | None, given: list[str] | None) -> list[str]:
        """Those that were named, or those of the user id, each once."""
        return given or list(dict.fromkeys(self.by_kind(settings, at).values()))

    def call(
        self,
        function: Callable[..., Any],
        settings: Config,
        at: str | None,
        *words: Any,
        **options: Any,
    ) -> Any:
        """A function of the core, with the options that the URL takes."""
        url = self.url(at)
        return function(url, *words, **options, options=settings.options_of(url))

    def add_verbs(self, app: typer.Typer) -> None:
        """Adds list, describe and delete."""
        app.command("list")(self._list)
        app.command("describe")(self._describe)
        app.command("delete")(self._delete)

    def _list(
        self,
        *,
        at: At = None,
        prefix: Annotated[
            str, typer.Option("--prefix", metavar="TEXT", help="Names that begin with it.")
        ] = "",
        config: ConfigFile = None,
        json: Json = False,
    ) -> None:
        """List what is there."""
        from pinlake._core import list_logs
        from pinlake.config import load

        _print(self.call(list_logs, load(file=config), at, prefix), json)

    def _describe(
        self,
        *,
        at: At = None,
        user_id: UserId = None,
        kind: Kinds = None,
        name: Names = None,
        config: ConfigFile = None,
        json: Json = False,
    ) -> None:
        """Show some with their settings."""
        from pinlake._core import describe_logs
        from pinlake.config import load

        settings = load(file=config, user_id=user_id, kind=kind or None)
        _print(self.call(describe_logs, settings, at, self.names(settings, at, name)), json)

    def _delete(
        self,
        *,
        at: At = None,
        user_id: UserId = None,
        kind: Kinds = None,
        name: Names = None,
        config: ConfigFile = None,
    ) -> None:
        """Delete some, with all that they hold."""
        from pinlake._core import delete_logs
        from pinlake.config import load

        settings = load(file=config, user_id=user_id, kind=kind or None)
        names = self.names(settings, at, name)
        absent = self.call(delete_logs, settings, at, names)
        for one in names:
            tell(f"{one}: {'was not there' if one in absent else 'deleted'}")


def _print(found: list[dict[str, Any]], json: bool) -> None:
    if json:
        print_json(found)
        return
    flat = [{**one, **one.get("settings", {})} for one in found]
    heads = [
        head for head in dict.fromkeys(head for one in flat for head in one) if head != "settings"
    ]
    print_table(heads or ("name",), [[one.get(head) for head in heads] for one in flat])
