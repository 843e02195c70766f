-- Which category was the most popular in each year?
-- years are inclusive
-- ties: 'all' that share a first place, 'first' of them by name
WITH options AS (
  SELECT 2018 AS first_year, 2022 AS last_year, 'all' AS ties
), counts AS (
  SELECT year(timestamp) AS post_year, category, count(*) AS category_count
  FROM pins JOIN geo USING (ind) JOIN users USING (ind)
  WHERE year(timestamp) BETWEEN
      (SELECT first_year FROM options) AND (SELECT last_year FROM options)
    AND category IS NOT NULL
  GROUP BY year(timestamp), category
), places AS (
  SELECT *,
    rank() OVER (PARTITION BY post_year ORDER BY category_count DESC) AS place,
    row_number() OVER (PARTITION BY post_year ORDER BY category_count DESC, category) AS nth
  FROM counts
)
SELECT post_year, category, category_count
FROM places
WHERE CASE WHEN (SELECT ties FROM options) = 'first' THEN nth ELSE place END = 1
ORDER BY post_year, category
