-- How far rows of an earlier version are converted: by id, up to the last that such a version stored.
CREATE TABLE conversion (
  name TEXT PRIMARY KEY,
  position INTEGER NOT NULL,
  last INTEGER NOT NULL
);
INSERT INTO conversion (name, position, last) SELECT 'event', 0, coalesce(max(id), 0) FROM event;
