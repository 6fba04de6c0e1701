CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value ANY NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE event (
  pos INTEGER PRIMARY KEY,
  org INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  at INTEGER NOT NULL,
  prev INTEGER NOT NULL,
  hash BLOB NOT NULL,
  body TEXT NOT NULL
) STRICT;
CREATE TABLE landmark (
  org INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  pos INTEGER NOT NULL,
  PRIMARY KEY (org, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE organization (
  n INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  slot INTEGER NOT NULL,
  version INTEGER NOT NULL DEFAULT 0,
  pos INTEGER NOT NULL DEFAULT 0,
  hash BLOB,
  next_due INTEGER,
  name TEXT NOT NULL DEFAULT '',
  body TEXT
, runs INTEGER NOT NULL DEFAULT 0, last_run INTEGER NOT NULL DEFAULT 0, grants TEXT NOT NULL DEFAULT '[]', tally TEXT NOT NULL DEFAULT '[]', apart INTEGER NOT NULL DEFAULT 1) STRICT;
CREATE INDEX organization_due ON organization (next_due) WHERE next_due IS NOT NULL;
CREATE TABLE grants (
  org INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  id TEXT NOT NULL,
  payment TEXT,
  unspent INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (org, seq)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX grants_by_id ON grants (org, id);
CREATE INDEX grants_live ON grants (org, seq) WHERE unspent = 1;
CREATE TABLE run_chunk (
  n INTEGER PRIMARY KEY,
  keys BLOB NOT NULL
) STRICT;
CREATE TABLE debt (
  org INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  id TEXT NOT NULL,
  payment TEXT,
  live INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (org, seq)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX debt_by_id ON debt (org, id);
CREATE INDEX debt_live ON debt (org, seq) WHERE live = 1;
CREATE INDEX debt_of_payment ON debt (org, payment) WHERE payment IS NOT NULL;
CREATE TABLE payment (
  org INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  id TEXT NOT NULL,
  live INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (org, seq)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX payment_by_id ON payment (org, id);
CREATE INDEX payment_live ON payment (org, seq) WHERE live = 1;
CREATE TABLE payment_fact (
  org INTEGER NOT NULL,
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  payment TEXT NOT NULL,
  PRIMARY KEY (org, kind, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE answer (
  org INTEGER NOT NULL,
  key TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (org, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE refusal (
  org INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (org, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE tally (
  org INTEGER NOT NULL,
  hour INTEGER NOT NULL,
  kind TEXT NOT NULL,
  member TEXT NOT NULL,
  task TEXT NOT NULL,
  credits INTEGER NOT NULL,
  runs INTEGER NOT NULL,
  refused INTEGER NOT NULL,
  PRIMARY KEY (org, hour, kind, member, task)
) STRICT, WITHOUT ROWID;
CREATE TABLE api_key (
  n INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  scope TEXT NOT NULL,
  hash BLOB NOT NULL UNIQUE,
  created_at INTEGER NOT NULL,
  revoked_at INTEGER
) STRICT;
CREATE TABLE memo (
  org TEXT NOT NULL,
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  version INTEGER NOT NULL,
  due INTEGER,
  body TEXT NOT NULL,
  PRIMARY KEY (org, kind, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX memo_due ON memo (kind, due) WHERE due IS NOT NULL;
CREATE TABLE run (
  n INTEGER PRIMARY KEY,
  org INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  prev INTEGER NOT NULL,
  id TEXT NOT NULL,
  status TEXT NOT NULL,
  task TEXT,
  body TEXT NOT NULL
) STRICT;
CREATE INDEX run_unsettled ON run (org, status, seq) WHERE status <> 'settled';
CREATE INDEX run_of_task ON run (org, task, seq) WHERE task IS NOT NULL;
CREATE TABLE run_landmark (
  org INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (org, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE run_segment (
  segment INTEGER PRIMARY KEY,
  chunks INTEGER NOT NULL,
  bits BLOB NOT NULL,
  through INTEGER NOT NULL
) STRICT;
CREATE TABLE run_key (
  n INTEGER PRIMARY KEY,
  keys BLOB NOT NULL
) STRICT;
