import { readFileSync } from 'node:fs'
import { PGlite } from '@electric-sql/pglite'
import { expect, it } from 'vitest'
import { failureOf } from '../../../test/faults/database.js'
import { embedded, upgradeEmbedded } from './embedded.js'
import type { PGliteLike } from './pglite-engine.js'

const fixture = readFileSync(new URL('../../../test/fixtures/postgres-first-release.sql', import.meta.url), 'utf8')

it('a store of the first release is refused with the cure, upgraded with its data, and goes on', async () => {
  const db = await PGlite.create()
  await db.exec(fixture)
  const options = { pglite: db as unknown as PGliteLike, schema: 'first_release' }
  const error = await failureOf(embedded(options).open())
  expect(error).toMatchObject({ code: 'configuration', hint: 'Run upgradeEmbedded(options).' })
  await upgradeEmbedded(options)
  await upgradeEmbedded(options)
  const store = embedded(options)
  expect((await store.readAll().toArray()).map(({ position }) => position)).toEqual(
    Array.from({ length: 16 }, (_, index) => `p1-338535bb-${index + 1}`),
  )
  expect((await store.appendToStream('order-1', [{ type: 'More', data: 1 }], { expectedVersion: 3 })).version).toBe(4)
  await store.close()
  await db.close()
})
