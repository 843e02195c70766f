-- Which category is the most popular in each country?
-- ties: 'all' that share a first place, 'first' of them by name
WITH options AS (
  SELECT 'all' AS ties
), counts AS (
  SELECT country, category, count(*) AS category_count
  FROM pins JOIN geo USING (ind) JOIN users USING (ind)
  WHERE country IS NOT NULL AND category IS NOT NULL
  GROUP BY country, category
), places AS (
  SELECT *,
    rank() OVER (PARTITION BY country ORDER BY category_count DESC) AS place,
    row_number() OVER (PARTITION BY country ORDER BY category_count DESC, category) AS nth
  FROM counts
)
SELECT country, category, category_count
FROM places
WHERE CASE WHEN (SELECT ties FROM options) = 'first' THEN nth ELSE place END = 1
ORDER BY country, category
