"""Kafka takes and gives messages on each listener; its IAM checks what MSK checks."""

from __future__ import annotations

import base64
import time
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from aws_msk_iam_sasl_signer import MSKAuthTokenProvider
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import CredentialProvider, Credentials
from confluent_kafka import Consumer, KafkaException, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from support.components import Kafka

PATIENCE = 30.0


class Keys(CredentialProvider):
    """A pair of keys, as AWS's signer wants it."""

    def __init__(self, access_key: str, secret_key: str) -> None:
        super().__init__()
        self._credentials = Credentials(access_key, secret_key)

    def load(self) -> Credentials:
        return self._credentials


class SignedThen(SigV4QueryAuth):
    """Signs as of another time."""

    def __init__(self, then: datetime, *how: Any, **more: Any) -> None:
        super().__init__(*how, **more)
        self._then = then

    def _modify_request_before_signing(self, request: AWSRequest) -> None:
        request.context["timestamp"] = self._then.strftime("%Y%m%dT%H%M%SZ")
        super()._modify_request_before_signing(request)


def token(access_key: str, secret_key: str, region: str) -> str:
    """A token as AWS's own signer makes it."""
    make = MSKAuthTokenProvider.generate_auth_token_from_credentials_provider
    return str(make(region, Keys(access_key, secret_key))[0])


def altered(
    kafka: Kafka,
    *,
    action: str = "kafka-cluster:Connect",
    host: str = "kafka.us-east-1.amazonaws.com",
    service: str = "kafka-cluster",
    age: float = 0,
    lifetime: int = 900,
) -> str:
    """A token that is rightly signed and says something else."""
    keys = Credentials(kafka.access_key, kafka.secret_key)
    request = AWSRequest("GET", f"https://{host}/", params={"Action": action})
    then = datetime.now(timezone.utc) - timedelta(seconds=age)
    SignedThen(then, keys, service, kafka.region, expires=lifetime).add_auth(request)
    return base64.urlsafe_b64encode(request.url.encode()).decode()


def stretched(kafka: Kafka) -> str:
    """A token that was changed after its signing, to last longer."""
    made = base64.urlsafe_b64decode(altered(kafka, lifetime=60)).decode()
    changed = made.replace("X-Amz-Expires=60", "X-Amz-Expires=900")
    assert changed != made
    return base64.urlsafe_b64encode(changed.encode()).decode()


def plain(kafka: Kafka) -> dict[str, Any]:
    return {"bootstrap.servers": kafka.plain}


def scram(kafka: Kafka) -> dict[str, Any]:
    return {
        "bootstrap.servers": kafka.scram,
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": kafka.user,
        "sasl.password": kafka.password,
    }


def iam(kafka: Kafka, given: str | None = None) -> dict[str, Any]:
    made = given or token(kafka.access_key, kafka.secret_key, kafka.region)
    return {
        "bootstrap.servers": kafka.iam,
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "OAUTHBEARER",
        "ssl.ca.location": str(kafka.certificate.authority),
        # The client asks again when this has passed, whatever the token says.
        "oauth_cb": lambda _: (made, time.time() + 900),
    }


@pytest.fixture
def topic(kafka: Kafka) -> str:
    """A new topic."""
    name = f"t-{uuid.uuid4().hex[:8]}"
    client = AdminClient(plain(kafka))
    client.create_topics([NewTopic(name, 1, 1)])[name].result(PATIENCE)
    return name


def send(how: dict[str, Any], topic: str, value: bytes) -> None:
    """Sends a message; the broker has it when this returns."""
    outcomes: list[Any] = []
    producer = Producer({**how, "enable.idempotence": True})
    producer.produce(topic, value, on_delivery=lambda error, _: outcomes.append(error))
    producer.flush(PATIENCE)
    assert outcomes == [None]


def receive(how: dict[str, Any], topic: str) -> bytes:
    """The first message of a topic."""
    group = {"group.id": uuid.uuid4().hex, "auto.offset.reset": "earliest"}
    consumer = Consumer({**how, **group})
    try:
        consumer.subscribe([topic])
        message = consumer.poll(PATIENCE)
        assert message is not None
        assert message.error() is None
        return bytes(message.value())
    finally:
        consumer.close()


def refusal(how: dict[str, Any]) -> str:
    """What a client is told by a listener that does not let it in."""
    said: list[str] = []
    heard = {"error_cb": lambda error: said.append(error.str()), "log_level": 0}
    client = AdminClient({**how, **heard})
    until = time.monotonic() + PATIENCE
    while not said and time.monotonic() < until:
        client.poll(0.05)
    with pytest.raises(KafkaException):
        client.list_topics(timeout=0.2)
    return said[0]


@pytest.mark.parametrize("listener", [plain, scram, iam], ids=lambda made: made.__name__)
def test_each_listener_takes_a_message_and_gives_it(
    kafka: Kafka, topic: str, listener: Callable[[Kafka], dict[str, Any]]
) -> None:
    send(listener(kafka), topic, b'{"index": 1}')
    assert receive(listener(kafka), topic) == b'{"index": 1}'


def test_a_wrong_password_is_refused(kafka: Kafka) -> None:
    assert "Authentication failed" in refusal({**scram(kafka), "sasl.password": "no"})


def test_a_client_that_does_not_trust_the_authority_leaves(kafka: Kafka) -> None:
    unknowing = {**iam(kafka), "ssl.ca.location": "probe"}
    assert "certificate verify failed" in refusal(unknowing)


Refused = Callable[[Kafka], str]
REFUSED: dict[str, Refused] = {
    "wrong signature": lambda kafka: token(kafka.access_key, "wrong", kafka.region),
    "unknown access key": lambda kafka: token("other", kafka.secret_key, kafka.region),
    "wrong region": lambda kafka: token(kafka.access_key, kafka.secret_key, "eu-west-1"),
    "wrong action": lambda kafka: altered(kafka, action="kafka-cluster:DescribeCluster"),
    "wrong host": lambda kafka: altered(kafka, host="kafka.us-east-1.example.com"),
    "wrong scope": lambda kafka: altered(kafka, service="s3"),
    "expired": lambda kafka: altered(kafka, age=901),
    "not yet valid": lambda kafka: altered(kafka, age=-600),
    "lifetime too long": lambda kafka: altered(kafka, lifetime=3600),
    "malformed token": lambda _: base64.urlsafe_b64encode(b"no request").decode(),
}


@pytest.mark.parametrize(("why", "made"), REFUSED.items(), ids=list(REFUSED))
def test_iam_refuses(kafka: Kafka, why: str, made: Refused) -> None:
    assert why in refusal(iam(kafka, made(kafka)))


def test_iam_refuses_what_was_changed_after_its_signing(kafka: Kafka) -> None:
    assert "wrong signature" in refusal(iam(kafka, stretched(kafka)))


def test_iam_takes_what_the_altered_ones_are_made_of(kafka: Kafka, topic: str) -> None:
    send(iam(kafka, altered(kafka, age=600)), topic, b"1")


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_message_is_there_after_a_start_anew(kafka: Kafka, topic: str, end: str) -> None:
    send(plain(kafka), topic, end.encode())
    getattr(kafka, end)()
    kafka.start()
    assert receive(plain(kafka), topic) == end.encode()


def test_topics_are_made_by_asking_only(kafka: Kafka) -> None:
    client = AdminClient({**plain(kafka), "allow.auto.create.topics": True})
    client.list_topics("unasked", timeout=PATIENCE)
    assert "unasked" not in client.list_topics(timeout=PATIENCE).topics
