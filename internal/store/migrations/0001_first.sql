-- Times are nanoseconds since 1970, UTC. Intervals are [from, to); the
-- outermost integers stand for "always" and "still".

CREATE TABLE run (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  kind     TEXT NOT NULL,
  args     TEXT NOT NULL,
  session  INTEGER NOT NULL DEFAULT 0, -- runs that resume one another share it
  started  INTEGER NOT NULL,
  finished INTEGER NOT NULL DEFAULT 0,
  status   TEXT NOT NULL,
  summary  TEXT NOT NULL DEFAULT ''
);

-- What an interrupted session need not do again.
CREATE TABLE unit (
  session INTEGER NOT NULL,
  unit    TEXT NOT NULL,
  PRIMARY KEY (session, unit)
) WITHOUT ROWID;

-- One resource type in one Region of one account.
CREATE TABLE scope (
  id      INTEGER PRIMARY KEY,
  type    TEXT NOT NULL,
  account TEXT NOT NULL,
  region  TEXT NOT NULL, -- empty: a listing that spans all Regions
  UNIQUE (type, account, region)
);
CREATE UNIQUE INDEX scope_account ON scope (account, type, region);

-- When a scope was listed whole.
CREATE TABLE seen (
  scope INTEGER NOT NULL,
  at    INTEGER NOT NULL,
  PRIMARY KEY (scope, at)
) WITHOUT ROWID;

CREATE TABLE version (
  k          INTEGER PRIMARY KEY,
  scope      INTEGER NOT NULL,
  id         TEXT NOT NULL,
  valid_from INTEGER NOT NULL,
  valid_to   INTEGER NOT NULL,
  run        INTEGER NOT NULL,
  observed   INTEGER NOT NULL,
  source     TEXT NOT NULL,
  digest     BLOB NOT NULL,
  body       BLOB NOT NULL -- canonical JSON, of which digest is the SHA-256
);
CREATE INDEX version_timeline ON version (scope, id, valid_from, valid_to);

-- One row for each batch of evidence: when was this unit read?
CREATE TABLE batch (
  account TEXT NOT NULL,
  region  TEXT NOT NULL,
  unit    TEXT NOT NULL,
  at      INTEGER NOT NULL,
  run     INTEGER NOT NULL,
  PRIMARY KEY (account, region, unit, at)
) WITHOUT ROWID;
CREATE INDEX batch_at ON batch (at);

CREATE TABLE gap (
  k          INTEGER PRIMARY KEY,
  account    TEXT NOT NULL,
  region     TEXT NOT NULL,
  unit       TEXT NOT NULL,
  valid_from INTEGER NOT NULL,
  valid_to   INTEGER NOT NULL,
  run        INTEGER NOT NULL,
  body       TEXT NOT NULL
);
CREATE INDEX gap_unit ON gap (account, region, unit);

-- What findings of one control have in common.
CREATE TABLE rule (
  id        INTEGER PRIMARY KEY,
  rule      TEXT NOT NULL,
  title     TEXT NOT NULL,
  severity  TEXT NOT NULL,
  rank      INTEGER NOT NULL,
  objective TEXT NOT NULL,
  practices TEXT NOT NULL,
  UNIQUE (rule, title, severity, objective, practices)
);

CREATE TABLE review (
  run INTEGER PRIMARY KEY,
  at  INTEGER NOT NULL
);

-- The latest state of each finding, since the review of run. While a finding
-- stands, last_seen is 0 and means the latest review, and status new means
-- open once a later review has been: so a review that changes nothing writes
-- nothing.
CREATE TABLE finding (
  k            INTEGER PRIMARY KEY,
  id           BLOB NOT NULL UNIQUE,
  run          INTEGER NOT NULL,
  content      INTEGER NOT NULL, -- digest of the columns down to prevented_by
  rule         INTEGER NOT NULL REFERENCES rule (id),
  verdict      TEXT NOT NULL,
  type         TEXT NOT NULL,
  resource     TEXT NOT NULL,
  arn          TEXT NOT NULL,
  account      TEXT NOT NULL,
  region       TEXT NOT NULL,
  file         TEXT NOT NULL,
  line         INTEGER NOT NULL,
  col          INTEGER NOT NULL,
  message      TEXT NOT NULL,
  exception    TEXT NOT NULL,
  prevented_by TEXT NOT NULL,
  status       TEXT NOT NULL,
  first_seen   INTEGER NOT NULL,
  last_seen    INTEGER NOT NULL,
  opened       INTEGER NOT NULL,
  resolved     INTEGER NOT NULL,
  due          INTEGER NOT NULL
);

-- The change log: states that were replaced, valid for the reviews of runs
-- from run up to, not including, until. Rows are added and never changed.
CREATE TABLE finding_past (
  until        INTEGER NOT NULL,
  k            INTEGER NOT NULL,
  id           BLOB NOT NULL,
  run          INTEGER NOT NULL,
  content      INTEGER NOT NULL,
  rule         INTEGER NOT NULL,
  verdict      TEXT NOT NULL,
  type         TEXT NOT NULL,
  resource     TEXT NOT NULL,
  arn          TEXT NOT NULL,
  account      TEXT NOT NULL,
  region       TEXT NOT NULL,
  file         TEXT NOT NULL,
  line         INTEGER NOT NULL,
  col          INTEGER NOT NULL,
  message      TEXT NOT NULL,
  exception    TEXT NOT NULL,
  prevented_by TEXT NOT NULL,
  status       TEXT NOT NULL,
  first_seen   INTEGER NOT NULL,
  last_seen    INTEGER NOT NULL,
  opened       INTEGER NOT NULL,
  resolved     INTEGER NOT NULL,
  due          INTEGER NOT NULL
);
CREATE INDEX finding_past_id ON finding_past (id);
