-- The one catalogue of teaching resources: where each one's bytes are, and what they have to be.
CREATE TABLE catalogue (
  resource text PRIMARY KEY,
  site text NOT NULL,
  bucket text NOT NULL,
  key text NOT NULL,
  bytes bigint NOT NULL CHECK (bytes >= 0),
  sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
  at timestamptz NOT NULL DEFAULT clock_timestamp()
);
