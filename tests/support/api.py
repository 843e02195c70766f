"""The API of `infra/`, deployed to the local AWS."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import yaml
from botocore.config import Config

from support.components import LocalStack

INFRA = Path(__file__).parents[2] / "infra"
PATIENCE = 180


def client(localstack: LocalStack, service: str) -> Any:
    """A client of one of its services, without retries."""
    return boto3.client(
        service,
        endpoint_url=localstack.endpoint,
        region_name=localstack.region,
        aws_access_key_id=localstack.access_key,
        aws_secret_access_key=localstack.secret_key,
        config=Config(retries={"max_attempts": 0}, read_timeout=PATIENCE),
    )


def template() -> dict[str, Any]:
    """The stack of `infra/api.yaml`, with the API in it as `aws cloudformation package` puts it."""
    stack: dict[str, Any] = yaml.safe_load((INFRA / "api.yaml").read_text(encoding="utf-8"))
    api = stack["Resources"]["Api"]["Properties"]
    include = api["Body"]["Fn::Transform"]
    assert include["Name"] == "AWS::Include"
    api["Body"] = yaml.safe_load((INFRA / include["Parameters"]["Location"]).read_text("utf-8"))
    return stack


@contextmanager
def stack(localstack: LocalStack, body: dict[str, Any]) -> Iterator[dict[str, str]]:
    """A stack while it is there: its outputs."""
    stacks = client(localstack, "cloudformation")
    name = f"pinlake-{uuid.uuid4().hex[:8]}"
    stacks.create_stack(
        StackName=name, TemplateBody=json.dumps(body), Capabilities=["CAPABILITY_IAM"]
    )
    made = stacks.get_waiter("stack_create_complete")
    made.wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": PATIENCE})
    (described,) = stacks.describe_stacks(StackName=name)["Stacks"]
    yield {one["OutputKey"]: one["OutputValue"] for one in described["Outputs"]}
    stacks.delete_stack(StackName=name)


@contextmanager
def api(localstack: LocalStack) -> Iterator[str]:
    """The API while it is deployed: its URL."""
    with stack(localstack, template()) as outputs:
        stage = outputs["Url"].rsplit("/", 1)[1]
        yield f"{localstack.endpoint}/_aws/execute-api/{outputs['ApiId']}/{stage}"
