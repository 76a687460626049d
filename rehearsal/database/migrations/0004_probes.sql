-- Writes that are looked for elsewhere: numbered without gaps by each writer, with their hash.
CREATE TABLE probes (
  writer text NOT NULL,
  sequence bigint NOT NULL CHECK (sequence > 0),
  site text NOT NULL,
  body bytea NOT NULL,
  sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (writer, sequence)
);
