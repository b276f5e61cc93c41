-- Names of experiment properties that were freed: from when on, and how far their property is removed from the project's
-- people, by id, up to the last that there was.
CREATE TABLE freed_property (
  project BIGINT NOT NULL REFERENCES project,
  name TEXT NOT NULL,
  position BIGINT NOT NULL,
  last BIGINT NOT NULL,
  freed BIGINT NOT NULL,
  PRIMARY KEY (project, name)
);
