-- What is remembered beside the ledger (`memo.rs`); some belong to organizations that have no events.
CREATE TABLE coulomb.memo (
  slot smallint NOT NULL,
  org text COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  due bigint,
  body text NOT NULL,
  PRIMARY KEY (slot, org, kind, id)
) WITH (fillfactor = 70);
CREATE INDEX memo_due ON coulomb.memo (kind, due) WHERE due IS NOT NULL;
