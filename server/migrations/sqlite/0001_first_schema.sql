-- The first schema on SQLite. The same names and columns as on PostgreSQL; JSON is text in both.
CREATE TABLE IF NOT EXISTS project (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  flags_version INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS flag (
  project INTEGER NOT NULL REFERENCES project,
  flag_key TEXT NOT NULL,
  config TEXT NOT NULL,
  deployments TEXT,
  PRIMARY KEY (project, flag_key)
);
-- Whom events are about. A visitor who turns out to be a known user points to that user.
CREATE TABLE IF NOT EXISTS person (
  id INTEGER PRIMARY KEY,
  project INTEGER NOT NULL REFERENCES project,
  user_id TEXT,
  merged_into INTEGER,
  properties TEXT NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS person_by_user ON person (project, user_id);
CREATE TABLE IF NOT EXISTS device (
  project INTEGER NOT NULL REFERENCES project,
  device_id TEXT NOT NULL,
  person INTEGER NOT NULL REFERENCES person,
  PRIMARY KEY (project, device_id)
);
CREATE INDEX IF NOT EXISTS device_by_person ON device (person);
-- The experiment user properties that a project has: one for each flag that anybody was exposed to.
CREATE TABLE IF NOT EXISTS experiment_property (
  project INTEGER NOT NULL REFERENCES project,
  name TEXT NOT NULL,
  PRIMARY KEY (project, name)
);
CREATE TABLE IF NOT EXISTS event (
  id INTEGER PRIMARY KEY,
  project INTEGER NOT NULL,
  insert_id TEXT NOT NULL,
  person INTEGER NOT NULL,
  user_id TEXT,
  device_id TEXT,
  event_type TEXT NOT NULL,
  time INTEGER NOT NULL,
  received INTEGER NOT NULL,
  flag_key TEXT,
  variant TEXT,
  experiment_key TEXT,
  event_properties TEXT NOT NULL,
  user_properties TEXT NOT NULL,
  rest TEXT
);
CREATE UNIQUE INDEX IF NOT EXISTS event_once ON event (project, insert_id);
CREATE INDEX IF NOT EXISTS event_by_user ON event (project, user_id);
CREATE INDEX IF NOT EXISTS event_by_device ON event (project, device_id);
-- Everything that usage looks at, so that a month is counted from the index alone.
CREATE INDEX IF NOT EXISTS event_by_receipt ON event (project, received, event_type, person);
