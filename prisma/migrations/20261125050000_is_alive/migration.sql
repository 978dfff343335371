-- Whoever has not said for 10 s that he lives is lost. So is one whose last word lies ahead: the clock was set back since,
-- and who lives says so again within 2 s.
CREATE FUNCTION is_alive(heartbeat timestamptz) RETURNS boolean LANGUAGE sql STABLE
RETURN heartbeat BETWEEN now() - interval '10 seconds' AND now() + interval '10 seconds';
