-- How far rows of an earlier version are converted: by id, up to the last that such a version stored.
CREATE TABLE conversion (
  name TEXT PRIMARY KEY,
  position INTEGER NOT NULL,
  last INTEGER NOT NULL
);
INSERT INTO conversion (name, position, last) SELECT 'event_keys', 0, coalesce(max(id), 0) FROM event;
INSERT INTO conversion (name, position, last) SELECT 'people', 0, coalesce(max(id), 0) FROM person;
INSERT INTO conversion (name, position, last) SELECT 'event_states', 0, coalesce(max(id), 0) FROM event;
