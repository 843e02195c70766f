-- What is the median follower count of the users who joined in each year?
-- years are inclusive
-- per: 'user' counts a person once, with the latest count, 'post' every post
-- approximate: false is exact and interpolated, true percentile_approx
WITH options AS (
  SELECT 2015 AS first_year, 2020 AS last_year, 'user' AS per, false AS approximate
), counted AS (
  SELECT date_joined, follower_count
  FROM pins JOIN geo USING (ind) JOIN users USING (ind)
  WHERE (SELECT per FROM options) = 'post' AND follower_count IS NOT NULL
  UNION ALL
  SELECT date_joined, max(struct(timestamp, ind, follower_count)).follower_count
  FROM pins JOIN geo USING (ind) JOIN users USING (ind)
  WHERE (SELECT per FROM options) = 'user' AND follower_count IS NOT NULL
  GROUP BY user_name, age, date_joined
)
SELECT year(date_joined) AS post_year,
  if(
    (SELECT approximate FROM options),
    CAST(percentile_approx(follower_count, 0.5) AS DOUBLE),
    percentile(follower_count, 0.5)
  ) AS median_follower_count
FROM counted
WHERE year(date_joined) BETWEEN
    (SELECT first_year FROM options) AND (SELECT last_year FROM options)
GROUP BY year(date_joined)
ORDER BY post_year
