-- Findings of detections stand beside those of controls: kind is empty for a
-- control's. Their first_seen and last_seen are times of activity, opened is when
-- they were recorded; at is when a state of theirs began.
ALTER TABLE finding ADD COLUMN kind TEXT NOT NULL DEFAULT '';
ALTER TABLE finding ADD COLUMN alerts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE finding ADD COLUMN techniques TEXT NOT NULL DEFAULT '';
ALTER TABLE finding ADD COLUMN playbook TEXT NOT NULL DEFAULT '';
ALTER TABLE finding ADD COLUMN at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE finding_past ADD COLUMN kind TEXT NOT NULL DEFAULT '';
ALTER TABLE finding_past ADD COLUMN alerts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE finding_past ADD COLUMN techniques TEXT NOT NULL DEFAULT '';
ALTER TABLE finding_past ADD COLUMN playbook TEXT NOT NULL DEFAULT '';
ALTER TABLE finding_past ADD COLUMN at INTEGER NOT NULL DEFAULT 0;

-- How many alerts of a day (since 1970) a finding has, and which: known holds eight
-- bytes of the digest of each. Once that is full, only alerts later than the newest
-- are counted, so that none is counted twice.
CREATE TABLE alert_day (
  k      INTEGER NOT NULL,
  day    INTEGER NOT NULL,
  alerts INTEGER NOT NULL,
  newest INTEGER NOT NULL,
  known  BLOB NOT NULL,
  PRIMARY KEY (k, day)
) WITHOUT ROWID;

-- The latest alerts of each finding.
CREATE TABLE alert (
  k    INTEGER NOT NULL,
  at   INTEGER NOT NULL,
  key  BLOB NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (k, at, key)
) WITHOUT ROWID;

-- Stretches of detection. Of each source the latest two keep the detector's state
-- and what they read: who goes on from the last but one replaces the last.
CREATE TABLE recording (
  id     INTEGER PRIMARY KEY AUTOINCREMENT,
  source TEXT NOT NULL,
  chain  INTEGER NOT NULL, -- number of the first of those that go on from one another
  run    INTEGER NOT NULL,
  at     INTEGER NOT NULL,
  read   TEXT NOT NULL,
  off    TEXT NOT NULL,
  state  BLOB
);
CREATE INDEX recording_source ON recording (source, id);

-- What was read of the activity of one account, Region and day (since 1970).
CREATE TABLE activity (
  account  TEXT NOT NULL,
  region   TEXT NOT NULL,
  day      INTEGER NOT NULL,
  source   TEXT NOT NULL,
  events   INTEGER NOT NULL, -- the most that one chain of recordings read
  first    INTEGER NOT NULL,
  last     INTEGER NOT NULL,
  logs     TEXT NOT NULL,    -- kinds of logs, with spaces between
  faults   INTEGER NOT NULL, -- files that could not be read, by the latest chain
  chain    INTEGER NOT NULL, -- the latest
  counting INTEGER NOT NULL, -- events that it read
  PRIMARY KEY (account, region, day, source)
) WITHOUT ROWID;
