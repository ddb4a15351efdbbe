import { once } from 'node:events'
import { type AddressInfo, type Socket, createServer } from 'node:net'
import { postgres } from '@millrace/postgres'
import pg from 'pg'
import { expect, test } from 'vitest'
import { asPool, failureOf } from './database.js'

// Part of fault 19, found by the soak: a session that an administrator ends the moment it is ready. Both messages come in one piece, and
// the pool lends the client between them, when nobody listens to its errors: that ended the process.

const message = (type: string, body: Buffer): Buffer => {
  const head = Buffer.alloc(5)
  head.write(type)
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}
const ready = Buffer.concat([message('R', Buffer.alloc(4)), message('Z', Buffer.from('I'))])
const ended = message('E', Buffer.from('SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0'))

test('a session that ends as soon as it is ready ends no process: typed, and tried again', async (context) => {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    socket.once('data', () => socket.end(Buffer.concat([ready, ended])))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `postgres://app@127.0.0.1:${(server.address() as AddressInfo).port}/shop`
  const pool = new pg.Pool({ connectionString: url })
  context.onTestFinished(async () => {
    await pool.end()
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  for (const options of [{ connection: url }, { pool: asPool(pool) }]) {
    const before = sockets.length
    const adapter = postgres(options)
    expect(await failureOf(adapter.open())).toMatchObject({ code: 'unavailable', outcome: 'not-applied', retryable: true })
    expect(sockets.length - before).toBeGreaterThan(1)
    await adapter.close()
  }
})
