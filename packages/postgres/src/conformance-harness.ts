import { readFile } from 'node:fs/promises'
import type { ConformanceHarness, HarnessContext, HarnessInstance } from '@millrace/core/conformance'
import { createFaultProxy } from '@millrace/core/testing'
import pg from 'pg'
import { migrations } from './migrations.js'
import type { PostgresClient, PostgresOptions, PostgresPool } from './options.js'
import { postgres } from './postgres.js'

const secret = 'correct-horse-battery-staple'

export interface PostgresHarnessOptions {
  readonly url: string
  readonly module?: URL | undefined
  /** What the way to the server asks for, as a pooler does. */
  readonly options?: Pick<PostgresOptions, 'pooler' | 'coalesce' | 'order'> | undefined
}

/** The Postgres adapter under the conformance suite: a schema for each namespace of one server. */
export function postgresHarness({ url, module, options = {} }: PostgresHarnessOptions): ConformanceHarness {
  const connection = withPassword(url)
  return {
    name: 'postgres',
    module,
    secrets: [secret],
    createAdapter: (context) => createInstance(connection, context, options),
  }
}

/** A server that trusts everybody does not look at the password; nobody else may see it either. */
function withPassword(text: string): string {
  const url = new URL(text)
  if (url.password === '') url.password = secret
  return url.href
}

async function createInstance(connection: string, context: HarnessContext, given: PostgresOptions): Promise<HarnessInstance> {
  const { namespace: schema, pageSize, connections: max = 10, setup } = context
  const way = await breakableWay(connection)
  const make = (options: PostgresOptions = {}) =>
    postgres({ connection: { connectionString: way.url, max }, schema, pageSize, setup, ...given, ...options })
  const adapter = make()

  return {
    adapter,
    faults: way.faults,
    versions: () => versions(connection),
    peer: () => Promise.resolve(make({ setup: 'auto' })),
    async broken(kind) {
      if (kind === 'unreachable') return make({ connection: `postgres://app:${secret}@127.0.0.1:1/app` })
      if (kind === 'credentials') return make({ connection: withUser(connection, 'nobody_of_that_name') })
      const newer = `${schema}_newer`
      const first = make({ schema: newer, setup: 'auto' })
      await first.open()
      await first.close()
      await execute(
        connection,
        `INSERT INTO "${newer}".migrations (version, min_client, store_order, log_id) VALUES (99, 99, 'settled', 'x')`,
      )
      return make({ schema: newer })
    },
    async injected() {
      const pool = new pg.Pool({ connectionString: connection, max })
      return {
        adapter: postgres({ pool: pool as unknown as PostgresPool, schema, pageSize, ...given }),
        async stillOpen() {
          const { rows } = await pool.query('SELECT 1 AS one')
          await pool.end()
          return rows.length === 1
        },
      }
    },
    async stallAppend(streamId, events) {
      await adapter.open()
      const client = new pg.Client({ connectionString: connection })
      await client.connect()
      const end = (sql: string) => async () => {
        await client.query(sql)
        await client.end()
      }
      await client.query('BEGIN')
      await adapter.withClient(client as unknown as PostgresClient).appendToStream(streamId, events)
      return { commit: end('COMMIT'), rollback: end('ROLLBACK') }
    },
    async seedVersion(streamId, version) {
      await adapter.open()
      await execute(
        connection,
        `INSERT INTO "${schema}".streams (stream_id, version, first_version) VALUES ($1, $2::bigint, $2::bigint + 1)`,
        [streamId, version],
      )
    },
    async golden() {
      const old = `${schema}_golden`
      await execute(connection, (await firstRelease()).replaceAll('first_release', old))
      await migrations({ ...given, connection, schema: old, order: 'settled' }).apply()
      return make({ schema: old, order: 'settled' })
    },
    async [Symbol.asyncDispose]() {
      await adapter.close()
      await way.close()
      const schemas = [schema, `${schema}_newer`, `${schema}_golden`]
      await execute(connection, schemas.map((one) => `DROP SCHEMA IF EXISTS "${one}" CASCADE`).join('; '))
    },
  }
}

/** A store that the first release made and wrote to: its layout, its functions, its text. */
async function firstRelease(): Promise<string> {
  const fixtures = ['postgres-first-release.sql', 'postgres-golden.sql']
  return (await Promise.all(fixtures.map((file) => readFile(new URL(`../../../test/fixtures/${file}`, import.meta.url), 'utf8')))).join(
    '\n',
  )
}

function withUser(text: string, user: string): string {
  const url = new URL(text)
  url.username = user
  return url.href
}

async function execute(connectionString: string, sql: string, values?: unknown[]): Promise<void> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  try {
    await (values === undefined ? client.query(sql) : client.query(sql, values))
  } finally {
    await client.end()
  }
}

async function versions(connectionString: string): Promise<{ adapter: string; server: string }> {
  const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
  const client = new pg.Client({ connectionString })
  await client.connect()
  try {
    const { rows } = await client.query<{ server_version: string }>('SHOW server_version')
    return { adapter: version, server: `PostgreSQL ${rows[0]?.server_version ?? ''}` }
  } finally {
    await client.end()
  }
}

/** A way to the server that can be broken; where it is not on this machine or is encrypted, the way itself, and no hooks. */
async function breakableWay(
  connection: string,
): Promise<{ readonly url: string; readonly faults: HarnessInstance['faults']; close(): Promise<void> }> {
  const url = new URL(connection)
  if (!['127.0.0.1', 'localhost'].includes(url.hostname) || url.searchParams.has('sslmode'))
    return { url: connection, faults: undefined, close: () => Promise.resolve() }
  const proxy = await createFaultProxy({ host: url.hostname, port: Number(url.port || 5432) })
  url.hostname = proxy.host
  url.port = String(proxy.port)
  const isChange = changeDetector()
  return {
    url: url.href,
    faults: {
      dropNextResponse: () => Promise.resolve(void proxy.inject({ fault: 'cut-after', when: isChange, answered: isReady })),
      killConnections: async () => void (await proxy.cutAll()),
      async restart(downMs = 0) {
        await proxy.down()
        setTimeout(proxy.up, downMs).unref()
      },
    },
    close: () => proxy.close(),
  }
}

/** ReadyForQuery ends every answer, after the commit: `Z`, the length, the state. */
function isReady(bytes: Uint8Array): boolean {
  return bytes.at(-6) === 'Z'.charCodeAt(0)
}

/** Knows the messages that change something: by their text, or by the name that a Parse message gave that text before. */
function changeDetector(): (bytes: Uint8Array) => boolean {
  const named = new Set<string>()
  return (bytes) => {
    const text = Buffer.from(bytes).toString('latin1')
    if (text.includes('CREATE ')) return false
    // A Parse message: the statement's name, its text.
    const parsed = /(millrace_\w+)\0(?:SELECT[^\0]*append_|INSERT |UPDATE )/u.exec(text)
    if (parsed?.[1] !== undefined) named.add(parsed[1])
    return (
      parsed !== null || /\0(?:SELECT[^\0]*append_|INSERT |UPDATE )/u.test(text) || [...named].some((name) => text.includes(`${name}\0`))
    )
  }
}
