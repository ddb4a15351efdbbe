import { isConfigurationError, ownCall } from '@millrace/core'
import { describe, expect, it } from 'vitest'
import { schemaNames } from './schema.js'
import { lookAtServer } from './server.js'
import type { Row, Store } from './store.js'

const postgres = 'PostgreSQL 15.18 (Debian 15.18-0+deb12u1) on x86_64-pc-linux-gnu'

/** What a server says of itself: its version, the tables that list what is spread, whether ours is among them, cache, and locks that show. */
function look({ version = postgres, lists = [null, null] as Row, listed = false, cache = '1', shows = '2', probes = true } = {}) {
  const engine = {
    read: (text: string): Promise<readonly Row[]> => {
      if (text.includes('version()')) return Promise.resolve([[version, ...lists, '']])
      if (text.startsWith('SELECT 1 FROM')) return Promise.resolve(listed ? [['1']] : [])
      return Promise.resolve([[cache, '1700000000.000001', '41', shows]])
    },
  }
  return ownCall(new AbortController().signal, (call) =>
    lookAtServer({ engine, names: schemaNames() } as unknown as Store, probes, call),
  ).catch((error: unknown) => error)
}

describe('a server', () => {
  it('that is PostgreSQL is taken, with its run and the end of its log', async () => {
    expect(await look()).toEqual({ run: '1700000000.000001', end: 41 })
  })
  it.each([
    ['CockroachDB', { version: 'CockroachDB CCL v23.1.11 (x86_64-pc-linux-gnu)' }],
    ['YugabyteDB', { version: 'PostgreSQL 11.2-YB-2.20.1.0-b0 on x86_64-pc-linux-gnu' }],
    ['Citus, with our table spread', { lists: ['pg_dist_partition', null] as Row, listed: true }],
    ['Aurora Limitless, with our table spread', { lists: [null, 'rds_aurora.limitless_tables'] as Row, listed: true }],
    ['one whose locks do not show', { shows: '0' }],
  ])('that is %s is refused, with a hint', async (_name, says) => {
    const error = await look(says)
    expect(isConfigurationError(error) && [error.outcome, error.hint]).toEqual(['not-applied', expect.stringContaining('PostgreSQL')])
    expect(String(error)).toContain('pg_locks')
  })
  it('that is Citus, with our table on one node, is taken', async () => {
    expect(await look({ lists: ['pg_dist_partition', null] })).toMatchObject({ end: 41 })
  })
  it('is not asked for its locks where nobody goes by them', async () => {
    expect(await look({ version: 'CockroachDB', shows: '0', probes: false })).toMatchObject({ end: 41 })
  })
  it('that hands out positions in blocks is refused', async () => {
    expect(String(await look({ cache: '20' }))).toContain('CACHE 1')
  })
})
