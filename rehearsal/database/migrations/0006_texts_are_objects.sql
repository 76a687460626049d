-- What is handed in lies in an object store, and its row says where. SQL cannot carry texts that are
-- here over there, so a database that has any is left as it is, and this step refused.
ALTER TABLE submissions
  DROP COLUMN text,
  ADD COLUMN bucket text NOT NULL,
  ADD COLUMN key text NOT NULL;
