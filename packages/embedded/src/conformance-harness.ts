import { readFile } from 'node:fs/promises'
import { PGlite } from '@electric-sql/pglite'
import type { ConformanceHarness, HarnessContext, HarnessInstance } from '@millrace/core/conformance'
import { type EmbeddedOptions, embedded, upgradeEmbedded } from './embedded.js'
import type { PGliteLike } from './pglite-engine.js'

/**
 * The embedded adapter under the conformance suite: a schema for each namespace of one PGlite, since starting one takes seconds. PGlite
 * has one connection and no credentials, so what needs those is not proven.
 */
export function embeddedHarness({ module }: { readonly module?: URL } = {}): ConformanceHarness & AsyncDisposable {
  let starting: Promise<PGlite> | undefined
  const started = (): Promise<PGlite> => (starting ??= PGlite.create())
  return {
    name: 'embedded',
    module,
    createAdapter: async (context) => createInstance(await started(), context),
    [Symbol.asyncDispose]: async () => (await starting)?.close(),
  }
}

function createInstance(db: PGlite, context: HarnessContext): HarnessInstance {
  const { namespace: schema, pageSize, setup } = context
  const pglite = db as unknown as PGliteLike
  const make = (options: EmbeddedOptions = {}) => embedded({ pglite, schema, pageSize, setup, ...options })
  const adapter = make()
  return {
    adapter,
    ignores: ['connections'],
    async versions() {
      const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
      const { rows } = await db.query<{ server_version: string }>('SHOW server_version')
      return { adapter: version, server: `PGlite, PostgreSQL ${rows[0]?.server_version ?? ''}` }
    },
    peer: () => Promise.resolve(make({ setup: 'auto' })),
    async injected() {
      await adapter.open()
      return {
        adapter: make(),
        stillOpen: async () => (await db.query('SELECT 1 AS one')).rows.length === 1,
      }
    },
    async seedVersion(streamId, version) {
      await adapter.open()
      await db.query(`INSERT INTO "${schema}".streams (stream_id, version, first_version) VALUES ($1, $2::bigint, $2::bigint + 1)`, [
        streamId,
        version,
      ])
    },
    async golden() {
      const old = `${schema}_golden`
      for (const file of ['postgres-first-release.sql', 'postgres-golden.sql']) {
        const text = await readFile(new URL(`../../../test/fixtures/${file}`, import.meta.url), 'utf8')
        await db.exec(text.replaceAll('first_release', old))
      }
      await upgradeEmbedded({ pglite, schema: old })
      return make({ schema: old, setup: 'auto' })
    },
    async [Symbol.asyncDispose]() {
      await adapter.close()
      await db.exec(`DROP SCHEMA IF EXISTS "${schema}" CASCADE; DROP SCHEMA IF EXISTS "${schema}_golden" CASCADE`)
    },
  }
}
