import { inspect } from 'node:util'
import { postgres } from '@millrace/postgres'
import pg from 'pg'
import { expect, test } from 'vitest'
import { type Authority, type Certificate, createAuthority } from '../services/certificates.js'
import type { PostgresCluster } from '../services/postgres-cluster.js'
import { cluster } from './cluster.js'
import { failureOf } from './database.js'

// Fault 36: who the server says it is. Certificates are made by openssl, and the server is a real one that speaks TLS.

const event = { type: 'Happened', data: 1 }

async function authority(context: Parameters<typeof cluster>[0]): Promise<Authority> {
  const made = await createAuthority()
  if (made === undefined) return context.skip('not proven: openssl is not installed')
  context.onTestFinished(() => made.remove())
  return made
}

/** Starts the server, anew if it runs, with a certificate. */
async function startWith(server: PostgresCluster, { key, certificate }: Certificate): Promise<void> {
  await server.stop()
  await server.write('server.key', key)
  await server.write('server.crt', certificate)
  await server.start({ ssl: 'on' })
}

async function open(url: string, options: Parameters<typeof postgres>[0] & object = {}): Promise<void> {
  const adapter = postgres({ connection: url, ...options })
  try {
    await adapter.appendToStream('s', [event])
  } finally {
    await adapter.close()
  }
}

test('verified by its authority and its host: connects; anything else is refused before a word is said', async (context) => {
  const ours = await authority(context)
  const server = await cluster(context)
  const { ca } = ours
  const url = (more = '') => `postgres://app:correct-horse@127.0.0.1:${server.port}/postgres?application_name=tls${more}`
  // Not loopback by name, so TLS is verified by default; the address leads to this machine all the same.
  const elsewhere = url().replace('127.0.0.1', '0.0.0.0')

  await startWith(server, await ours.certify('127.0.0.1'))
  const admin = new pg.Client({ connectionString: server.url })
  await admin.connect()
  await admin.query('CREATE ROLE app SUPERUSER LOGIN')
  await admin.end()
  // Who speaks no TLS, as this user, is refused.
  await server.write('pg_hba.conf', 'hostssl all app all trust\nhostnossl all app all reject\nhost all postgres all trust\n')
  await startWith(server, await ours.certify('127.0.0.1'))
  await open(url(), { tls: { ca } })
  // The authority is not one that the machine trusts.
  for (const [where, options] of [
    [url(), { tls: 'verify' }],
    [elsewhere, {}],
    [url('&sslmode=require'), {}],
    [url('&sslmode=prefer'), {}],
    [url('&sslmode=verify-ca'), {}],
    [url('&sslmode=verify-full'), {}],
  ] as const) {
    const error = await failureOf(open(where, options))
    expect(error, `${where} ${JSON.stringify(options)}`).toMatchObject({ code: 'configuration', outcome: 'not-applied' })
    expect(error.hint).toContain('tls: { ca }')
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('correct-horse')
  }
  // The opt-outs are words of their own.
  await open(url(), { tls: 'unverified' })
  await open(url('&sslmode=no-verify'))
  expect(await failureOf(open(url(), { tls: 'off' }))).toMatchObject({ code: 'access-denied' })

  // Signed by the authority, for another host.
  await startWith(server, await ours.certify('db.example'))
  const wrongHost = await failureOf(open(url(), { tls: { ca } }))
  expect(wrongHost).toMatchObject({ code: 'configuration', outcome: 'not-applied', retryable: false })
  expect(wrongHost.message).toContain('another host')

  // Signed by itself.
  await startWith(server, await ours.selfSigned('127.0.0.1'))
  for (const tls of ['verify', { ca }] as const) {
    const error = await failureOf(open(url(), { tls }))
    expect(error).toMatchObject({ code: 'configuration', outcome: 'not-applied', retryable: false })
    expect(error.message).toContain('certificate of the server')
  }
})

test('a server without TLS: refused by default where it is not on this machine’s loopback', async (context) => {
  const server = await cluster(context)
  await server.start()
  const elsewhere = `postgres://postgres@0.0.0.0:${server.port}/postgres`
  const error = await failureOf(open(elsewhere))
  expect(error).toMatchObject({ code: 'configuration', outcome: 'not-applied' })
  expect(error.hint).toContain("tls: 'off'")
  await open(elsewhere, { tls: 'off' })
  await open(`${elsewhere}?sslmode=disable`)
})
