# Databricks notebook source
# MAGIC %md
# MAGIC # 02 · Streams to tables
# MAGIC Brings records into `pins`, `geo` and `users` as they arrive: one query and one checkpoint a kind, by
# MAGIC the rules and steps of the batch run. The source alone decides whether this is a stream: without
# MAGIC one the landing is read by a batch run, by the same calls. Killed anywhere, the next start goes on
# MAGIC behind the checkpoints; nothing is lost or doubled.
# MAGIC
# MAGIC | widget | holds |
# MAGIC |---|---|
# MAGIC | `source` | `kinesis://region`, `kafka://host:9092`, `landing:` and a folder; empty: a batch run |
# MAGIC | `user_id` | topics are called `<user_id>.pin`, streams `streaming-<user_id>-pin` |
# MAGIC | `landing` | for a batch run: folder, volume or `s3://` URL |
# MAGIC | `catalog`, `schema` | where the tables go; the schema is there already |
# MAGIC | `kinds` | `pin,geo,user`, or some of them |
# MAGIC | `checkpoint` | folder of the queries' checkpoints; deleted, everything is read again |
# MAGIC | `once` | `true`: end once what is there now was written |

# COMMAND ----------

# MAGIC %pip install --quiet --find-links /Volumes/main/social/wheels pinlake[report]

# COMMAND ----------

dbutils.widgets.text("source", "kinesis://us-east-1")
dbutils.widgets.text("user_id", "demo")
dbutils.widgets.text("landing", "")
dbutils.widgets.text("catalog", "main")
dbutils.widgets.text("schema", "social")
dbutils.widgets.text("kinds", "pin,geo,user")
dbutils.widgets.text("checkpoint", "/Volumes/main/social/checkpoints")
dbutils.widgets.dropdown("once", "true", ["true", "false"])

# COMMAND ----------

from pinlake import config, pipeline

warehouse = f"{dbutils.widgets.get('catalog')}.{dbutils.widgets.get('schema')}"
settings = config.load(
    landing=dbutils.widgets.get("landing") or None,
    warehouse=warehouse,
    user_id=dbutils.widgets.get("user_id"),
    kind=dbutils.widgets.get("kinds"),
    stream={
        "source": dbutils.widgets.get("source") or None,
        "checkpoint": dbutils.widgets.get("checkpoint"),
        "once": dbutils.widgets.get("once"),
    },
)

# COMMAND ----------

# MAGIC %md
# MAGIC ## The books
# MAGIC A line a micro-batch while it runs, then the books of all of them:
# MAGIC `read = inserted + updated + unchanged + superseded + quarantined`, by count and by hash.

# COMMAND ----------

report = pipeline.run_source(spark, settings)
print(report)

# COMMAND ----------

# MAGIC %md ## What arrived last

# COMMAND ----------

spark.sql(f"USE {warehouse}")

# COMMAND ----------

# MAGIC %sql
# MAGIC SELECT kind, state, landing, run_id, ingested_at
# MAGIC FROM runs
# MAGIC WHERE state <> 'planned'
# MAGIC ORDER BY ingested_at DESC, kind
# MAGIC LIMIT 20

# COMMAND ----------

# MAGIC %sql
# MAGIC SELECT category, count(*) AS posts, max(_arrived_at) AS newest
# MAGIC FROM pins
# MAGIC GROUP BY category
# MAGIC ORDER BY posts DESC, category

# COMMAND ----------

dbutils.notebook.exit(report.to_json())
