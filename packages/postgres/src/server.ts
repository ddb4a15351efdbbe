import { type BackendCall, ConfigurationError } from '@millrace/core'
import type { Row, Store } from './store.js'

/** What is refused because its `pg_locks` does not show who appends, by what `version()` says, and by where it lists tables it spreads. */
const [strangers, spreading] = [
  /CockroachDB|-YB-|YugabyteDB/u,
  {
    Citus: { list: 'pg_catalog.pg_dist_partition', where: 'logicalrelid = $1::text::regclass' },
    'Aurora Limitless': {
      list: 'rds_aurora.limitless_tables',
      where: "format('%I.%I', schema_name, table_name)::regclass = $1::text::regclass",
    },
  },
] as const

/**
 * Looks whether the server can keep the promise of the log, before anything is read: positions one by one, and locks that are seen.
 *
 * @param probes whether readers go by `pg_locks`.
 * @returns which run of the server this is, and the last position in its log.
 */
export async function lookAtServer(
  { engine, names }: Pick<Store, 'engine' | 'names'>,
  adapter: string,
  probes: boolean,
  call: BackendCall,
): Promise<Store['server']> {
  const ask = async (text: string): Promise<Row> => (await engine.read(text, [names.events], call))[0] ?? []
  const lists = Object.entries(spreading)
  const [version = '', ...found] = probes
    ? await ask(`SELECT version(), ${lists.map(([, { list }]) => `to_regclass('${list}')`).join(', ')}, $1::text`)
    : []
  const stranger = strangers.exec(version ?? '')?.[0]
  if (stranger !== undefined) throw refused(stranger)
  for (const [index, [name, { list, where }]] of lists.entries())
    if (found[index] != null && (await ask(`SELECT 1 FROM ${list} WHERE ${where}`)).length > 0) throw refused(name)
  // Reading the table takes a lock on it, which has to show.
  const [cache, run, end, shows] = await ask(`SELECT s.seqcache, extract(epoch FROM pg_postmaster_start_time())::numeric(20, 6),
      (SELECT max(position) FROM ${names.events}), (SELECT count(*) FROM pg_catalog.pg_locks WHERE pid = pg_backend_pid() AND relation = $1::text::regclass)
    FROM pg_sequence AS s WHERE s.seqrelid = pg_get_serial_sequence($1::text, 'position')::regclass`)
  if (cache !== '1')
    throw new ConfigurationError('the sequence of events.position does not have CACHE 1, so readers could skip events.', {
      adapter,
      hint: `Run ALTER TABLE ${names.events} ALTER COLUMN position SET CACHE 1.`,
    })
  if (probes && Number(shows) === 0) throw refused('this server')
  return { run: run ?? '', end: Number(end ?? 0) }

  function refused(what: string): ConfigurationError {
    return new ConfigurationError(`pg_locks of ${what} does not show which appends are still open, so readers could skip events.`, {
      adapter,
      hint: "Use PostgreSQL itself, with tables that are not spread over nodes; where commits come in order, order: 'strict' asks for no locks.",
    })
  }
}
