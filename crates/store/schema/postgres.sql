CREATE TABLE coulomb.answer (
  slot smallint NOT NULL,
  org text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  body text NOT NULL,
  CONSTRAINT answer_pkey PRIMARY KEY (slot, org, key)
);
CREATE TABLE coulomb.api_key (
  id text COLLATE "C" NOT NULL,
  name text NOT NULL,
  scope text NOT NULL,
  hash bytea NOT NULL,
  created_at bigint NOT NULL,
  revoked_at bigint,
  CONSTRAINT api_key_pkey PRIMARY KEY (id)
);
CREATE TABLE coulomb.closed_run (
  slot smallint NOT NULL,
  org text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  seq bigint NOT NULL,
  status text NOT NULL,
  task text COLLATE "C",
  body text NOT NULL,
  CONSTRAINT closed_run_pkey PRIMARY KEY (slot, org, id)
) WITH (fillfactor=85);
CREATE INDEX closed_run_by_seq ON coulomb.closed_run USING btree (slot, org, seq) WHERE (seq > 0);
CREATE INDEX closed_run_of_task ON coulomb.closed_run USING btree (slot, org, task, seq) WHERE (task IS NOT NULL);
CREATE INDEX closed_run_unsettled ON coulomb.closed_run USING btree (slot, org, status, seq) WHERE (status <> 'settled'::text);
CREATE TABLE coulomb.debt (
  slot smallint NOT NULL,
  org text COLLATE "C" NOT NULL,
  seq bigint NOT NULL,
  id text COLLATE "C" NOT NULL,
  payment text COLLATE "C",
  live boolean NOT NULL,
  body text NOT NULL,
  CONSTRAINT debt_pkey PRIMARY KEY (slot, org, seq)
) WITH (fillfactor=70);
CREATE UNIQUE INDEX debt_by_id ON coulomb.debt USING btree (slot, org, id);
CREATE INDEX debt_live ON coulomb.debt USING btree (slot, org, seq) WHERE live;
CREATE INDEX debt_of_payment ON coulomb.debt USING btree (slot, org, payment) WHERE (payment IS NOT NULL);
CREATE TABLE coulomb.event (
  slot smallint NOT NULL,
  org text COLLATE "C" NOT NULL,
  seq bigint NOT NULL,
  at bigint NOT NULL,
  hash bytea NOT NULL,
  body text NOT NULL,
  CONSTRAINT event_pkey PRIMARY KEY (slot, org, seq)
);
CREATE TABLE coulomb.grants (
  slot smallint NOT NULL,
  org text COLLATE "C" NOT NULL,
  seq bigint NOT NULL,
  id text COLLATE "C" NOT NULL,
  payment text COLLATE "C",
  unspent boolean NOT NULL,
  body text NOT NULL,
  CONSTRAINT grants_pkey PRIMARY KEY (slot, org, seq)
) WITH (fillfactor=70);
CREATE UNIQUE INDEX grants_by_id ON coulomb.grants USING btree (slot, org, id);
CREATE INDEX grants_live ON coulomb.grants USING btree (slot, org) WHERE unspent;
CREATE TABLE coulomb.memo (
  slot smallint NOT NULL,
  org text COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  due bigint,
  body text NOT NULL,
  CONSTRAINT memo_pkey PRIMARY KEY (slot, org, kind, id)
) WITH (fillfactor=70);
CREATE INDEX memo_due ON coulomb.memo USING btree (kind, due) WHERE (due IS NOT NULL);
CREATE TABLE coulomb.meta (
  key text NOT NULL,
  value text NOT NULL,
  CONSTRAINT meta_pkey PRIMARY KEY (key)
);
CREATE TABLE coulomb.open_run (
  slot smallint NOT NULL,
  org text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  seq bigint NOT NULL,
  task text COLLATE "C",
  body text NOT NULL,
  CONSTRAINT open_run_pkey PRIMARY KEY (slot, org, id)
) WITH (fillfactor=85);
CREATE TABLE coulomb.organization (
  slot smallint NOT NULL,
  org text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  hash bytea NOT NULL,
  next_due bigint,
  name text NOT NULL,
  body text NOT NULL,
  grants text NOT NULL,
  tally text NOT NULL,
  CONSTRAINT organization_pkey PRIMARY KEY (slot, org)
) WITH (fillfactor=70);
CREATE INDEX organization_by_id ON coulomb.organization USING btree (org);
CREATE INDEX organization_due ON coulomb.organization USING btree (next_due) WHERE (next_due IS NOT NULL);
CREATE TABLE coulomb.payment (
  slot smallint NOT NULL,
  org text COLLATE "C" NOT NULL,
  seq bigint NOT NULL,
  id text COLLATE "C" NOT NULL,
  granted text COLLATE "C",
  live boolean NOT NULL,
  body text NOT NULL,
  CONSTRAINT payment_pkey PRIMARY KEY (slot, org, seq)
) WITH (fillfactor=70);
CREATE UNIQUE INDEX payment_by_id ON coulomb.payment USING btree (slot, org, id);
CREATE INDEX payment_live ON coulomb.payment USING btree (slot, org) WHERE live;
CREATE TABLE coulomb.payment_fact (
  slot smallint NOT NULL,
  org text COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  payment text COLLATE "C" NOT NULL,
  CONSTRAINT payment_fact_pkey PRIMARY KEY (slot, org, kind, id)
);
CREATE TABLE coulomb.refusal (
  slot smallint NOT NULL,
  org text COLLATE "C" NOT NULL,
  seq bigint NOT NULL,
  body text NOT NULL,
  CONSTRAINT refusal_pkey PRIMARY KEY (slot, org, seq)
);
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
  CONSTRAINT tally_pkey PRIMARY KEY (slot, org, hour, kind, member, task)
) WITH (fillfactor=70);
CREATE FUNCTION coulomb.commit_5(
  o_slot smallint[],
  o_org text[],
  o_how smallint[],
  o_assumed boolean[],
  o_prev bigint[],
  o_prev_hash bytea[],
  o_version bigint[],
  o_hash bytea[],
  o_due bigint[],
  o_name text[],
  o_body text[],
  o_grants text[],
  o_tally text[],
  e_o integer[],
  e_seq bigint[],
  e_at bigint[],
  e_hash bytea[],
  e_body text[],
  g_o integer[],
  g_seq bigint[],
  g_id text[],
  g_payment text[],
  g_unspent boolean[],
  g_body text[],
  x_o integer[],
  x_seq bigint[],
  r_o integer[],
  r_new boolean[],
  r_seq bigint[],
  r_id text[],
  r_task text[],
  r_body text[],
  c_o integer[],
  c_new boolean[],
  c_seq bigint[],
  c_id text[],
  c_status text[],
  c_task text[],
  c_body text[],
  d_o integer[],
  d_seq bigint[],
  d_id text[],
  d_payment text[],
  d_live boolean[],
  d_body text[],
  p_o integer[],
  p_seq bigint[],
  p_id text[],
  p_granted text[],
  p_live boolean[],
  p_body text[],
  f_o integer[],
  f_kind text[],
  f_id text[],
  f_payment text[],
  a_o integer[],
  a_key text[],
  a_body text[],
  n_o integer[],
  n_seq bigint[],
  n_body text[],
  t_o integer[],
  t_hour bigint[],
  t_kind text[],
  t_member text[],
  t_task text[],
  t_credits bigint[],
  t_runs bigint[],
  t_refused bigint[],
  k_o integer[],
  k_id text[],
  q_o integer[],
  q_key text[],
  m_o integer[],
  m_kind text[],
  m_id text[],
  m_due bigint[],
  m_body text[]
) RETURNS void LANGUAGE plpgsql;
CREATE FUNCTION coulomb.commit_slot_5(
  p_slot smallint,
  o_org text[],
  o_how smallint[],
  o_assumed boolean[],
  o_prev bigint[],
  o_prev_hash bytea[],
  o_version bigint[],
  o_hash bytea[],
  o_due bigint[],
  o_name text[],
  o_body text[],
  o_grants text[],
  o_tally text[],
  e_o integer[],
  e_seq bigint[],
  e_at bigint[],
  e_hash bytea[],
  e_body text[],
  g_o integer[],
  g_seq bigint[],
  g_id text[],
  g_payment text[],
  g_unspent boolean[],
  g_body text[],
  x_o integer[],
  x_seq bigint[],
  r_o integer[],
  r_new boolean[],
  r_seq bigint[],
  r_id text[],
  r_task text[],
  r_body text[],
  c_o integer[],
  c_new boolean[],
  c_seq bigint[],
  c_id text[],
  c_status text[],
  c_task text[],
  c_body text[],
  d_o integer[],
  d_seq bigint[],
  d_id text[],
  d_payment text[],
  d_live boolean[],
  d_body text[],
  p_o integer[],
  p_seq bigint[],
  p_id text[],
  p_granted text[],
  p_live boolean[],
  p_body text[],
  f_o integer[],
  f_kind text[],
  f_id text[],
  f_payment text[],
  a_o integer[],
  a_key text[],
  a_body text[],
  n_o integer[],
  n_seq bigint[],
  n_body text[],
  t_o integer[],
  t_hour bigint[],
  t_kind text[],
  t_member text[],
  t_task text[],
  t_credits bigint[],
  t_runs bigint[],
  t_refused bigint[],
  k_o integer[],
  k_id text[],
  q_o integer[],
  q_key text[],
  m_o integer[],
  m_kind text[],
  m_id text[],
  m_due bigint[],
  m_body text[]
) RETURNS void LANGUAGE plpgsql;
CREATE FUNCTION coulomb.keep_2(
  p_slot smallint,
  p_org text,
  m_how smallint[],
  m_kind text[],
  m_id text[],
  m_version bigint[],
  m_due bigint[],
  m_body text[]
) RETURNS void LANGUAGE plpgsql;
