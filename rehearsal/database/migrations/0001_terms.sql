-- Who may take writes, and since when: one row for each promotion, the first site's included.
-- It is the fence token: a server whose highest term is not the highest of all is no primary.
CREATE SCHEMA fence;

CREATE TABLE fence.terms (
  term bigint PRIMARY KEY CHECK (term > 0),
  site text NOT NULL,
  timeline integer NOT NULL,
  lsn pg_lsn NOT NULL,
  since timestamptz NOT NULL DEFAULT clock_timestamp()
);

GRANT USAGE ON SCHEMA fence TO suyun_app, suyun_reports, suyun_audit;
GRANT SELECT ON fence.terms TO suyun_app, suyun_reports, suyun_audit;
