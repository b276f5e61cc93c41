-- A person with a `deletion` is being deleted: nobody finds them any more, and what belongs to them goes in steps. It is
-- the id of the request, or 0 where their last event expired.
ALTER TABLE person ADD COLUMN deletion INTEGER;
CREATE INDEX person_by_deletion ON person (deletion) WHERE deletion IS NOT NULL;
CREATE INDEX person_by_merge ON person (merged_into) WHERE merged_into IS NOT NULL;
-- What an event keeps from being deleted: its person, and the state that it shows.
CREATE INDEX event_by_person ON event (person, state);
-- PostgreSQL has no entries of an index over 2,704 bytes; each of the three texts may have 1,024.
DROP INDEX event_by_run;
CREATE INDEX event_by_run ON event (project, flag_key, experiment_key, substr(variant, 1, 100), person)
  WHERE flag_key IS NOT NULL;
-- Requests to delete a person: who asked when, and nothing of the person.
CREATE TABLE deletion (
  id INTEGER PRIMARY KEY,
  project INTEGER NOT NULL REFERENCES project,
  requested INTEGER NOT NULL,
  requested_by TEXT,
  admin_key TEXT NOT NULL,
  finished INTEGER,
  events INTEGER NOT NULL
);
CREATE INDEX deletion_by_project ON deletion (project, id);
-- What counted to the usage of a month, by its first millisecond, and was deleted since. A month that is closed counts
-- this alone: its events expire.
CREATE TABLE kept_usage (
  project INTEGER NOT NULL REFERENCES project,
  month INTEGER NOT NULL,
  events INTEGER NOT NULL,
  tracked_users INTEGER NOT NULL,
  is_closed INTEGER NOT NULL,
  PRIMARY KEY (project, month)
);
-- In which months a person who is being deleted was a tracked user.
CREATE TABLE deleted_month (
  person INTEGER NOT NULL,
  month INTEGER NOT NULL,
  PRIMARY KEY (person, month)
);
-- The highest ids that were given to rows which are deleted, so that none is given again.
CREATE TABLE highest_id (
  name TEXT PRIMARY KEY,
  id INTEGER NOT NULL
);
INSERT INTO highest_id (name, id) VALUES ('event', 0), ('person', 0);
