# Databricks notebook source
# MAGIC %md
# MAGIC # 01 · Landing to tables
# MAGIC Reads what is new in the landing, cleans it and merges it into `pins`, `geo` and `users`. What is no
# MAGIC row goes to `quarantine`; the books of every run stand in `runs`. Run it as often as you like: what
# MAGIC was read before is not read again, and a run that died is taken up.
# MAGIC
# MAGIC | widget | holds |
# MAGIC |---|---|
# MAGIC | `landing` | folder, volume or `s3://` URL with `topics/` |
# MAGIC | `catalog`, `schema` | where the tables go; the schema is there already |
# MAGIC | `kinds` | `pin,geo,user`, or some of them |
# MAGIC | `step` | `all`, or one step of a job: `check`, `clean`, `maintain`, `gate` |
# MAGIC | `date` | for `gate`: the day (UTC) whose runs count; empty: the last run of each kind |
# MAGIC | `max_quarantine` | for `all`, `clean` and `gate`: the largest share of quarantined records |

# COMMAND ----------

# MAGIC %pip install --quiet --find-links /Volumes/main/social/wheels pinlake[report]

# COMMAND ----------

dbutils.widgets.text("landing", "/Volumes/main/social/landing")
dbutils.widgets.text("catalog", "main")
dbutils.widgets.text("schema", "social")
dbutils.widgets.text("kinds", "pin,geo,user")
dbutils.widgets.dropdown("step", "all", ["all", "check", "clean", "maintain", "gate"])
dbutils.widgets.text("date", "")
dbutils.widgets.text("max_quarantine", "1.0")

# COMMAND ----------

from pinlake import config, pipeline

settings = config.load(
    landing=dbutils.widgets.get("landing"),
    warehouse=f"{dbutils.widgets.get('catalog')}.{dbutils.widgets.get('schema')}",
    kind=dbutils.widgets.get("kinds"),
    max_quarantine=dbutils.widgets.get("max_quarantine"),
)

# COMMAND ----------

# MAGIC %md ## The books
# MAGIC `read = inserted + updated + unchanged + superseded + quarantined`, by count and by hash. A run whose
# MAGIC books do not balance fails, and so does one over its gate; the job then shows why.

# COMMAND ----------

report = pipeline.run_step(
    spark, settings, dbutils.widgets.get("step"), date=dbutils.widgets.get("date")
)
print(report)

# COMMAND ----------

dbutils.notebook.exit(report.to_json())
