-- What is the median follower count of each age group?
-- per: 'user' counts a person once, with the latest count, 'post' every post
-- approximate: false is exact and interpolated, true percentile_approx
WITH options AS (
  SELECT 'user' AS per, false AS approximate
), counted AS (
  SELECT age, follower_count
  FROM pins JOIN geo USING (ind) JOIN users USING (ind)
  WHERE (SELECT per FROM options) = 'post' AND follower_count IS NOT NULL
  UNION ALL
  SELECT age, max(struct(timestamp, ind, follower_count)).follower_count
  FROM pins JOIN geo USING (ind) JOIN users USING (ind)
  WHERE (SELECT per FROM options) = 'user' AND follower_count IS NOT NULL
  GROUP BY user_name, age, date_joined
), aged AS (
  SELECT follower_count,
    CASE
      WHEN age <= 24 THEN '18-24'
      WHEN age <= 35 THEN '25-35'
      WHEN age <= 50 THEN '36-50'
      ELSE '50+'
    END AS age_group
  FROM counted
  WHERE age >= 18
)
SELECT age_group,
  if(
    (SELECT approximate FROM options),
    CAST(percentile_approx(follower_count, 0.5) AS DOUBLE),
    percentile(follower_count, 0.5)
  ) AS median_follower_count
FROM aged
GROUP BY age_group
ORDER BY age_group
