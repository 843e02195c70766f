# Databricks notebook source
# MAGIC %md
# MAGIC # 03 · The eight questions
# MAGIC Each is a function of `pinlake.analysis` and a SQL file of the same name.
# MAGIC
# MAGIC | widget | holds |
# MAGIC |---|---|
# MAGIC | `catalog`, `schema` | where `pins`, `geo` and `users` are |
# MAGIC | `per` | what counts once: a `user` (the latest count) or a `post` |
# MAGIC | `ties` | `all` that share a first place, or the `first` by name |

# COMMAND ----------

# MAGIC %pip install --quiet --find-links /Volumes/main/social/wheels pinlake[report]

# COMMAND ----------

dbutils.widgets.text("catalog", "main")
dbutils.widgets.text("schema", "social")
dbutils.widgets.dropdown("per", "user", ["user", "post"])
dbutils.widgets.dropdown("ties", "all", ["all", "first"])

# COMMAND ----------

import plotly.express as px

from pinlake import analysis

warehouse = f"{dbutils.widgets.get('catalog')}.{dbutils.widgets.get('schema')}"
per = dbutils.widgets.get("per")
ties = dbutils.widgets.get("ties")
posts = analysis.posts_of(spark, warehouse)
answers = analysis.answers(posts, per=per, ties=ties)

# COMMAND ----------

# MAGIC %md ## 1 · Which category is the most popular in each country?

# COMMAND ----------

display(answers["top_category_by_country"])

# COMMAND ----------

# MAGIC %md ## 2 · How many posts did each category have in each year, and which had the most?

# COMMAND ----------

counts = answers["category_counts_by_year"].toPandas()
px.bar(counts, x="post_year", y="category_count", color="category", barmode="group").show()

# COMMAND ----------

display(answers["top_category_by_year"])

# COMMAND ----------

# MAGIC %md ## 3 · Who has the most followers in each country, and where is the most followed of all?

# COMMAND ----------

display(answers["top_user_by_country"])

# COMMAND ----------

display(answers["country_of_top_user"])

# COMMAND ----------

# MAGIC %md ## 4 · Which category is the most popular in each age group?

# COMMAND ----------

display(answers["top_category_by_age_group"])

# COMMAND ----------

# MAGIC %md ## 5 · What is the median follower count of each age group?

# COMMAND ----------

medians = answers["median_followers_by_age_group"].toPandas()
px.bar(medians, x="age_group", y="median_follower_count", log_y=True).show()

# COMMAND ----------

# MAGIC %md ## 6 · How many users joined in each year?

# COMMAND ----------

joined = answers["users_joined_by_year"].toPandas()
px.bar(joined, x="post_year", y="number_users_joined").show()

# COMMAND ----------

# MAGIC %md ## 7 · What is the median follower count of the users who joined in each year?

# COMMAND ----------

display(answers["median_followers_by_join_year"])

# COMMAND ----------

# MAGIC %md ## 8 · And of each age group among them?

# COMMAND ----------

both = answers["median_followers_by_age_group_and_join_year"].toPandas()
px.line(both, x="post_year", y="median_follower_count", color="age_group", log_y=True).show()

# COMMAND ----------

# MAGIC %md
# MAGIC ## As SQL
# MAGIC `analysis.sql(question)` is the text to paste into the SQL editor.

# COMMAND ----------

print(analysis.sql("top_category_by_age_group", warehouse=warehouse, ties=ties))

# COMMAND ----------

spark.sql(f"USE {warehouse}")

# COMMAND ----------

# MAGIC %sql
# MAGIC SELECT category, count(*) AS posts, count(follower_count) AS with_followers
# MAGIC FROM pins
# MAGIC GROUP BY category
# MAGIC ORDER BY posts DESC, category

# COMMAND ----------

# MAGIC %md The answers as tables of the same schema:

# COMMAND ----------

print("\n".join(analysis.save(answers, warehouse)))
