-- Students, teachers and schools. A class ("form") is known by its school and number.
ALTER DEFAULT PRIVILEGES IN SCHEMA public
  GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO suyun_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO suyun_app;

CREATE TABLE schools (
  school text PRIMARY KEY,
  name text NOT NULL,
  county text NOT NULL,
  city text NOT NULL,
  site text NOT NULL,
  students integer NOT NULL CHECK (students >= 0),
  teachers integer NOT NULL CHECK (teachers >= 0)
);
CREATE INDEX schools_by_county ON schools (county);

CREATE TABLE people (
  account text PRIMARY KEY,
  name text NOT NULL,
  salt bytea NOT NULL CHECK (length(salt) = 16),
  digest bytea NOT NULL CHECK (length(digest) = 32),
  persona text NOT NULL
    CHECK (persona IN ('student', 'teacher', 'school-administrator', 'county-administrator')),
  site text NOT NULL,
  city text NOT NULL,
  county text NOT NULL,
  school text REFERENCES schools,
  form text,
  CHECK ((school IS NULL) = (persona = 'county-administrator')),
  CHECK ((form IS NOT NULL) = (persona IN ('student', 'teacher')))
);
CREATE INDEX people_by_school ON people (school);

CREATE VIEW students AS
  SELECT account, name, site, city, county, school, form FROM people WHERE persona = 'student';
CREATE VIEW teachers AS
  SELECT account, name, site, city, county, school, form FROM people WHERE persona = 'teacher';
