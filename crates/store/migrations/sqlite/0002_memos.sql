-- What is remembered beside the ledger (`memo.rs`). By the organization's id and not its number: some belong to organizations
-- that have no events.
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
