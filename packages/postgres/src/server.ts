import { type BackendCall, ConfigurationError } from '@millrace/core'
import type { Row, Store } from './store.js'

/** What is refused because its `pg_locks` does not show who appends, by what `version()` says. */
const strangers = /CockroachDB|-YB-|YugabyteDB/u
/** And where a server that spreads some tables over nodes lists them. */
const spreading = [
  ['Citus', 'pg_catalog.pg_dist_partition', 'logicalrelid = $1::text::regclass'],
  ['Aurora Limitless', 'rds_aurora.limitless_tables', "format('%I.%I', schema_name, table_name)::regclass = $1::text::regclass"],
] as const
const itself =
  "Use PostgreSQL itself, with tables that are not spread over nodes; where commits come in order, order: 'strict' asks for no locks."

/**
 * Looks whether the server can keep the promise of the log, before anything is read: positions one by one, and locks that are seen.
 *
 * @param probes whether readers go by `pg_locks`.
 * @returns which run of the server this is, and the last position in its log.
 */
export async function lookAtServer({ engine, names }: Store, probes: boolean, call: BackendCall): Promise<Store['server']> {
  const ask = async (text: string): Promise<Row> => (await engine.read(text, [names.events], call))[0] ?? []
  const refused = (why: string, hint: string) => new ConfigurationError(`${why}, so readers could skip events.`, { hint })
  const hidden = (server: string) => refused(`pg_locks of ${server} does not show which appends are still open`, itself)
  if (probes) {
    const [version, ...lists] = await ask(`SELECT version(), ${spreading.map(([, list]) => `to_regclass('${list}')`).join(', ')}, $1::text`)
    const stranger = strangers.exec(version ?? '')?.[0]
    if (stranger !== undefined) throw hidden(stranger)
    for (const [index, [name, list, where]] of spreading.entries())
      if (lists[index] != null && (await ask(`SELECT 1 FROM ${list} WHERE ${where}`)).length > 0) throw hidden(name)
  }
  // Reading the table takes a lock on it, which has to show.
  const [cache, run, end, shows] = await ask(`SELECT s.seqcache, extract(epoch FROM pg_postmaster_start_time())::numeric(20, 6),
      (SELECT max(position) FROM ${names.events}), (SELECT count(*) FROM pg_catalog.pg_locks WHERE pid = pg_backend_pid() AND relation = $1::text::regclass)
    FROM pg_sequence AS s WHERE s.seqrelid = pg_get_serial_sequence($1::text, 'position')::regclass`)
  const cure = `Run ALTER TABLE ${names.events} ALTER COLUMN position SET CACHE 1.`
  if (cache !== '1') throw refused('the sequence of events.position does not have CACHE 1', cure)
  if (probes && Number(shows) === 0) throw hidden('this server')
  return { run: run ?? '', end: Number(end ?? 0) }
}
