-- Accounts. `event` is the truth and is only appended to; every other table of an organization is written with it, in the
-- same commit, and stands for organization.version. Times are microseconds since 1970, amounts micro-credits, bodies JSON.
--
-- Every key begins with the slot, a hash of the organization, and then the organization, and nothing points or counts
-- across slots, so that an engine that shards by a column can take the slot.

CREATE TABLE coulomb.organization (
  slot smallint NOT NULL,
  org text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  hash bytea NOT NULL,
  -- When something happens next by itself, or earlier: appends only ever move it forward, whoever looks sets it right.
  next_due bigint,
  name text NOT NULL,
  body text NOT NULL,
  PRIMARY KEY (slot, org)
) WITH (fillfactor = 70);
CREATE INDEX organization_due ON coulomb.organization (next_due) WHERE next_due IS NOT NULL;
CREATE INDEX organization_by_id ON coulomb.organization (org);

CREATE TABLE coulomb.event (
  slot smallint NOT NULL,
  org text COLLATE "C" NOT NULL,
  seq bigint NOT NULL,
  at bigint NOT NULL,
  hash bytea NOT NULL,
  body text NOT NULL,
  PRIMARY KEY (slot, org, seq)
);

-- `grant` is a word of SQL.
CREATE TABLE coulomb.grants (
  slot smallint NOT NULL,
  org text COLLATE "C" NOT NULL,
  seq bigint NOT NULL,
  id text COLLATE "C" NOT NULL,
  payment text COLLATE "C",
  live boolean NOT NULL,
  body text NOT NULL,
  PRIMARY KEY (slot, org, seq)
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX grants_by_id ON coulomb.grants (slot, org, id);
CREATE INDEX grants_live ON coulomb.grants (slot, org) WHERE live;

-- Each start looks whether its id was ever used. Only the primary key can answer that: the other indexes leave something
-- out, if only in words, so that no planner that has not counted the table yet goes through all runs of an organization.
CREATE TABLE coulomb.run (
  slot smallint NOT NULL,
  org text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  seq bigint NOT NULL,
  status text NOT NULL,
  task text COLLATE "C",
  body text NOT NULL,
  PRIMARY KEY (slot, org, id)
) WITH (fillfactor = 85);
CREATE INDEX run_by_seq ON coulomb.run (slot, org, seq) WHERE seq > 0;
CREATE INDEX run_unsettled ON coulomb.run (slot, org, status, seq) WHERE status <> 'settled';
CREATE INDEX run_of_task ON coulomb.run (slot, org, task, seq) WHERE task IS NOT NULL;

CREATE TABLE coulomb.debt (
  slot smallint NOT NULL,
  org text COLLATE "C" NOT NULL,
  seq bigint NOT NULL,
  id text COLLATE "C" NOT NULL,
  payment text COLLATE "C",
  live boolean NOT NULL,
  body text NOT NULL,
  PRIMARY KEY (slot, org, seq)
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX debt_by_id ON coulomb.debt (slot, org, id);
CREATE INDEX debt_live ON coulomb.debt (slot, org, seq) WHERE live;
CREATE INDEX debt_of_payment ON coulomb.debt (slot, org, payment) WHERE payment IS NOT NULL;

-- `granted` is the grant that it funds.
CREATE TABLE coulomb.payment (
  slot smallint NOT NULL,
  org text COLLATE "C" NOT NULL,
  seq bigint NOT NULL,
  id text COLLATE "C" NOT NULL,
  granted text COLLATE "C",
  live boolean NOT NULL,
  body text NOT NULL,
  PRIMARY KEY (slot, org, seq)
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX payment_by_id ON coulomb.payment (slot, org, id);
CREATE INDEX payment_live ON coulomb.payment (slot, org) WHERE live;

-- Which payment a refund or dispute is about.
CREATE TABLE coulomb.payment_fact (
  slot smallint NOT NULL,
  org text COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  payment text COLLATE "C" NOT NULL,
  PRIMARY KEY (slot, org, kind, id)
);

CREATE TABLE coulomb.answer (
  slot smallint NOT NULL,
  org text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  body text NOT NULL,
  PRIMARY KEY (slot, org, key)
);

CREATE TABLE coulomb.refusal (
  slot smallint NOT NULL,
  org text COLLATE "C" NOT NULL,
  seq bigint NOT NULL,
  body text NOT NULL,
  PRIMARY KEY (slot, org, seq)
);

-- An empty member or task: none.
CREATE TABLE coulomb.tally (
  slot smallint NOT NULL,
  org text COLLATE "C" NOT NULL,
  hour bigint NOT NULL,
  kind text COLLATE "C" NOT NULL,
  member text COLLATE "C" NOT NULL,
  task text COLLATE "C" NOT NULL,
  credits bigint NOT NULL,
  runs bigint NOT NULL,
  refused bigint NOT NULL,
  PRIMARY KEY (slot, org, hour, kind, member, task)
) WITH (fillfactor = 70);

-- Of the database as a whole: few rows, the same for every organization.
CREATE TABLE coulomb.api_key (
  id text COLLATE "C" PRIMARY KEY,
  name text NOT NULL,
  scope text NOT NULL,
  hash bytea NOT NULL,
  created_at bigint NOT NULL,
  revoked_at bigint
);
