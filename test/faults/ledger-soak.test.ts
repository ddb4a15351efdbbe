import { expect, test } from 'vitest'
import { findPrograms } from '../services/postgres-programs.js'
import { runChaos } from './chaos.js'
import { expectToHold } from './expect-ledger.js'

// The short form of test/soak/postgres.soak.mjs; its control is in killed-server.test.ts.

test('20 s of random cuts and kills under 8 writers on 16 streams: 0 lost, 0 doubled, 0 reordered, 0 unresolved', async (context) => {
  const programs = await findPrograms()
  if (programs === undefined) return context.skip('not proven: no PostgreSQL programs to start a server with')
  const seed = 20
  const verdict = await runChaos({ programs, seed, ms: 20_000 })
  await expectToHold(verdict, seed, verdict.faults)
  expect(verdict.acknowledged).toBeGreaterThan(100)
  expect(Object.keys(verdict.faults).length).toBeGreaterThan(3)
})
