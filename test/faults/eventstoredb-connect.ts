import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { EventStoreAdapter } from '@millrace/core'
import { type TestContext, describe, expect, test } from 'vitest'
import { createAuthority } from '../services/certificates.js'
import { type Driver, openNode } from '../services/eventstoredb.js'
import { errorOf, setUpModel } from './eventstoredb-setup.js'

/** What is told when there is no connection, or none that may be used. The reads of 1.3.1, by which an adapter opens, keep no text of what went wrong. */
export async function describeConnecting(driver: Driver): Promise<void> {
  const { url, model, event, open: openGiven } = await setUpModel(driver)
  const scheme = driver === '@eventstore/db-client' ? 'esdb' : 'kurrentdb'
  const nowhere = `${scheme}://127.0.0.1:1?tls=false`
  const withoutTls = url.replace('tls=false', 'tls=true')
  const open = (context: TestContext, connection: string, timeoutMs = 5000): EventStoreAdapter =>
    openGiven(context, { connection, timeoutMs })

  describe(driver, () => {
    test('1.1 MB, the nil UUID, an empty type: before any I/O, each with what to do', async (context) => {
      const adapter = open(context, nowhere)
      const half = event('x'.repeat(550_000))
      const appends = [
        [event('x'.repeat(1_100_000))],
        [half, { ...half, id: crypto.randomUUID() }],
        [{ ...event(), id: '00000000-0000-0000-0000-000000000000' }],
        [{ ...event(), type: '' }],
      ]
      const found = []
      for (const events of appends) {
        const { code, outcome, hint } = await errorOf(adapter.appendToStream('s', events))
        found.push([code, outcome, hint])
      }
      expect(found).toEqual([
        ['limit-exceeded', 'not-applied', expect.stringContaining('Split it into several events')],
        ['limit-exceeded', 'not-applied', expect.stringContaining('Append in several calls')],
        ['invalid-argument', 'not-applied', expect.stringContaining('crypto.randomUUID()')],
        ['invalid-argument', 'not-applied', expect.stringContaining('a name of 1 to 255 bytes')],
      ])
    })

    test('metadata of 1.1 MB, which the server refuses, with what to do', async (context) => {
      const adapter = open(context, url)
      const error = await errorOf(adapter.setStreamMetadata('large', { a: 'x'.repeat(1_100_000) }))
      expect([error.code, error.outcome, error.hint]).toEqual(['limit-exceeded', 'not-applied', expect.stringContaining('MaxAppendSize')])
      expect(await adapter.getStreamMetadata('large')).toEqual({ metadata: undefined, version: 0 })
    })

    test('a server that is not there: to be tried again, with a hint', async (context) => {
      // 1.3.1 makes a read again and again for a second before it says that it failed; only then it is asked why.
      const [startedAt, timeoutMs] = [performance.now(), driver === '@eventstore/db-client' ? 1500 : 5000]
      const error = await errorOf(open(context, nowhere, timeoutMs).open())
      expect([error.code, error.retryable, error.outcome]).toEqual(['unavailable', true, 'not-applied'])
      expect(error.hint).toMatch(/running at this host and port/u)
      expect(performance.now() - startedAt).toBeLessThan(timeoutMs + 3500)
    })

    test('a cluster of which no node is there: a hint too', async (context) => {
      const cluster = `${scheme}+discover://127.0.0.1:1?tls=false&maxDiscoverAttempts=2&discoveryInterval=20`
      const error = await errorOf(open(context, cluster).open())
      expect([error.code, error.retryable, error.hint]).toEqual(['unavailable', true, expect.stringContaining('hosts')])
    })

    test('a server without TLS, whichever call comes first', async (context) => {
      const calls = [
        open(context, withoutTls).open(),
        open(context, withoutTls).appendToStream('s', [event()]),
        open(context, withoutTls).getStreamState('s'),
      ]
      for (const error of await Promise.all(calls.map((call) => errorOf(call))))
        expect([error.code, error.hint]).toEqual(['configuration', expect.stringContaining('tls=false')])
    })

    test('a server that refuses the opening read once is called again, and nothing was written by asking', async (context) => {
      await model.addFault({ does: 'unavailable', calls: ['read'], stream: 'millrace-opening', times: 1 })
      const adapter = open(context, url)
      await adapter.open()
      expect(await adapter.getStreamState('millrace-opening')).toMatchObject({ status: 'missing' })
      expect(await adapter.readAll().toArray()).toEqual([])
    })

    test('who may read and not append is told that a stream is missing, and may wait for it', async (context) => {
      const [adapter, writer] = [open(context, url), open(context, url)]
      await Promise.all([adapter.open(), writer.open()])
      await model.addFault({ does: 'access denied', calls: ['append'] })
      expect(await adapter.getStreamState('to-come')).toEqual({ status: 'missing', version: 0, firstVersion: 1 })
      const messages = adapter.subscribeToStream('to-come', { after: 'end' }).messages()[Symbol.asyncIterator]()
      expect((await messages.next()).value?.kind).toBe('caughtUp')
      await model.clearFaults()
      await writer.appendToStream('to-come', [event()])
      expect((await messages.next()).value?.kind).toBe('event')
      await messages.return?.()
    })

    test('a certificate that is not trusted, one for another host, wrong and right credentials over TLS', async (context) => {
      const authority = await createAuthority()
      if (authority === undefined) return context.skip('not proven: openssl is not installed')
      const folder = await mkdtemp(join(tmpdir(), 'millrace-nodes-'))
      context.onTestFinished(async () => {
        await authority.remove()
        await rm(folder, { recursive: true })
      })
      const ca = join(folder, 'ca.pem')
      await writeFile(ca, authority.ca)
      const [right, wrongHost] = [await authority.certify('127.0.0.1'), await authority.certify('elsewhere.example')]
      const users = { ann: 'secret-of-ann' }
      const [secure, elsewhere] = [
        await openNode(undefined, driver, { tls: right, users }),
        await openNode(undefined, driver, { tls: wrongHost, users }),
      ]
      context.onTestFinished(async () => void (await Promise.all([secure.stop(), elsewhere.stop()])))
      const as = (url: string, who: string, more = `&tlsCAFile=${encodeURIComponent(ca)}`): string =>
        url.replace('://', `://${who}@`) + more
      const untrusted = await errorOf(open(context, as(secure.url, 'ann:secret-of-ann', '')).open())
      expect([untrusted.code, untrusted.hint]).toEqual(['configuration', expect.stringContaining('tlsCAFile')])
      const other = await errorOf(open(context, as(elsewhere.url, 'ann:secret-of-ann')).open())
      expect([other.code, other.message]).toEqual(['configuration', expect.stringContaining('another host')])
      const denied = await errorOf(open(context, as(secure.url, 'ann:wrong-secret')).appendToStream('s', [event()]))
      expect([denied.code, denied.hint]).toEqual(['access-denied', expect.stringContaining('password')])
      for (const error of [untrusted, other, denied]) expect(`${error.stack ?? ''} ${JSON.stringify(error)}`).not.toMatch(/secret/u)
      expect((await open(context, as(secure.url, 'ann:secret-of-ann')).appendToStream('s', [event()])).version).toBe(1)
    })
  })
}
