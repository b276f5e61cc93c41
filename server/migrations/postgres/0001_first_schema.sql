-- The first schema on PostgreSQL. The same names and columns as on SQLite; JSON is text in both.
CREATE TABLE IF NOT EXISTS project (
  id BIGINT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  flags_version BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS flag (
  project BIGINT NOT NULL REFERENCES project,
  flag_key TEXT NOT NULL,
  config TEXT NOT NULL,
  deployments TEXT,
  PRIMARY KEY (project, flag_key)
);
-- Whom events are about. A visitor who turns out to be a known user points to that user.
CREATE TABLE IF NOT EXISTS person (
  id BIGINT PRIMARY KEY,
  project BIGINT NOT NULL REFERENCES project,
  user_id TEXT,
  merged_into BIGINT,
  properties TEXT NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS person_by_user ON person (project, user_id);
CREATE TABLE IF NOT EXISTS device (
  project BIGINT NOT NULL REFERENCES project,
  device_id TEXT NOT NULL,
  person BIGINT NOT NULL REFERENCES person,
  PRIMARY KEY (project, device_id)
);
CREATE INDEX IF NOT EXISTS device_by_person ON device (person);
-- The experiment user properties that a project has: one for each flag that anybody was exposed to.
CREATE TABLE IF NOT EXISTS experiment_property (
  project BIGINT NOT NULL REFERENCES project,
  name TEXT NOT NULL,
  PRIMARY KEY (project, name)
);
CREATE TABLE IF NOT EXISTS event (
  id BIGINT NOT NULL,
  project BIGINT NOT NULL,
  insert_id TEXT NOT NULL,
  person BIGINT NOT NULL,
  user_id TEXT,
  device_id TEXT,
  event_type TEXT NOT NULL,
  time BIGINT NOT NULL,
  received BIGINT NOT NULL,
  flag_key TEXT,
  variant TEXT,
  experiment_key TEXT,
  event_properties TEXT NOT NULL,
  user_properties TEXT NOT NULL,
  rest TEXT,
  PRIMARY KEY (project, insert_id)
) PARTITION BY HASH (project, insert_id);
CREATE TABLE IF NOT EXISTS event_0 PARTITION OF event FOR VALUES WITH (MODULUS 4, REMAINDER 0);
CREATE TABLE IF NOT EXISTS event_1 PARTITION OF event FOR VALUES WITH (MODULUS 4, REMAINDER 1);
CREATE TABLE IF NOT EXISTS event_2 PARTITION OF event FOR VALUES WITH (MODULUS 4, REMAINDER 2);
CREATE TABLE IF NOT EXISTS event_3 PARTITION OF event FOR VALUES WITH (MODULUS 4, REMAINDER 3);
CREATE INDEX IF NOT EXISTS event_by_id ON event (id);
-- No other index of events has the project in its key: where PostgreSQL does not know the table yet it might look for an
-- insert id with that one and read the whole project.
CREATE INDEX IF NOT EXISTS event_by_user ON event (user_id);
CREATE INDEX IF NOT EXISTS event_by_device ON event (device_id);
-- Everything that usage looks at, so that a month is counted from the index alone.
CREATE INDEX IF NOT EXISTS event_by_receipt ON event (received) INCLUDE (project, event_type, person);
