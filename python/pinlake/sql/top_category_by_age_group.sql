-- Which category is the most popular in each age group?
-- ties: 'all' that share a first place, 'first' of them by name
WITH options AS (
  SELECT 'all' AS ties
), aged AS (
  SELECT category,
    CASE
      WHEN age <= 24 THEN '18-24'
      WHEN age <= 35 THEN '25-35'
      WHEN age <= 50 THEN '36-50'
      ELSE '50+'
    END AS age_group
  FROM pins JOIN geo USING (ind) JOIN users USING (ind)
  WHERE age >= 18 AND category IS NOT NULL
), counts AS (
  SELECT age_group, category, count(*) AS category_count
  FROM aged
  GROUP BY age_group, category
), places AS (
  SELECT *,
    rank() OVER (PARTITION BY age_group ORDER BY category_count DESC) AS place,
    row_number() OVER (PARTITION BY age_group ORDER BY category_count DESC, category) AS nth
  FROM counts
)
SELECT age_group, category, category_count
FROM places
WHERE CASE WHEN (SELECT ties FROM options) = 'first' THEN nth ELSE place END = 1
ORDER BY age_group, category
