import { translateError } from '@millrace/core'
import { findDrift } from './check-schema.js'
import { poolEngine } from './client.js'
import { classifyError } from './map-error.js'
import { findInstalled, schemaVersion } from './migrate.js'
import { type PostgresOptions, parseOptions } from './options.js'
import type { Names } from './schema.js'
import type { Session } from './sessions.js'
import type { Rows } from './store.js'
import { holdersStatement } from './settled.js'

/** One thing that was looked at. */
export interface Fact {
  readonly name: string
  /** `warning`: it works, and may cost you something one day. `error`: events are or may be at risk, or nothing works. */
  readonly status: 'ok' | 'warning' | 'error'
  readonly value: string
  /** What to do; only where it is not `ok`. */
  readonly cure?: string
}

type Finding = readonly [status: Fact['status'], value: string, cure: string]

/**
 * Looks at a server and the store on it: connection, durability, schema, and who holds back readers of the log. It changes nothing, and
 * connects and disconnects by itself.
 *
 * Errors: `unavailable`, `access-denied`, `configuration`, `backend`: nothing could be looked at.
 */
export async function doctor(options: PostgresOptions | string = {}): Promise<Fact[]> {
  const parsed = parseOptions(options)
  const engine = poolEngine(parsed)
  try {
    return await engine.session((session) => examine(session, parsed.names, parsed.order))
  } catch (error) {
    throw translateError(error, { name: 'postgres', classifyError }, 'read').error
  } finally {
    await engine.close()
  }
}

async function examine(session: Session, names: Names, order: 'settled' | 'strict'): Promise<Fact[]> {
  const facts: Fact[] = []
  const say = (name: string, [status, value, cure]: Finding): void =>
    void facts.push({ name, status, value, ...(status === 'ok' ? {} : { cure }) })
  const ask = async (text: string, parameters: string[] = []): Promise<Rows> => session.query(text, parameters)
  const asked = performance.now()
  const [about = []] = await ask(`SELECT current_setting('server_version'), pg_is_in_recovery(), pg_backend_pid(),
    extract(epoch FROM clock_timestamp()) * 1000, current_setting('server_encoding'), (SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()),
    coalesce(host(inet_server_addr()), 'local'), (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),
    current_setting('max_connections')`)
  const [version, standby, pid, clock, encoding, ssl, address, used, most] = about.map((value) => value ?? '')
  const local = address === 'local' || address === '::1' || (address ?? '').startsWith('127.')

  say('server', [
    isTrue(standby) ? 'warning' : 'ok',
    `PostgreSQL ${version}${isTrue(standby) ? ', a standby' : ''}`,
    'Append to, and read the log from, the primary.',
  ])
  say('tls', [isTrue(ssl) || local ? 'ok' : 'warning', isTrue(ssl) ? 'on' : 'off', "Off this machine give tls: 'verify', the default."])
  const pooled = session.told !== undefined && !Number.isNaN(session.told) && String(session.told) !== pid
  say('pooler', [
    pooled ? 'warning' : 'ok',
    pooled ? 'there is one between' : 'none',
    "If it pools transactions, give pooler: 'transaction'.",
  ])
  say('encoding', [encoding === 'UTF8' ? 'ok' : 'error', encoding ?? '', 'Only a database in UTF8 keeps every text: move to one.'])
  const skew = Math.round(Math.abs(Date.now() - (performance.now() - asked) / 2 - Number(clock)))
  say('clock', [
    skew < 1000 ? 'ok' : 'warning',
    `${skew} ms apart from ours`,
    'Set the clocks by NTP; createdAt is the server’s. Order does not depend on it.',
  ])
  say('connections', [
    Number(used) < Number(most) * 0.9 ? 'ok' : 'warning',
    `${used} of ${most} in use`,
    'Lower max of the pools, or put a pooler between.',
  ])
  for (const name of ['fsync', 'full_page_writes', 'synchronous_commit']) {
    const [[value] = []] = await ask('SELECT current_setting($1)', [name])
    const cost =
      name === 'synchronous_commit'
        ? 'an acknowledged event can be lost in a crash, and readers have seen it'
        : 'a crash of the machine can corrupt the database'
    say(name, [value === 'off' ? 'warning' : 'ok', value ?? '', `Switch it on: with it off ${cost}.`])
  }
  const [[idle] = []] = await ask("SELECT setting FROM pg_settings WHERE name = 'idle_in_transaction_session_timeout'")
  say('idle_in_transaction_session_timeout', [
    idle === '0' ? 'warning' : 'ok',
    `${idle} ms`,
    'Set one: a transaction that appended and was then forgotten holds back every reader of the log.',
  ])

  const installed = await findInstalled(session, names)
  if (installed === undefined) {
    say('schema', ['error', `${names.schema} is not set up`, "Open once with setup: 'auto', or run migrations(options).apply()."])
    return facts
  }
  const behind = installed.version < schemaVersion
  say('schema', [behind ? 'error' : 'ok', `version ${installed.version}, order '${installed.order}'`, 'Run migrations(options).apply().'])
  if (installed.order !== order) say('order', ['error', `the log is in order '${installed.order}'`, `Give order: '${installed.order}'.`])
  for (const what of behind ? [] : await findDrift(session, names, installed.order))
    say('schema', ['error', what, 'Restore what was changed by hand.'])
  await examineLog(session, names, say)
  return facts
}

/** Who holds back readers, and how far behind they are. */
async function examineLog(session: Session, names: Names, say: (name: string, finding: Finding) => void): Promise<void> {
  const holders = await session.query(holdersStatement, [names.events])
  const [[top] = []] = await session.query(`SELECT max(position) FROM ${names.events}`, [])
  if (holders.length === 0) say('log', ['ok', `settled up to position ${top ?? 0}, its end`, ''])
  else say('log', ['warning', `readers wait for ${holders.length} open, below position ${top ?? 0} at most`, 'See the holders.'])
  for (const [holder] of holders)
    say('holder', ['warning', holder ?? '', 'It has appended, and neither committed nor rolled back: end it if it goes on.'])
}

function isTrue(value: string | undefined): boolean {
  return value === 't' || value === 'true'
}
