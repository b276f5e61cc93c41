-- A person with a `deletion` is being deleted: nobody finds them any more, and what belongs to them goes in steps. It is
-- the id of the request, or 0 where their last event expired.
ALTER TABLE person ADD COLUMN deletion BIGINT;
CREATE INDEX person_by_deletion ON person (deletion) WHERE deletion IS NOT NULL;
CREATE INDEX person_by_merge ON person (merged_into) WHERE merged_into IS NOT NULL;
-- What an event keeps from being deleted: its person, and the state that it shows.
CREATE INDEX event_by_person ON event (person, state);
-- By project: events of one expire while those of others stay. Everything that usage looks at is in the index.
DROP INDEX event_by_receipt;
CREATE INDEX event_by_receipt ON event (project, received) INCLUDE (event_type, person);
-- PostgreSQL has no entries of an index over 2,704 bytes; each of the three texts may have 1,024.
DROP INDEX event_by_run;
CREATE INDEX event_by_run ON event (project, flag_key, experiment_key, substr(variant, 1, 100), person)
  WHERE flag_key IS NOT NULL;
-- Requests to delete a person: who asked when, and nothing of the person.
CREATE TABLE deletion (
  id BIGINT PRIMARY KEY,
  project BIGINT NOT NULL REFERENCES project,
  requested BIGINT NOT NULL,
  requested_by TEXT,
  admin_key TEXT NOT NULL,
  finished BIGINT,
  events BIGINT NOT NULL
);
CREATE INDEX deletion_by_project ON deletion (project, id);
-- What counted to the usage of a month, by its first millisecond, and was deleted since. A month that is closed counts
-- this alone: its events expire.
CREATE TABLE kept_usage (
  project BIGINT NOT NULL REFERENCES project,
  month BIGINT NOT NULL,
  events BIGINT NOT NULL,
  tracked_users BIGINT NOT NULL,
  is_closed BIGINT NOT NULL,
  PRIMARY KEY (project, month)
);
-- In which months a person who is being deleted was a tracked user.
CREATE TABLE deleted_month (
  person BIGINT NOT NULL,
  month BIGINT NOT NULL,
  PRIMARY KEY (person, month)
);
-- The highest ids that were given to rows which are deleted, so that none is given again.
CREATE TABLE highest_id (
  name TEXT PRIMARY KEY,
  id BIGINT NOT NULL
);
INSERT INTO highest_id (name, id) VALUES ('event', 0), ('person', 0);
