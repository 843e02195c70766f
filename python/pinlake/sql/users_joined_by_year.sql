-- How many users joined in each year?
-- years are inclusive
-- per: 'user' counts a person once, 'post' every post
WITH options AS (
  SELECT 2015 AS first_year, 2020 AS last_year, 'user' AS per
), joined AS (
  SELECT date_joined
  FROM pins JOIN geo USING (ind) JOIN users USING (ind)
  WHERE (SELECT per FROM options) = 'post'
  UNION ALL
  SELECT date_joined
  FROM (
    SELECT DISTINCT user_name, age, date_joined
    FROM pins JOIN geo USING (ind) JOIN users USING (ind)
    WHERE (SELECT per FROM options) = 'user'
  )
)
SELECT year(date_joined) AS post_year, count(*) AS number_users_joined
FROM joined
WHERE year(date_joined) BETWEEN
    (SELECT first_year FROM options) AND (SELECT last_year FROM options)
GROUP BY year(date_joined)
ORDER BY post_year
