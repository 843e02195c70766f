"""How Spark's own Kafka source is told to log in: the settings of `[kafka]` in its words."""

from __future__ import annotations

import os
from collections.abc import Mapping

from pinlake import _core
from pinlake._spark import on_databricks
from pinlake.errors import ConfigError

# Classes of aws-msk-iam-auth; Databricks brings them under another name.
_IAM = "software.amazon.msk.auth.iam"
_OAUTH = "org.apache.kafka.common.security.oauthbearer"
# The variable that they take the region from, where the machine itself does not tell.
_REGION = "AWS_REGION"
_PASSWORDS = ("plain", "scram-sha-256", "scram-sha-512")
_WAYS = ("plaintext", "tls", *_PASSWORDS, "msk-iam")

# Properties of librdkafka that say how brokers are spoken to begin with these: Spark's source would
# go without them. Others tune a client that is not used here.
_CONNECTIONS = ("ssl.", "sasl.", "security.", "enable.ssl")


def secured(settings: Mapping[str, str]) -> dict[str, str]:
    """Options of Spark's Kafka source for settings as under `[kafka]`.

    `security`, `tls` (false: passwords go unencrypted), `ca` (a PEM file, at the same path on
    every machine of the cluster) and `secret` (of AWS Secrets Manager) are carried over. AWS's own
    classes sign for msk-iam, with tokens of their own life; outside Databricks they take the region
    from `AWS_REGION` or the machine, so `region` has to be the same.

    >>> secured({"security": "tls"})
    {'kafka.security.protocol': 'SSL'}

    Raises `ConfigError` for a setting that cannot be carried over, or missing credentials.
    """
    for name in settings:
        if name.startswith(_CONNECTIONS):
            raise ConfigError(
                f"kafka {name}: a property of librdkafka, which Spark's source does not know; "
                f'give what that takes instead under [stream.options], such as "kafka.ssl.…"'
            )
    way = settings.get("security", "plaintext")
    if way not in _WAYS:
        raise ConfigError(f"security={way!r}: one of {', '.join(_WAYS)}")
    protocol = _protocol(way, settings.get("tls", "true"))
    options = {"kafka.security.protocol": protocol}
    if way == "msk-iam":
        options |= _iam(settings)
    elif way in _PASSWORDS:
        options |= _password(way, settings)
    if protocol.endswith("SSL") and "ca" in settings:
        options |= {
            "kafka.ssl.truststore.type": "PEM",
            "kafka.ssl.truststore.location": settings["ca"],
        }
    return options


def _protocol(way: str, tls: str) -> str:
    if tls not in ("true", "false"):
        raise ConfigError(f"kafka tls={tls!r}: true or false")
    if way == "plaintext":
        return "PLAINTEXT"
    if way == "tls":
        return "SSL"
    return "SASL_PLAINTEXT" if way in _PASSWORDS and tls == "false" else "SASL_SSL"


def _iam(settings: Mapping[str, str]) -> dict[str, str]:
    if on_databricks():
        home = f"shadedmskiam.{_IAM}"
        return {
            "kafka.sasl.mechanism": "AWS_MSK_IAM",
            "kafka.sasl.jaas.config": f"{home}.IAMLoginModule required;",
            "kafka.sasl.client.callback.handler.class": f"{home}.IAMClientCallbackHandler",
        }
    region = settings.get("region")
    if region and os.environ.get(_REGION, region) != region:
        raise ConfigError(
            f"kafka region={region}: Spark's source signs for {os.environ[_REGION]}, as {_REGION} "
            f"says; set that to {region} before Spark starts"
        )
    handler = f"{_IAM}.IAMOAuthBearerLoginCallbackHandler"
    return {
        "kafka.sasl.mechanism": "OAUTHBEARER",
        "kafka.sasl.jaas.config": f"{_OAUTH}.OAuthBearerLoginModule required;",
        "kafka.sasl.login.callback.handler.class": handler,
        "kafka.sasl.client.callback.handler.class": handler,
    }


def _password(way: str, settings: Mapping[str, str]) -> dict[str, str]:
    user, password = _core.kafka_login(options=dict(settings))
    # Spark's own copy of Kafka's client has another name on Databricks.
    shaded = "kafkashaded." if on_databricks() else ""
    module = "plain.PlainLoginModule" if way == "plain" else "scram.ScramLoginModule"
    return {
        "kafka.sasl.mechanism": way.upper(),
        "kafka.sasl.jaas.config": (
            f"{shaded}org.apache.kafka.common.security.{module} required "
            f"username={_quoted(user)} password={_quoted(password)};"
        ),
    }


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
