-- Who has the most followers in each country?
-- per: 'user' counts a person once, with the latest count, 'post' every post
-- ties: 'all' that share a first place, 'first' of them by name
WITH options AS (
  SELECT 'user' AS per, 'all' AS ties
), counted AS (
  SELECT country, poster_name, follower_count
  FROM pins JOIN geo USING (ind) JOIN users USING (ind)
  WHERE (SELECT per FROM options) = 'post' AND follower_count IS NOT NULL
  UNION ALL
  SELECT latest.country, latest.poster_name, latest.follower_count
  FROM (
    SELECT max(struct(timestamp, ind, follower_count, country, poster_name)) AS latest
    FROM pins JOIN geo USING (ind) JOIN users USING (ind)
    WHERE (SELECT per FROM options) = 'user' AND follower_count IS NOT NULL
    GROUP BY user_name, age, date_joined
  )
), counts AS (
  SELECT country, poster_name, max(follower_count) AS follower_count
  FROM counted
  WHERE country IS NOT NULL
  GROUP BY country, poster_name
), places AS (
  SELECT *,
    rank() OVER (PARTITION BY country ORDER BY follower_count DESC) AS place,
    row_number() OVER (
      PARTITION BY country ORDER BY follower_count DESC, poster_name NULLS LAST
    ) AS nth
  FROM counts
)
SELECT country, poster_name, follower_count
FROM places
WHERE CASE WHEN (SELECT ties FROM options) = 'first' THEN nth ELSE place END = 1
ORDER BY country, poster_name NULLS LAST
