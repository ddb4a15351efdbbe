import { doctor } from '@millrace/postgres'
import { expect, test } from 'vitest'
import { cluster } from './cluster.js'
import { databaseAt, until } from './database.js'
import { expectToHold } from './expect-ledger.js'
import { startLedger } from './ledger.js'

// Faults 1 and 2: the server is killed under 8 writers. SIGKILL proves the death of processes, not of the machine: what a process had
// written stays in the operating system's hands. So the control switches off the wait for the log to be written at all.

const seed = 1

/** Kills every process of the server under writers, starts it again, and lets them go on. */
async function run(context: Parameters<typeof cluster>[0], config: Readonly<Record<string, string>>, kills: number) {
  const server = await cluster(context, { config })
  await server.start()
  const db = databaseAt(server.url, context)
  const clients = [db.open(), db.open()]
  await clients[0]?.open()
  const ledger = startLedger({ clients, seed })
  for (let kill = 1; kill <= kills; kill += 1) {
    const before = ledger.acknowledged
    await until(() => ledger.acknowledged >= before + 150)
    await server.kill()
    await server.start()
  }
  const before = ledger.acknowledged
  await until(() => ledger.acknowledged >= before + 50)
  return { ...(await ledger.judge()), facts: await doctor({ connection: server.url, schema: db.schema }) }
}

test('kill -9 under 8 writers, three times: nothing acknowledged is lost, and every append in flight is settled', async (context) => {
  const verdict = await run(context, {}, 3)
  await expectToHold(verdict, seed)
  expect(verdict.acknowledged).toBeGreaterThan(500)
})

test('the control, with synchronous_commit = off: the same checkers report the loss', async (context) => {
  // The writer of the log is put to sleep, so that every run loses something.
  const lossy = { synchronous_commit: 'off', wal_writer_delay: '10s', wal_writer_flush_after: '1GB' }
  const { anomalies, facts } = await run(context, lossy, 1)
  expect(anomalies.map(({ name }) => name)).toContain('lost-write')
  expect(facts).toContainEqual(expect.objectContaining({ name: 'synchronous_commit', status: 'warning' }))
})
