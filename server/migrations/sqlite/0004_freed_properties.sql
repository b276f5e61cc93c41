-- Names of experiment properties that were freed: from when on, and how far their property is removed from the project's
-- people, by id, up to the last that there was.
CREATE TABLE freed_property (
  project INTEGER NOT NULL REFERENCES project,
  name TEXT NOT NULL,
  position INTEGER NOT NULL,
  last INTEGER NOT NULL,
  freed INTEGER NOT NULL,
  PRIMARY KEY (project, name)
);
