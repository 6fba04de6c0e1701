-- One commit, all or nothing. It is made twice from this text: `commit_N` for organizations of any slots on one server,
-- and `commit_slot_N` for those of one slot, which an engine that shards by the slot can run where that slot is.
--
-- `o_*` are the organizations in the order in which their rows are locked, which is the same for everyone: so nobody waits
-- in a circle. All other arrays name their organization by its place among these. `how` says what is done to its row:
--   0  it has new events: nobody else may have written since `prev`, or nothing of this call is stored (CB001, whose
--      DETAIL names the places of all that somebody else was faster on);
--   1  only when it is due is set, unless somebody else has written since `prev`;
--   2  nothing: only something about it is counted, or assumed.
-- `assumed` says that the call is told the same way where somebody else has written since `prev`, whatever is done, and `k`
-- and `q` name the closed runs and the answers that are believed not to exist. What was decided on all that is true, or else
-- nothing of this call is stored.
--
-- What is changed or taken out is found by its key, row after row, and a lookup for many is lateral, so that it is made for each:
-- joined with a table that was analyzed while it was nearly empty, a plan that is kept goes through all of it for every row.
CREATE OR REPLACE FUNCTION coulomb.{name}(
  {slot_parameter}, o_org text[], o_how smallint[], o_assumed boolean[], o_prev bigint[], o_prev_hash bytea[],
  o_version bigint[], o_hash bytea[], o_due bigint[], o_name text[], o_body text[], o_grants text[],
  o_tally text[],
  e_o int[], e_seq bigint[], e_at bigint[], e_hash bytea[], e_body text[],
  g_o int[], g_seq bigint[], g_id text[], g_payment text[], g_unspent boolean[], g_body text[], x_o int[], x_seq bigint[],
  r_o int[], r_new boolean[], r_seq bigint[], r_id text[], r_task text[], r_body text[],
  c_o int[], c_new boolean[], c_seq bigint[], c_id text[], c_status text[], c_task text[], c_body text[],
  d_o int[], d_seq bigint[], d_id text[], d_payment text[], d_live boolean[], d_body text[],
  p_o int[], p_seq bigint[], p_id text[], p_granted text[], p_live boolean[], p_body text[],
  f_o int[], f_kind text[], f_id text[], f_payment text[],
  a_o int[], a_key text[], a_body text[],
  n_o int[], n_seq bigint[], n_body text[],
  t_o int[], t_hour bigint[], t_kind text[], t_member text[], t_task text[],
  t_credits bigint[], t_runs bigint[], t_refused bigint[],
  k_o int[], k_id text[], q_o int[], q_key text[],
  m_o int[], m_kind text[], m_id text[], m_due bigint[], m_body text[]
) RETURNS void LANGUAGE plpgsql AS $body$
DECLARE
  stale int[] := '{}';
  ended bigint;
