import { findPostgres } from './services/postgres.js'
import { postgres } from '@millrace/postgres'
const s = await findPostgres()
if (s.status !== 'running') throw new Error('x')
console.log(s.from, s.url)
const a = postgres(s.url)
try {
  console.log(await a.appendToStream('s', [{ type: 'A', data: { a: '\u0000\ud800', n: 1 } }, { type: 'B', data: new Uint8Array([1, 2, 255]), metadata: { m: 1 } }], { expectedVersion: 'noStream', streamType: 'T' }))
  console.log(await a.readStream('s').toArray())
  const ids = [crypto.randomUUID()]
  console.log(await a.appendToStream('s', [{ id: ids[0], type: 'C', data: 1 }], { expectedVersion: 2 }))
  console.log(await a.appendToStream('s', [{ id: ids[0], type: 'C', data: 1 }], { expectedVersion: 2 }))
  await a.appendToStream('s', [{ type: 'C', data: 1 }], { expectedVersion: 2 }).catch((e) => console.log(e.message, e.code))
  await a.appendToStream('s', [{ type: 'C', data: 1 }], { expectedVersion: 9 }).catch((e) => console.log(e.message, e.code))
  console.log(await a.appendToStreams([{ streamId: 'x', events: [{ type: 'X', data: 1 }] }, { streamId: 'b', events: [{ type: 'X', data: 1 }, { type: 'Y', data: 2 }], expectedVersion: 'noStream' }]))
  await a.appendToStreams([{ streamId: 'x', events: [{ type: 'X', data: 1 }] }, { streamId: 'b', events: [{ type: 'X', data: 1 }], expectedVersion: 'noStream' }]).catch((e) => console.log(e.message))
  console.log((await a.readAll().toArray()).map((e) => [e.position, e.streamId, e.version]), (await a.readAll({ direction: 'backwards', limit: 2 }).toArray()).map((e) => e.position))
  console.log((await a.readAll({ filter: { eventTypes: ['C', 'X'], streamIdPrefix: 's' } }).toArray()).length)
  console.log(await a.setStreamMetadata('s', { a: 1 }), await a.getStreamMetadata('s'), await a.truncateStream('s', { before: 2 }), await a.getStreamState('s'), await a.deleteStream('s'), await a.getStreamState('s'), await a.getStreamMetadata('s'))
  console.log(await a.appendToStream('s', [{ type: 'C', data: 1 }], { expectedVersion: 'noStream' }), await a.getStreamState('s'), await a.tombstoneStream('s'), await a.tombstoneStream('zz'))
  for await (const st of a.listStreams()) console.log(st)
  const sub = a.subscribeToAll()
  setTimeout(() => void a.appendToStream('live', [{ type: 'L', data: 1 }]), 100)
  let n = 0
  for await (const m of sub.messages()) { n++; if (m.kind !== 'event' || m.event.type === 'L') console.log(m.kind, n); if (m.kind === 'event' && m.event.type === 'L') break }
} finally { await a.close(); await s.stop() }
