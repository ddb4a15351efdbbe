// Generated from 001-schema.sql by generate.mjs.
export const sql: string = String.raw`-- Version 1: tables and functions. {name} stands for a quoted, schema-qualified name.

CREATE TABLE {migrations} (
  version int PRIMARY KEY,
  min_client int NOT NULL,
  store_order text NOT NULL,
  log_id text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- One row a stream: its lock, its version in O(1), and the home of status, truncation and metadata.
-- status: 0 live (missing while version is 0), 1 deleted, 2 tombstoned. base_version: version at the last soft delete.
CREATE TABLE {streams} (
  stream_id text COLLATE "C" PRIMARY KEY,
  version bigint NOT NULL,
  first_version bigint NOT NULL DEFAULT 1,
  base_version bigint NOT NULL DEFAULT 0,
  metadata_version bigint NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  status smallint NOT NULL DEFAULT 0,
  metadata json,
  settled json
) WITH (fillfactor = 70);

-- json, not jsonb: it keeps U+0000, lone surrogates and the order of keys. CACHE 1: a position handed out later is higher.
CREATE TABLE {events} (
  position bigint GENERATED ALWAYS AS IDENTITY (CACHE 1) PRIMARY KEY,
  version bigint NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  id uuid NOT NULL,
  stream_id text COLLATE "C" NOT NULL,
  stream_type text COLLATE "C",
  event_type text COLLATE "C" NOT NULL,
  event_data json,
  event_bytes bytea,
  metadata json,
  UNIQUE (stream_id, version)
);

-- Appends to one stream in one round trip. p_expected: -1 any, -2 streamExists, 0 noStream, else the version.
-- o_status: 0 appended, 1 stored (a retry was recognised), 2 wrong version, 3 deleted, 4 tombstoned, 5 settled by another
-- attempt: ask again with p_settle. It returns what went wrong, since to raise would kill the caller's transaction.
CREATE FUNCTION {append_v1}(
  p_stream text, p_type text, p_expected bigint, p_ids uuid[], p_types text[], p_data json[], p_bytes bytea[], p_metadata json[],
  p_settle boolean, p_lock_ms int,
  OUT o_status int, OUT o_first bigint, OUT o_version bigint, OUT o_position bigint
) LANGUAGE plpgsql AS $append$
DECLARE
  v_count int := coalesce(cardinality(p_ids), 0);
  v_head record;
  v_base bigint;
  v_row record;
  v_holds boolean;
  v_tries int := 0;
BEGIN
  IF p_lock_ms > 0 THEN
    PERFORM set_config('lock_timeout', p_lock_ms::text, true);
  END IF;

  IF p_settle THEN
    -- An earlier attempt may outlive its connection, waiting for this lock: whoever holds it knows the truth.
    INSERT INTO {streams} (stream_id, version) VALUES (p_stream, 0) ON CONFLICT (stream_id) DO NOTHING;
    PERFORM 1 FROM {streams} WHERE stream_id = p_stream FOR UPDATE;
    FOR v_row IN SELECT version, id FROM {events} WHERE stream_id = p_stream ORDER BY version DESC LOOP
      CONTINUE WHEN v_row.id <> p_ids[1];
      IF (SELECT array_agg(id ORDER BY version) FROM {events}
          WHERE stream_id = p_stream AND version BETWEEN v_row.version AND v_row.version + v_count - 1) = p_ids THEN
        o_status := 1; o_first := v_row.version; o_version := v_row.version + v_count - 1;
        SELECT position INTO o_position FROM {events} WHERE stream_id = p_stream AND version = o_version;
        RETURN;
      END IF;
    END LOOP;
  END IF;

  LOOP
    v_tries := v_tries + 1;
    o_version := NULL;
    IF v_count > 0 THEN
      IF p_expected = -1 THEN
        INSERT INTO {streams} AS s (stream_id, version) VALUES (p_stream, v_count)
        ON CONFLICT (stream_id) DO UPDATE SET version = s.version + v_count, status = 0
          WHERE s.status < 2 AND (p_settle OR s.settled IS NULL OR s.settled -> (p_ids[1])::text IS NULL)
        RETURNING s.version INTO o_version;
      ELSIF p_expected = 0 THEN
        INSERT INTO {streams} AS s (stream_id, version) VALUES (p_stream, v_count)
        ON CONFLICT (stream_id) DO UPDATE SET version = s.version + v_count, status = 0
          WHERE (s.status = 1 OR (s.status = 0 AND s.version = 0))
            AND (p_settle OR s.settled IS NULL OR s.settled -> (p_ids[1])::text IS NULL)
        RETURNING s.version INTO o_version;
      ELSIF p_expected = -2 THEN
        UPDATE {streams} AS s SET version = s.version + v_count
        WHERE s.stream_id = p_stream AND s.status = 0 AND s.version > 0
          AND (p_settle OR s.settled IS NULL OR s.settled -> (p_ids[1])::text IS NULL)
        RETURNING s.version INTO o_version;
      ELSE
        UPDATE {streams} AS s SET version = s.version + v_count, status = 0
        WHERE s.stream_id = p_stream AND s.version = p_expected AND s.status < 2
          AND (p_settle OR s.settled IS NULL OR s.settled -> (p_ids[1])::text IS NULL)
        RETURNING s.version INTO o_version;
      END IF;
    END IF;
    EXIT WHEN o_version IS NOT NULL;

    -- Lost, or nothing to append: look at what is there.
    SELECT status, version, base_version, settled INTO v_head FROM {streams} WHERE stream_id = p_stream;
    IF NOT FOUND THEN
      SELECT 0::smallint AS status, 0::bigint AS version, 0::bigint AS base_version, NULL::json AS settled INTO v_head;
    END IF;
    IF v_head.status = 2 THEN
      o_status := 4;
      RETURN;
    END IF;
    IF v_count > 0 AND NOT p_settle AND v_head.settled -> (p_ids[1])::text IS NOT NULL THEN
      o_status := 5;
      RETURN;
    END IF;
    v_holds := CASE p_expected
      WHEN -1 THEN true
      WHEN -2 THEN v_head.status = 0 AND v_head.version > 0
      WHEN 0 THEN v_head.status = 1 OR v_head.version = 0
      ELSE v_head.version = p_expected
    END;
    IF v_holds AND v_count = 0 THEN
      o_status := 1; o_first := v_head.version + 1; o_version := v_head.version;
      RETURN;
    END IF;
    IF v_holds THEN
      -- It changed between the two looks. Under this isolation level it should not go on for ever.
      IF v_tries >= 10 THEN
        RAISE EXCEPTION 'millrace: the head of the stream keeps changing' USING ERRCODE = '40001';
      END IF;
      CONTINUE;
    END IF;
    IF p_expected >= 0 AND v_count > 0 THEN
      v_base := CASE WHEN p_expected = 0 THEN v_head.base_version ELSE p_expected END;
      IF v_base + v_count <= v_head.version AND (
        SELECT array_agg(id ORDER BY version) FROM {events}
        WHERE stream_id = p_stream AND version BETWEEN v_base + 1 AND v_base + v_count) = p_ids THEN
        o_status := 1; o_first := v_base + 1; o_version := v_base + v_count;
        SELECT position INTO o_position FROM {events} WHERE stream_id = p_stream AND version = o_version;
        RETURN;
      END IF;
    END IF;
    o_status := CASE WHEN p_expected = -2 AND v_head.status = 1 THEN 3 ELSE 2 END;
    o_version := v_head.version;
    RETURN;
  END LOOP;

  -- Won. The check came before nextval, so a conflict burns no position.
  o_status := 0;
  o_first := o_version - v_count + 1;
  IF v_count = 1 THEN
    INSERT INTO {events} (version, id, stream_id, stream_type, event_type, event_data, event_bytes, metadata)
    VALUES (o_version, p_ids[1], p_stream, p_type, p_types[1], p_data[1], p_bytes[1], p_metadata[1])
    RETURNING position INTO o_position;
  ELSE
    WITH stored AS (
      INSERT INTO {events} (version, id, stream_id, stream_type, event_type, event_data, event_bytes, metadata)
      SELECT o_first - 1 + u.place, u.id, p_stream, p_type, u.type, u.data, u.bytes, u.metadata
      FROM unnest(p_ids, p_types, p_data, p_bytes, p_metadata) WITH ORDINALITY AS u (id, type, data, bytes, metadata, place)
      ORDER BY u.place
      RETURNING position
    ) SELECT max(position) INTO o_position FROM stored;
  END IF;
  IF p_settle THEN
    -- Stops an attempt that arrives later still.
    UPDATE {streams} SET settled = (
      SELECT json_object_agg(k, v) FROM (
        SELECT e.key AS k, e.value::text::bigint AS v FROM json_each(coalesce(settled, '{}'::json)) AS e
        WHERE e.value::text::bigint > extract(epoch FROM clock_timestamp())::bigint - 3600
        UNION ALL SELECT (p_ids[1])::text, extract(epoch FROM clock_timestamp())::bigint
      ) AS kept)
    WHERE stream_id = p_stream;
  END IF;
END
$append$;

-- Appends to several streams, all or nothing, in the order of their ids so that no two calls wait for each other. p_counts: events
-- of each part. Rows come in the order of the parts; if one failed, there is only its row.
CREATE FUNCTION {append_many_v1}(
  p_streams text[], p_stream_types text[], p_expected bigint[], p_counts int[],
  p_ids uuid[], p_types text[], p_data json[], p_bytes bytea[], p_metadata json[], p_settle boolean, p_lock_ms int
) RETURNS TABLE (part int, status int, first bigint, version bigint, log_position bigint) LANGUAGE plpgsql AS $many$
DECLARE
  v_part int;
  v_from int;
  v_to int;
  v_row record;
  v_failed int;
  v_rows bigint[] := array_fill(NULL::bigint, ARRAY[4 * cardinality(p_streams)]);
  v_appended boolean := false;
  v_stored int;
BEGIN
  BEGIN
    FOR v_part IN SELECT u.place FROM unnest(p_streams) WITH ORDINALITY AS u (id, place) ORDER BY u.id COLLATE "C" LOOP
      v_to := (SELECT sum(c.n) FROM unnest(p_counts[1:v_part]) AS c (n));
      v_from := v_to - p_counts[v_part] + 1;
      SELECT * INTO v_row FROM {append_v1}(
        p_streams[v_part], p_stream_types[v_part], p_expected[v_part], p_ids[v_from:v_to], p_types[v_from:v_to], p_data[v_from:v_to],
        p_bytes[v_from:v_to], p_metadata[v_from:v_to], p_settle, p_lock_ms);
      v_rows[4 * v_part - 3] := v_row.o_status;
      v_rows[4 * v_part - 2] := v_row.o_first;
      v_rows[4 * v_part - 1] := v_row.o_version;
      v_rows[4 * v_part] := v_row.o_position;
      v_appended := v_appended OR v_row.o_status = 0;
      IF v_row.o_status > 1 THEN
        v_failed := least(v_failed, v_part);
      ELSIF v_row.o_status = 1 THEN
        v_stored := least(v_stored, v_part);
      END IF;
    END LOOP;
    IF v_failed IS NULL AND v_appended AND v_stored IS NOT NULL THEN
      -- A mixture of stored and new is a conflict of the first one that was stored already.
      v_failed := v_stored;
      v_rows[4 * v_failed - 3] := 2;
      v_rows[4 * v_failed - 1] := (SELECT s.version FROM {streams} AS s WHERE s.stream_id = p_streams[v_failed]);
    END IF;
    IF v_failed IS NOT NULL THEN
      RAISE EXCEPTION 'millrace: part % failed', v_failed USING ERRCODE = 'MR001';
    END IF;
  EXCEPTION WHEN SQLSTATE 'MR001' THEN
    -- Leaving this block undid what the other parts stored.
    NULL;
  END;
  FOR v_part IN 1..cardinality(p_streams) LOOP
    CONTINUE WHEN v_failed IS NOT NULL AND v_part <> v_failed;
    part := v_part; status := v_rows[4 * v_part - 3]; first := v_rows[4 * v_part - 2];
    version := v_rows[4 * v_part - 1]; log_position := v_rows[4 * v_part];
    RETURN NEXT;
  END LOOP;
END
$many$;
`
