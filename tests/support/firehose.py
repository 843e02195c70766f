"""Delivery streams of the local AWS, as a stack."""

from __future__ import annotations

from typing import Any

_ASSUME = {
    "Effect": "Allow",
    "Principal": {"Service": "firehose.amazonaws.com"},
    "Action": "sts:AssumeRole",
}


def delivery(bucket: str, names: tuple[str, ...], *, from_streams: bool) -> dict[str, Any]:
    """A template: a bucket, and for each name a delivery stream that writes below `<name>/` in it;
    fed by a Kinesis stream of the same name, or by whoever puts records."""
    role = {"Fn::GetAtt": ["Role", "Arn"]}
    resources: dict[str, Any] = {
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": bucket}},
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [_ASSUME]}
            },
        },
    }
    for number, name in enumerate(names):
        target = {
            "BucketARN": {"Fn::GetAtt": ["Bucket", "Arn"]},
            "RoleARN": role,
            "Prefix": f"{name}/",
            "BufferingHints": {"IntervalInSeconds": 60, "SizeInMBs": 1},
        }
        properties: dict[str, Any] = {
            "DeliveryStreamName": name,
            "ExtendedS3DestinationConfiguration": target,
            "DeliveryStreamType": "KinesisStreamAsSource" if from_streams else "DirectPut",
        }
        if from_streams:
            stream = f"Stream{number}"
            resources[stream] = {
                "Type": "AWS::Kinesis::Stream",
                "Properties": {"Name": name, "ShardCount": 1},
            }
            arn = {"Fn::GetAtt": [stream, "Arn"]}
            source = {"KinesisStreamARN": arn, "RoleARN": role}
            properties["KinesisStreamSourceConfiguration"] = source
        resources[f"Delivery{number}"] = {
            "Type": "AWS::KinesisFirehose::DeliveryStream",
            "Properties": properties,
        }
    return {"Resources": resources, "Outputs": {"Bucket": {"Value": {"Ref": "Bucket"}}}}
