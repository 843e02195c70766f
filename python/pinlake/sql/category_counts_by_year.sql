-- How many posts did each category have in each year?
-- years are inclusive
WITH options AS (
  SELECT 2018 AS first_year, 2022 AS last_year
)
SELECT year(timestamp) AS post_year, category, count(*) AS category_count
FROM pins JOIN geo USING (ind) JOIN users USING (ind)
WHERE year(timestamp) BETWEEN
    (SELECT first_year FROM options) AND (SELECT last_year FROM options)
  AND category IS NOT NULL
GROUP BY year(timestamp), category
ORDER BY post_year, category
