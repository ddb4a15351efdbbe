import type { ConformanceCase } from '../../case.js'
import { proveUnsupported } from '../../inverse.js'
import { base } from './round-trip.js'

export const pay05: ConformanceCase = {
  ...base,
  id: 'PAY-05',
  title: 'bytes: all 256, empty, an offset view, a Buffer; inside JSON: InvalidArgumentError',
  requires: { capability: 'binary' },
  rationale: 'Bytes that go through text, a view that is stored with what surrounds it, a Buffer stored as JSON.',
  async run(t) {
    const adapter = await t.adapter()
    const streamId = t.stream()
    const all = Uint8Array.from({ length: 256 }, (_, index) => index)
    const large = Uint8Array.from({ length: 100_000 }, (_, index) => (index * 31) % 256)
    const given: readonly Uint8Array[] = [
      all,
      new Uint8Array(0),
      all.subarray(100, 110),
      Buffer.from(all),
      Buffer.from('text'),
      large,
      new Uint8Array([0]),
      new TextEncoder().encode('{"a":1}'),
    ]
    await adapter.appendToStream(
      streamId,
      given.map((data) => ({ type: 'Bytes', data })),
    )
    const read = await adapter.readStream(streamId).toArray()
    for (const [index, { data }] of read.entries()) {
      t.ok(data instanceof Uint8Array, `payload ${index + 1} comes back as bytes`)
      t.deepEqual([...(data as Uint8Array)], [...(given[index] ?? [])], `payload ${index + 1} comes back byte for byte`)
    }
    const mutable = new Uint8Array([1, 2, 3])
    const appending = adapter.appendToStream(streamId, [{ type: 'Bytes', data: mutable }])
    mutable.fill(9)
    await appending
    const [last] = await adapter.readStream(streamId, { direction: 'backwards', limit: 1 }).toArray()
    t.deepEqual([...((last?.data as Uint8Array | undefined) ?? [])], [1, 2, 3], 'changing the bytes after the call changes nothing')
    await adapter.appendToStream(streamId, [
      { type: 'Mixed', data: { a: 1 } },
      { type: 'Mixed', data: all, metadata: { kind: 'bytes' } },
    ])
    const mixed = await adapter.readStream(streamId, { direction: 'backwards', limit: 2 }).toArray()
    t.deepEqual([mixed[0]?.metadata, mixed[1]?.data], [{ kind: 'bytes' }, { a: 1 }], 'bytes and JSON in one batch')
    for (const [data, path] of [
      [{ bytes: all }, 'events[0].data.bytes'],
      [[all], 'events[0].data[0]'],
      [{ buffer: Buffer.from('x') }, 'events[0].data.buffer'],
    ] as const)
      await t.rejects(
        () => adapter.appendToStream(streamId, [{ type: 'Bad', data: data as unknown }]),
        'invalid-argument',
        { path },
        'bytes inside JSON',
      )
  },
  inverse: (t) => proveUnsupported(t, 'binary'),
}
