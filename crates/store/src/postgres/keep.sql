-- Changes memos of one organization, all or none: CB001 where one of them is not at the version that its change names. How:
--   0  it is written for the first time;  1  it is written again;  2  it is forgotten.
CREATE OR REPLACE FUNCTION coulomb.keep_2(
  p_slot smallint, p_org text, m_how smallint[], m_kind text[], m_id text[], m_version bigint[], m_due bigint[], m_body text[]
) RETURNS void LANGUAGE plpgsql AS $body$
BEGIN
  FOR i IN 1 .. cardinality(m_how) LOOP
    IF m_how[i] = 0 THEN
      INSERT INTO coulomb.memo (slot, org, kind, id, version, due, body)
      VALUES (p_slot, p_org, m_kind[i], m_id[i], 1, m_due[i], m_body[i])
      ON CONFLICT DO NOTHING;
    ELSIF m_how[i] = 1 THEN
      UPDATE coulomb.memo SET version = version + 1, due = m_due[i], body = m_body[i]
      WHERE slot = p_slot AND org = p_org AND kind = m_kind[i] AND id = m_id[i] AND version = m_version[i];
    ELSE
      DELETE FROM coulomb.memo
      WHERE slot = p_slot AND org = p_org AND kind = m_kind[i] AND id = m_id[i] AND version = m_version[i];
    END IF;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'somebody else was faster' USING ERRCODE = 'CB001', DETAIL = i::text;
    END IF;
  END LOOP;
END
$body$;
