import { createFaultProxy } from '@millrace/core/testing'
import { expect, test } from 'vitest'
import { database, until } from './database.js'
import { expectToHold } from './expect-ledger.js'
import { startLedger } from './ledger.js'

// Fault 5. Faults 3 and 4, one cut where it hurts, are in lost-answers.test.ts; cuts with kills of the server in ledger-soak.test.ts.

test('random cuts, and 20 of everything, under 8 writers on 16 streams: no anomaly, nothing unresolved', async (context) => {
  const db = database(context)
  const { hostname, port } = new URL(db.url)
  const seed = 5
  const proxy = await createFaultProxy({ host: hostname, port: Number(port), seed })
  context.onTestFinished(() => proxy.close())
  const url = Object.assign(new URL(db.url), { hostname: proxy.host, port: String(proxy.port) }).href
  const clients = [db.open({ connection: url }), db.open({ connection: url })]
  await clients[0]?.open()
  for (const fault of ['cut-before', 'cut-after'] as const) proxy.inject({ fault, chance: 0.02, times: Infinity })
  proxy.inject({ fault: 'cut-before', on: 'response', chance: 0.02, times: Infinity })
  const ledger = startLedger({ clients, seed })
  // As often as there is something to cut, however slow the machine is: about 4 s on a quiet one.
  for (let cut = 1; cut <= 20; cut += 1) {
    const before = ledger.acknowledged
    await until(() => ledger.acknowledged >= before + 20)
    await proxy.cutAll()
  }
  const verdict = await ledger.judge()
  await expectToHold(verdict, seed, proxy.faults)
  expect(proxy.faults.length).toBeGreaterThan(5)
})
