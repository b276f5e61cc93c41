-- User properties are stored once for each state in which they were, and events refer to a state. A property of now is
-- stored in one of its person's buckets, by name.
CREATE TABLE property_bucket (
  person BIGINT NOT NULL,
  bucket BIGINT NOT NULL,
  properties TEXT NOT NULL,
  PRIMARY KEY (person, bucket)
);
-- `base` is the number of the last whole state; where it is the state's own number, `properties` is whole, else it is
-- the difference to the state before.
CREATE TABLE property_state (
  person BIGINT NOT NULL,
  number BIGINT NOT NULL,
  base BIGINT NOT NULL,
  properties TEXT NOT NULL,
  PRIMARY KEY (person, number)
);
-- How many buckets, names and bytes there are, and when all were cleared. `properties` is empty where they are in buckets.
ALTER TABLE person ADD COLUMN buckets BIGINT NOT NULL DEFAULT 0;
ALTER TABLE person ADD COLUMN property_names BIGINT NOT NULL DEFAULT 0;
ALTER TABLE person ADD COLUMN property_bytes BIGINT NOT NULL DEFAULT 0;
ALTER TABLE person ADD COLUMN cleared TEXT;
-- The state of now; none where there never was a property. The last whole state, and how many bytes the differences since have.
ALTER TABLE person ADD COLUMN state BIGINT;
ALTER TABLE person ADD COLUMN state_base BIGINT NOT NULL DEFAULT 0;
ALTER TABLE person ADD COLUMN difference_bytes BIGINT NOT NULL DEFAULT 0;
-- The state that an event shows, and its difference to it. `user_properties` is empty where the properties are a state.
ALTER TABLE event ADD COLUMN state BIGINT;
ALTER TABLE event ADD COLUMN state_difference TEXT;
-- What makes two events with one insert id different ones: a digest of device or user, type, flag and variant.
ALTER TABLE event ADD COLUMN unique_key BIGINT;
ALTER TABLE event ADD COLUMN made_by_server BIGINT NOT NULL DEFAULT 0;
ALTER TABLE event DROP CONSTRAINT event_pkey;
CREATE UNIQUE INDEX event_once ON event (project, insert_id, unique_key);
-- Indexes for reading: the project, what is asked for, the order of storing.
DROP INDEX event_by_user;
DROP INDEX event_by_device;
CREATE INDEX event_by_project ON event (project, id);
CREATE INDEX event_by_user ON event (project, user_id, id);
CREATE INDEX event_by_device ON event (project, device_id, id);
CREATE INDEX event_by_type ON event (project, event_type, id);
CREATE INDEX event_by_flag ON event (project, flag_key, id) WHERE flag_key IS NOT NULL;
CREATE INDEX event_by_variant ON event (project, variant, id) WHERE variant IS NOT NULL;
-- Indexes for analysis.
CREATE INDEX event_by_time ON event (project, event_type, time);
CREATE INDEX event_by_run ON event (project, flag_key, experiment_key, variant, person) WHERE flag_key IS NOT NULL;
