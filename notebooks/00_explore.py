# Databricks notebook source
# MAGIC %md
# MAGIC # 00 · Explore a landing
# MAGIC What is in the objects before any rule: fields, counts, placeholders; and what the rules make of it.
# MAGIC All of a sample; nothing is written.
# MAGIC
# MAGIC | widget | holds |
# MAGIC |---|---|
# MAGIC | `landing` | folder, volume or `s3://` URL with `topics/` |
# MAGIC | `kind` | `pin`, `geo` or `user` |
# MAGIC | `sample` | how many records to look at |

# COMMAND ----------

# MAGIC %md The wheel: from a volume, or wherever your packages come from.

# COMMAND ----------

# MAGIC %pip install --quiet --find-links /Volumes/main/social/wheels pinlake[report]

# COMMAND ----------

dbutils.widgets.text("landing", "/Volumes/main/social/landing")
dbutils.widgets.dropdown("kind", "pin", ["pin", "geo", "user"])
dbutils.widgets.text("sample", "10000")

# COMMAND ----------

import plotly.express as px

import pinlake
from pinlake import explore

landing = dbutils.widgets.get("landing")
kind = dbutils.widgets.get("kind")
sample = int(dbutils.widgets.get("sample"))

# COMMAND ----------

# MAGIC %md ## Records as they came

# COMMAND ----------

records = explore.sample(spark, kind, landing, limit=sample)
display(records.limit(5))

# COMMAND ----------

# MAGIC %md
# MAGIC ## Fields
# MAGIC A row a field. `placeholders` are texts that stand for "missing" and become null.

# COMMAND ----------

fields = explore.fields(records, kind)
display(fields)

# COMMAND ----------

counts = fields.select("field", "placeholders", "nulls", "empty").toPandas()
px.bar(
    counts, x="field", y=["placeholders", "nulls", "empty"], title=f"What is missing: {kind}"
).show()

# COMMAND ----------

# MAGIC %md
# MAGIC ## Cleaned
# MAGIC The sample through the rules: schema, rejected records by code, ranges of the columns.

# COMMAND ----------

clean = pinlake.clean(records, kind)
clean.printSchema()

# COMMAND ----------

rejects = pinlake.rejected(clean).groupBy("_reject.code").count().orderBy("code")
display(rejects)

# COMMAND ----------

display(explore.ranges(pinlake.clean(records, kind, meta=False)))
