// Generated from 002-coalesced-appends.sql by generate.mjs.
export const sql: string = String.raw`-- Version 2: several appends in one statement, a settling search with a bound, and the order 'strict'. Functions of version 1 stay, so
-- that clients of that version go on beside.

-- Appends to one stream in one round trip. p_expected: -1 any, -2 streamExists, 0 noStream, else the version.
-- o_status: 0 appended, 1 stored (a retry was recognised), 2 wrong version, 3 deleted, 4 tombstoned, 5 settled by another
-- attempt: ask again with p_settle. It returns what went wrong, since to raise would kill the caller's transaction.
-- p_seen: a position that stood in the log of the server p_server (its start) before the first attempt was sent: what an attempt stored
-- lies above. Of another server, a promoted standby for example, that says nothing.
-- An order_lock in braces takes the lock of order 'strict', and is nothing under 'settled'.
CREATE OR REPLACE FUNCTION {append_v2}(
  p_stream text, p_type text, p_expected bigint, p_ids uuid[], p_types text[], p_data json[], p_bytes bytea[], p_metadata json[],
  p_settle boolean, p_lock_ms int, p_seen bigint, p_server text,
  OUT o_status int, OUT o_version bigint, OUT o_position bigint
) LANGUAGE plpgsql AS $append$
DECLARE
  v_count int := coalesce(cardinality(p_ids), 0);
  v_head record;
  v_base bigint;
  v_row record;
  v_holds boolean;
  v_tries int := 0;
  v_seen bigint := 0;
  v_lock text;
BEGIN
  IF p_lock_ms > 0 THEN
    v_lock := set_config('lock_timeout', p_lock_ms::text, true);
  END IF;
  IF v_count > 0 THEN
    {order_lock}
  END IF;

  IF p_settle THEN
    IF p_server = (extract(epoch FROM pg_postmaster_start_time())::numeric(20, 6))::text THEN
      v_seen := p_seen;
    END IF;
    -- An earlier attempt may outlive its connection, waiting for this lock: whoever holds it knows the truth.
    INSERT INTO {streams} (stream_id, version) VALUES (p_stream, 0) ON CONFLICT (stream_id) DO NOTHING;
    PERFORM 1 FROM {streams} WHERE stream_id = p_stream FOR UPDATE;
    FOR v_row IN SELECT version, id, position FROM {events} WHERE stream_id = p_stream ORDER BY version DESC LOOP
      EXIT WHEN v_row.position <= v_seen;
      CONTINUE WHEN v_row.id <> p_ids[1];
      IF (SELECT array_agg(id ORDER BY version) FROM {events}
          WHERE stream_id = p_stream AND version BETWEEN v_row.version AND v_row.version + v_count - 1) = p_ids THEN
        o_status := 1; o_version := v_row.version + v_count - 1;
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
      o_status := 1; o_version := v_head.version;
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
        o_status := 1; o_version := v_base + v_count;
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
  IF v_count = 1 THEN
    INSERT INTO {events} (version, id, stream_id, stream_type, event_type, event_data, event_bytes, metadata)
    VALUES (o_version, p_ids[1], p_stream, p_type, p_types[1], p_data[1], p_bytes[1], p_metadata[1])
    RETURNING position INTO o_position;
  ELSE
    WITH stored AS (
      INSERT INTO {events} (version, id, stream_id, stream_type, event_type, event_data, event_bytes, metadata)
      SELECT o_version - v_count + u.place, u.id, p_stream, p_type, u.type, u.data, u.bytes, u.metadata
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

-- Several appends in one statement, each for itself: what becomes of one is not what becomes of the others. Each stream stands once.
-- p_starts and p_counts: index of the first event of each part, and how many; p_of and p_nth: of each event its part, and its place there.
-- Of each part: o_status and o_version as of a single append, and the position of its last event. Heads are locked in the order of their ids,
-- so that no two calls wait for each other; parts that come in that order cost least.
CREATE OR REPLACE FUNCTION {append_many_v2}(
  p_streams text[], p_stream_types text[], p_expected bigint[], p_starts int[], p_counts int[], p_of int[], p_nth int[],
  p_ids uuid[], p_types text[], p_data json[], p_bytes bytea[], p_metadata json[], p_lock_ms int,
  OUT o_status int[], OUT o_version bigint[], OUT o_position bigint[]
) LANGUAGE plpgsql AS $many$
#variable_conflict use_column
DECLARE
  v_parts int := cardinality(p_streams);
  v_heads text[];
  v_versions bigint[];
  v_lowest bigint;
  v_positions bigint[];
  v_lock text;
  v_from int;
  v_to int;
  v_at int := 0;
  v_row record;
BEGIN
  IF p_lock_ms > 0 THEN
    v_lock := set_config('lock_timeout', p_lock_ms::text, true);
  END IF;
  {order_lock}

  -- An upsert finds its row by the index, whatever the statistics say. What a row to be inserted has as base_version is what its part
  -- expects, so that nobody has to look for it; 0 is 'noStream' or 'any'. What was inserted with another is undone below.
  WITH won AS (
    INSERT INTO {streams} AS s (stream_id, version, base_version)
    SELECT p.stream, p.count, CASE WHEN p.expected = -1 THEN 0 ELSE p.expected END
    FROM unnest(p_streams, p_expected, p_counts) AS p (stream, expected, count)
    ORDER BY p.stream COLLATE "C"
    ON CONFLICT (stream_id) DO UPDATE SET version = s.version + excluded.version, status = 0
      WHERE s.status < 2
        AND CASE excluded.base_version
          WHEN 0 THEN s.status = 1 OR s.version = 0 OR p_expected[array_position(p_streams, excluded.stream_id)] = -1
          WHEN -2 THEN s.status = 0 AND s.version > 0
          ELSE s.version = excluded.base_version
        END
        AND (s.settled IS NULL OR s.settled -> (p_ids[p_starts[array_position(p_streams, excluded.stream_id)]])::text IS NULL)
    RETURNING s.stream_id, s.version
  ) SELECT array_agg(stream_id), array_agg(version), min(version) INTO v_heads, v_versions, v_lowest FROM won;
  IF v_heads = p_streams THEN
    o_version := v_versions;
  ELSE
    o_version := array_fill(NULL::bigint, ARRAY[v_parts]);
    FOR v_head IN 1..coalesce(cardinality(v_heads), 0) LOOP
      o_version[array_position(p_streams, v_heads[v_head])] := v_versions[v_head];
    END LOOP;
  END IF;
  -- Only 'any' and 'noStream' may make a stream. A head that is no higher than its part is long was made here; the bound is the most that
  -- one part can have. It is left as a head without events, which is no stream: a role that appends needs no right to delete.
  IF v_lowest <= cardinality(p_ids) - v_parts + 1 THEN
    FOR v_part IN 1..v_parts LOOP
      IF o_version[v_part] = p_counts[v_part] AND p_expected[v_part] NOT IN (-1, 0) THEN
        UPDATE {streams} SET version = 0, base_version = 0 WHERE stream_id = p_streams[v_part];
        o_version[v_part] := NULL;
      END IF;
    END LOOP;
  END IF;

  WITH stored AS (
    INSERT INTO {events} (version, id, stream_id, stream_type, event_type, event_data, event_bytes, metadata)
    SELECT o_version[u.part] - p_counts[u.part] + u.nth, u.id, p_streams[u.part], p_stream_types[u.part], u.type, u.data, u.bytes, u.metadata
    FROM unnest(p_of, p_nth, p_ids, p_types, p_data, p_bytes, p_metadata) WITH ORDINALITY
      AS u (part, nth, id, type, data, bytes, metadata, place)
    WHERE o_version[u.part] IS NOT NULL
    ORDER BY u.place
    RETURNING position
  ) SELECT array_agg(position) INTO v_positions FROM stored;
  o_status := array_fill(0, ARRAY[v_parts]);
  IF cardinality(v_positions) = v_parts AND array_position(o_version, NULL) IS NULL THEN
    -- Nobody lost, and each part is one event.
    o_position := v_positions;
    RETURN;
  END IF;

  -- Who lost is told why; an append that finds its stream changed meanwhile tries again there.
  o_position := array_fill(NULL::bigint, ARRAY[v_parts]);
  FOR v_part IN 1..v_parts LOOP
    IF o_version[v_part] IS NOT NULL THEN
      v_at := v_at + p_counts[v_part];
      o_position[v_part] := v_positions[v_at];
      CONTINUE;
    END IF;
    v_from := p_starts[v_part];
    v_to := v_from + p_counts[v_part] - 1;
    SELECT * INTO v_row FROM {append_v2}(
      p_streams[v_part], p_stream_types[v_part], p_expected[v_part], p_ids[v_from:v_to], p_types[v_from:v_to], p_data[v_from:v_to],
      p_bytes[v_from:v_to], p_metadata[v_from:v_to], false, 0, 0, '');
    o_status[v_part] := v_row.o_status; o_version[v_part] := v_row.o_version; o_position[v_part] := v_row.o_position;
  END LOOP;
END
$many$;

-- Appends to several streams, all or nothing: the answer is that of several, each for itself; a status above 1 says that nothing was stored.
CREATE OR REPLACE FUNCTION {append_all_v2}(
  p_streams text[], p_stream_types text[], p_expected bigint[], p_starts int[], p_counts int[], p_of int[], p_nth int[],
  p_ids uuid[], p_types text[], p_data json[], p_bytes bytea[], p_metadata json[], p_lock_ms int,
  p_settle boolean, p_seen bigint, p_server text,
  OUT o_status int[], OUT o_version bigint[], OUT o_position bigint[]
) LANGUAGE plpgsql AS $all$
DECLARE
  v_row record;
  v_one record;
  v_from int;
  v_to int;
  v_stored int;
BEGIN
  {order_lock}
  BEGIN
    IF p_settle THEN
      -- Each under its stream's lock, in the order of their ids.
      FOR v_row IN SELECT u.place::int AS part, u.id FROM unnest(p_streams) WITH ORDINALITY AS u (id, place) ORDER BY u.id COLLATE "C" LOOP
        v_from := p_starts[v_row.part];
        v_to := v_from + p_counts[v_row.part] - 1;
        SELECT * INTO v_one FROM {append_v2}(
          v_row.id, p_stream_types[v_row.part], p_expected[v_row.part], p_ids[v_from:v_to], p_types[v_from:v_to], p_data[v_from:v_to],
          p_bytes[v_from:v_to], p_metadata[v_from:v_to], true, p_lock_ms, p_seen, p_server);
        o_status[v_row.part] := v_one.o_status; o_version[v_row.part] := v_one.o_version; o_position[v_row.part] := v_one.o_position;
      END LOOP;
    ELSE
      SELECT m.o_status, m.o_version, m.o_position INTO o_status, o_version, o_position
      FROM {append_many_v2}(p_streams, p_stream_types, p_expected, p_starts, p_counts, p_of, p_nth, p_ids, p_types, p_data, p_bytes,
        p_metadata, p_lock_ms) AS m;
    END IF;
    v_stored := array_position(o_status, 1);
    IF v_stored IS NOT NULL AND array_position(o_status, 0) IS NOT NULL AND 1 >= ALL (o_status) THEN
      -- A mixture of stored and new is a conflict of the first one that was stored already.
      o_status[v_stored] := 2;
      o_version[v_stored] := (SELECT s.version FROM {streams} AS s WHERE s.stream_id = p_streams[v_stored]);
    END IF;
    IF 1 < ANY (o_status) THEN
      RAISE EXCEPTION 'millrace: a part failed' USING ERRCODE = 'MR001';
    END IF;
  EXCEPTION WHEN SQLSTATE 'MR001' THEN
    -- Leaving this block undid what the other parts stored.
    NULL;
  END;
END
$all$;
`
