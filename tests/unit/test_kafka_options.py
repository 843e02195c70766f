"""Settings of `[kafka]` in the words of Spark's own source."""

from __future__ import annotations

from pathlib import Path

import pytest

from pinlake._kafka_options import secured
from pinlake.errors import ConfigError

LOGIN = "org.apache.kafka.common.security"


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text('a "pass\\word"\n', encoding="utf-8")
    monkeypatch.setenv("PINLAKE_KAFKA_USERNAME", "me")
    monkeypatch.setenv("PINLAKE_KAFKA_PASSWORD_FILE", str(file))
    monkeypatch.delenv("PINLAKE_KAFKA_PASSWORD", raising=False)


def options(**settings: str) -> dict[str, str]:
    return {name.removeprefix("kafka."): value for name, value in secured(settings).items()}


def test_each_way_to_log_in(monkeypatch: pytest.MonkeyPatch) -> None:
    assert options() == {"security.protocol": "PLAINTEXT"}
    # Nothing that only the emulator's client knows, and no authority where there is no TLS.
    assert options(**{"linger.ms": "5", "ca": "ca.pem"}) == {"security.protocol": "PLAINTEXT"}
    assert options(security="tls", ca="ca.pem") == {
        "security.protocol": "SSL",
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": "ca.pem",
    }
    quoted = r'required username="me" password="a \"pass\\word\"";'
    assert options(security="scram-sha-512") == {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.jaas.config": f"{LOGIN}.scram.ScramLoginModule {quoted}",
    }
    assert options(security="plain", tls="false") == {
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "PLAIN",
        "sasl.jaas.config": f"{LOGIN}.plain.PlainLoginModule {quoted}",
    }
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    iam = options(security="msk-iam", region="us-east-1", ca="ca.pem")
    assert (iam["security.protocol"], iam["sasl.mechanism"]) == ("SASL_SSL", "OAUTHBEARER")
    assert iam["sasl.jaas.config"] == f"{LOGIN}.oauthbearer.OAuthBearerLoginModule required;"
    assert iam["sasl.login.callback.handler.class"].startswith("software.amazon.msk.auth.iam.")
    assert iam["ssl.truststore.location"] == "ca.pem"


def test_names_of_classes_on_databricks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pinlake._kafka_options.on_databricks", lambda: True)
    told = options(security="scram-sha-256")["sasl.jaas.config"]
    assert told.startswith(f"kafkashaded.{LOGIN}.scram.")
    iam = options(security="msk-iam")
    home = "shadedmskiam.software.amazon.msk.auth.iam"
    assert iam["sasl.client.callback.handler.class"] == f"{home}.IAMClientCallbackHandler"


def test_what_cannot_be_carried_over_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for settings, why in (
        ({"security": "magic"}, "scram-sha-512"),
        ({"security": "plain", "tls": "no"}, "true or false"),
        ({"ssl.key.location": "key.pem"}, "stream.options"),
        ({"sasl.mechanism": "GSSAPI"}, "stream.options"),
    ):
        with pytest.raises(ConfigError, match=why):
            secured(settings)
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    with pytest.raises(ConfigError, match="set that to us-east-1 before Spark starts"):
        secured({"security": "msk-iam", "region": "us-east-1"})
    monkeypatch.delenv("PINLAKE_KAFKA_USERNAME")
    with pytest.raises(ConfigError, match="PINLAKE_KAFKA_USERNAME"):
        secured({"security": "plain"})
