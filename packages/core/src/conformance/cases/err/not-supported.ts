import type { ConformanceCase } from '../../case.js'
import { capabilityNames, proveUnsupported } from '../../inverse.js'

export const err02: ConformanceCase = {
  id: 'ERR-02',
  title: 'a capability that is not declared is a NotSupportedError naming it, the adapter usable after; what is declared is supported',
  section: 'ERR',
  since: 1,
  level: 'must',
  profile: 'smoke',
  rationale: '"undefined is not a function", an empty result for what is not there, or a capability declared by wishful thinking.',
  async run(t) {
    for (const capability of capabilityNames) {
      if (t.declares(capability)) continue
      t.step(`${capability} is not declared`)
      await proveUnsupported(t, capability)
    }
    const adapter = await t.adapter()
    const streamId = t.stream()
    const other = t.stream()
    await adapter.appendToStream(streamId, t.events(3))
    const works = {
      readAll: () => adapter.readAll({ limit: 1 }).toArray(),
      listStreams: async () => {
        for await (const { streamId: id } of adapter.listStreams({ prefix: streamId })) return id
        return undefined
      },
      multiStreamAppend: () => adapter.appendToStreams([{ streamId: other, events: t.events(1) }]),
      binary: () => adapter.appendToStream(other, [{ type: 'Bytes', data: new Uint8Array([1]) }]),
      streamMetadata: () => adapter.setStreamMetadata(streamId, { a: 1 }).then(() => adapter.getStreamMetadata(streamId)),
      truncateStream: () => adapter.truncateStream(streamId, { before: 2 }),
      deleteStream: () => adapter.deleteStream(streamId),
      tombstoneStream: () => adapter.tombstoneStream(streamId),
    }
    for (const [capability, use] of Object.entries(works) as [keyof typeof works, () => Promise<unknown>][]) {
      if (!t.declares(capability)) continue
      t.step(`${capability} is declared`)
      await t.resolves(use(), `${capability} is declared, so it is supported`)
    }
    t.ok(true, 'every capability was looked at')
  },
}
