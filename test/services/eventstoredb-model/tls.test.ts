import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type EventData, EventStoreDBClient, jsonEvent } from '@eventstore/db-client'
import { type TestContext, expect, test } from 'vitest'
import { type Authority, createAuthority } from '../certificates.js'
import { startEventStoreModel } from './start.js'

const users = { app: 'correct horse' }
const event = (): EventData => jsonEvent({ type: 'Happened', data: { n: 1 } })

/** A model with a certificate of an authority, and with users; gone when the test is over. */
async function secured(context: TestContext): Promise<{ port: number; trusted: string; stranger: Authority }> {
  const [authority, stranger] = [await createAuthority(), await createAuthority()]
  if (authority === undefined || stranger === undefined) return context.skip('not proven: openssl is not installed')
  const { certificate, key } = await authority.certify('127.0.0.1')
  const model = await startEventStoreModel({ users, tls: { certificate, key } })
  const folder = await mkdtemp(join(tmpdir(), 'millrace-ca-'))
  const trusted = join(folder, 'ca.pem')
  await writeFile(trusted, authority.ca)
  await writeFile(join(folder, 'stranger.pem'), stranger.ca)
  context.onTestFinished(async () => {
    await model.stop()
    await Promise.all([authority.remove(), stranger.remove(), rm(folder, { recursive: true })])
  })
  return { port: model.port, trusted, stranger }
}

function client(context: TestContext, port: number, ca: string, user = ''): EventStoreDBClient {
  const made = EventStoreDBClient.connectionString(`esdb://${user}127.0.0.1:${port}?tls=true&tlsCAFile=${ca}`)
  context.onTestFinished(() => made.dispose())
  return made
}

test('TLS: who trusts the authority and says who it is may append', async (context) => {
  const { port, trusted } = await secured(context)
  const app = client(context, port, trusted, 'app:correct%20horse@')
  expect(await app.appendToStream('s', event(), { credentials: { username: 'app', password: 'correct horse' } })).toMatchObject({
    success: true,
  })
  expect(await app.appendToStream('s', event())).toMatchObject({ success: true, nextExpectedRevision: 1n })
})

test('TLS: a wrong password and no name are refused', async (context) => {
  const { port, trusted } = await secured(context)
  const wrong = client(context, port, trusted)
  const credentials = { username: 'app', password: 'wrong horse' }
  await expect(wrong.appendToStream('s', event(), { credentials })).rejects.toMatchObject({ code: 16 })
  const read = wrong.readStream('s')
  await expect(read[Symbol.asyncIterator]().next()).rejects.toMatchObject({ type: 'access-denied' })
})

test('TLS: the certificate of a stranger is not trusted', async (context) => {
  const { port, trusted } = await secured(context)
  const suspicious = client(context, port, trusted.replace('ca.pem', 'stranger.pem'))
  const credentials = { username: 'app', password: 'correct horse' }
  await expect(suspicious.appendToStream('s', event(), { credentials })).rejects.toMatchObject({ type: 'unavailable' })
})