BEGIN
  FOR i IN 1 .. cardinality(o_org) LOOP
    IF o_how[i] = 2 AND NOT o_assumed[i] THEN
      CONTINUE;
    ELSIF o_how[i] = 2 THEN
      PERFORM FROM coulomb.organization
      WHERE slot = {slot_of_i} AND org = o_org[i] AND version = o_prev[i] AND hash = o_prev_hash[i];
    ELSIF o_how[i] = 1 THEN
      UPDATE coulomb.organization SET next_due = o_due[i]
      WHERE slot = {slot_of_i} AND org = o_org[i] AND version = o_prev[i] AND hash = o_prev_hash[i];
      CONTINUE WHEN NOT o_assumed[i];
    ELSIF o_prev[i] = 0 THEN
      INSERT INTO coulomb.organization (slot, org, version, hash, next_due, name, body, grants, tally)
      VALUES ({slot_of_i}, o_org[i], o_version[i], o_hash[i], o_due[i], o_name[i], o_body[i], o_grants[i], o_tally[i])
      ON CONFLICT DO NOTHING;
    ELSE
      UPDATE coulomb.organization
      SET version = o_version[i], hash = o_hash[i], next_due = LEAST(next_due, o_due[i]), name = o_name[i], body = o_body[i],
        grants = o_grants[i], tally = o_tally[i]
      WHERE slot = {slot_of_i} AND org = o_org[i] AND version = o_prev[i] AND hash = o_prev_hash[i];
    END IF;
    IF NOT FOUND THEN
      stale := stale || i;
    END IF;
  END LOOP;
  -- After the rows: whoever closes a run moves its organization's row, so what is not there now was not there then.
  IF cardinality(k_o) > 0 THEN
    stale := stale || array(
      SELECT u.o FROM unnest(k_o, k_id) AS u (o, id)
      CROSS JOIN LATERAL (
        SELECT FROM coulomb.closed_run r WHERE r.slot = {slot_of_u} AND r.org = o_org[u.o] AND r.id = u.id LIMIT 1) AS found);
  END IF;
  IF cardinality(q_o) > 0 THEN
    stale := stale || array(
      SELECT u.o FROM unnest(q_o, q_key) AS u (o, key)
      CROSS JOIN LATERAL (
        SELECT FROM coulomb.answer a WHERE a.slot = {slot_of_u} AND a.org = o_org[u.o] AND a.key = u.key LIMIT 1) AS found);
  END IF;
  IF cardinality(stale) > 0 THEN
    RAISE EXCEPTION 'somebody else was faster' USING ERRCODE = 'CB001', DETAIL = array_to_string(stale, ',');
  END IF;

  IF cardinality(e_o) > 0 THEN
    INSERT INTO coulomb.event (slot, org, seq, at, hash, body)
    SELECT {slot_of_u}, o_org[u.o], u.seq, u.at, u.hash, u.body
    FROM unnest(e_o, e_seq, e_at, e_hash, e_body) AS u (o, seq, at, hash, body);
  END IF;
  IF cardinality(g_o) > 0 THEN
    INSERT INTO coulomb.grants (slot, org, seq, id, payment, unspent, body)
    SELECT {slot_of_u}, o_org[u.o], u.seq, u.id, u.payment, u.unspent, u.body
    FROM unnest(g_o, g_seq, g_id, g_payment, g_unspent, g_body) AS u (o, seq, id, payment, unspent, body)
    ON CONFLICT (slot, org, seq) DO UPDATE SET unspent = excluded.unspent, body = excluded.body;
  END IF;
  FOR i IN 1 .. cardinality(x_o) LOOP
    DELETE FROM coulomb.grants WHERE slot = {slot_of_x} AND org = o_org[x_o[i]] AND seq = x_seq[i];
  END LOOP;
  -- Runs that run. What is new in this commit is in no row yet.
  IF true = ANY (r_new) THEN
    INSERT INTO coulomb.open_run (slot, org, id, seq, task, body)
    SELECT {slot_of_u}, o_org[u.o], u.id, u.seq, u.task, u.body
    FROM unnest(r_o, r_new, r_seq, r_id, r_task, r_body) AS u (o, new, seq, id, task, body)
    WHERE u.new;
  END IF;
  FOR i IN 1 .. cardinality(r_o) LOOP
    CONTINUE WHEN r_new[i];
    UPDATE coulomb.open_run SET body = r_body[i]
    WHERE slot = {slot_of_r} AND org = o_org[r_o[i]] AND id = r_id[i];
  END LOOP;
  -- Runs that do not, or not any more.
  IF cardinality(c_o) > 0 THEN
    ended := 0;
    FOR i IN 1 .. cardinality(c_o) LOOP
      CONTINUE WHEN c_new[i];
      DELETE FROM coulomb.open_run
      WHERE slot = {slot_of_c} AND org = o_org[c_o[i]] AND id = c_id[i];
      IF FOUND THEN
        ended := ended + 1;
      END IF;
    END LOOP;
    -- One that is not new and was not open has lapsed before, and has its row. That is rare, and looking for it is not free.
    IF ended = cardinality(array_positions(c_new, false)) THEN
      INSERT INTO coulomb.closed_run (slot, org, id, seq, status, task, body)
      SELECT {slot_of_u}, o_org[u.o], u.id, u.seq, u.status, u.task, u.body
      FROM unnest(c_o, c_seq, c_id, c_status, c_task, c_body) AS u (o, seq, id, status, task, body);
    ELSE
      INSERT INTO coulomb.closed_run (slot, org, id, seq, status, task, body)
      SELECT {slot_of_u}, o_org[u.o], u.id, u.seq, u.status, u.task, u.body
      FROM unnest(c_o, c_seq, c_id, c_status, c_task, c_body) AS u (o, seq, id, status, task, body)
      ON CONFLICT (slot, org, id) DO UPDATE SET status = excluded.status, body = excluded.body;
    END IF;
  END IF;
  IF cardinality(d_o) > 0 THEN
    INSERT INTO coulomb.debt (slot, org, seq, id, payment, live, body)
    SELECT {slot_of_u}, o_org[u.o], u.seq, u.id, u.payment, u.live, u.body
    FROM unnest(d_o, d_seq, d_id, d_payment, d_live, d_body) AS u (o, seq, id, payment, live, body)
    ON CONFLICT (slot, org, seq) DO UPDATE SET live = excluded.live, body = excluded.body;
  END IF;
  IF cardinality(p_o) > 0 THEN
    INSERT INTO coulomb.payment (slot, org, seq, id, granted, live, body)
    SELECT {slot_of_u}, o_org[u.o], u.seq, u.id, u.granted, u.live, u.body
    FROM unnest(p_o, p_seq, p_id, p_granted, p_live, p_body) AS u (o, seq, id, granted, live, body)
    ON CONFLICT (slot, org, seq) DO UPDATE SET granted = excluded.granted, live = excluded.live, body = excluded.body;
  END IF;
  IF cardinality(f_o) > 0 THEN
    INSERT INTO coulomb.payment_fact (slot, org, kind, id, payment)
    SELECT {slot_of_u}, o_org[u.o], u.kind, u.id, u.payment
    FROM unnest(f_o, f_kind, f_id, f_payment) AS u (o, kind, id, payment)
    ON CONFLICT (slot, org, kind, id) DO NOTHING;
  END IF;
  IF cardinality(a_o) > 0 THEN
    -- One that was recalled is at hand and was written before.
    INSERT INTO coulomb.answer (slot, org, key, body)
    SELECT {slot_of_u}, o_org[u.o], u.key, u.body
    FROM unnest(a_o, a_key, a_body) AS u (o, key, body)
    ON CONFLICT (slot, org, key) DO NOTHING;
  END IF;
  IF cardinality(n_o) > 0 THEN
    INSERT INTO coulomb.refusal (slot, org, seq, body)
    SELECT {slot_of_u}, o_org[u.o], u.seq, u.body
    FROM unnest(n_o, n_seq, n_body) AS u (o, seq, body);
  END IF;
  -- Few commits have one, and one commit may write the same memo twice.
  FOR i IN 1 .. cardinality(m_o) LOOP
    INSERT INTO coulomb.memo AS m (slot, org, kind, id, version, due, body)
    VALUES ({slot_of_m}, o_org[m_o[i]], m_kind[i], m_id[i], 1, m_due[i], m_body[i])
    ON CONFLICT (slot, org, kind, id) DO UPDATE
    SET version = m.version + 1, due = excluded.due, body = excluded.body;
  END LOOP;
  -- Sums are added to by anybody at any time, in the order of their keys.
  IF cardinality(t_o) > 0 THEN
    INSERT INTO coulomb.tally AS t (slot, org, hour, kind, member, task, credits, runs, refused)
    SELECT {slot_of_u}, o_org[u.o], u.hour, u.kind, u.member, u.task, u.credits, u.runs, u.refused
    FROM unnest(t_o, t_hour, t_kind, t_member, t_task, t_credits, t_runs, t_refused)
      AS u (o, hour, kind, member, task, credits, runs, refused)
    ON CONFLICT (slot, org, hour, kind, member, task) DO UPDATE
    SET credits = t.credits + excluded.credits, runs = t.runs + excluded.runs, refused = t.refused + excluded.refused;
  END IF;
END
$body$;
