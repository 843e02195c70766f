"""The batch notebooks as they are usually written, from landing objects to three Delta tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


def read(spark: SparkSession, landing: str, topic: str) -> DataFrame:
    """All objects of a topic: a glob, and a schema found by reading everything once more."""
    objects = f"{landing}/topics/{topic}/partition=*/*.json"
    return spark.read.format("json").option("inferSchema", "true").load(objects)


def clean_pin(df: DataFrame) -> DataFrame:
    """The pins."""
    from pyspark.sql import functions as F

    df = df.dropDuplicates()
    for value, column in (
        ("No Title Data Available", "title"),
        ("No description available Story format", "description"),
        ("No description available", "description"),
        ("User Info Error", "poster_name"),
        ("User Info Error", "follower_count"),
        ("N,o, ,T,a,g,s, ,A,v,a,i,l,a,b,l,e", "tag_list"),
        ("Image src error.", "image_src"),
    ):
        df = df.replace({value: None}, subset=[column])
    df = df.withColumn("follower_count", F.regexp_replace("follower_count", "k", "000"))
    df = df.withColumn("follower_count", F.regexp_replace("follower_count", "M", "000000"))
    df = df.withColumn("follower_count", F.col("follower_count").cast("int"))
    df = df.withColumn("save_location", F.regexp_replace("save_location", "Local save in ", ""))
    df = df.withColumn("downloaded", F.col("downloaded").cast("boolean"))
    df = df.withColumnRenamed("index", "ind")
    df = df.withColumn("ind", F.col("ind").cast("int"))
    return df.select(
        "ind",
        "unique_id",
        "title",
        "description",
        "follower_count",
        "poster_name",
        "tag_list",
        "is_image_or_video",
        "image_src",
        "save_location",
        "category",
        "downloaded",
    )


def clean_geo(df: DataFrame) -> DataFrame:
    """Where and when."""
    from pyspark.sql import functions as F

    df = df.dropDuplicates()
    df = df.withColumn("coordinates", F.array("latitude", "longitude"))
    df = df.drop("latitude", "longitude")
    df = df.withColumn("timestamp", F.to_timestamp("timestamp"))
    df = df.withColumn("ind", F.col("ind").cast("int"))
    return df.select("ind", "country", "coordinates", "timestamp")


def clean_user(df: DataFrame) -> DataFrame:
    """Who."""
    from pyspark.sql import functions as F

    df = df.dropDuplicates()
    df = df.withColumn("user_name", F.concat("first_name", F.lit(" "), "last_name"))
    df = df.drop("first_name", "last_name")
    df = df.withColumn("date_joined", F.to_timestamp("date_joined"))
    df = df.withColumn("age", F.col("age").cast("int"))
    df = df.withColumn("ind", F.col("ind").cast("int"))
    return df.select("ind", "user_name", "age", "date_joined")


CLEANERS = {"pin": clean_pin, "geo": clean_geo, "user": clean_user}
TABLES = {"pin": "pins", "geo": "geo", "user": "users"}


def run(spark: SparkSession, landing: str, user_id: str, warehouse: str) -> None:
    """One notebook after the other, as a scheduled job calls them."""
    for kind, cleaner in CLEANERS.items():
        df = cleaner(read(spark, landing, f"{user_id}.{kind}"))
        df.write.format("delta").mode("overwrite").save(f"{warehouse}/{TABLES[kind]}")
