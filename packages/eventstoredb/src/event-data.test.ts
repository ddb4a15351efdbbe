import type { EncodedEvent } from '@millrace/core'
import { describe, expect, it } from 'vitest'
import type { DriverRecordedEvent } from './driver.js'
import { compareTokens, fromDriverEvent, fromToken, toDriverEvent, toToken } from './event-data.js'

const encoded = (data: EncodedEvent['data'], metadata?: string): EncodedEvent => ({ id: 'i', type: 'T', data, metadata, bytes: 0 })

/** As the clients store and read it: printed once, parsed once. */
function stored(event: EncodedEvent, streamType?: string): ReturnType<typeof fromDriverEvent> {
  const { metadata, data, contentType, ...rest } = toDriverEvent(event, streamType)
  const isJson = contentType === 'application/json'
  const copy = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown
  const recorded = { ...rest, isJson, data: isJson ? copy(data) : data, metadata: metadata && copy(metadata) }
  return fromDriverEvent(
    {
      ...recorded,
      streamId: 's',
      revision: 4n,
      created: new Date(1_234_567),
      position: { commit: 9n, prepare: 8n },
    } as DriverRecordedEvent,
    false,
  )
}

describe('events', () => {
  it("what the client prints equals core's text", () => {
    for (const text of [
      '"\\ud800"',
      '{"__proto__":1,"constructor":2}',
      '{"10":1,"9":2,"b":0,"a":1}',
      '5e-324',
      '"\\u0000"',
      '[null,true,-1.5e300,{"a":{"":[]}}]',
      '{"$millrace":1}',
    ])
      expect(JSON.stringify(toDriverEvent(encoded({ text }), undefined).data)).toBe(JSON.stringify(JSON.parse(text)))
  })
  it('the stream type travels in the metadata, and is not shown there; no metadata is not an empty object', () => {
    const cases = [undefined, '{}', '{"a":1,"$correlationId":"c"}']
    for (const metadata of cases)
      for (const streamType of [undefined, 'order']) {
        const read = stored(encoded({ text: '1' }, metadata), streamType)
        expect(read).toMatchObject({ version: 5, streamType, position: 'e1--9/8' })
        expect(read.metadata).toEqual(
          metadata === undefined ? undefined : { value: JSON.parse(metadata) as unknown, size: expect.any(Number) as unknown },
        )
      }
  })
  it('bytes stay bytes, apart from the buffer they came in', () => {
    const bytes = Buffer.from([0, 255]).subarray(0, 2)
    expect(stored(encoded({ bytes })).data).toEqual({ bytes: Uint8Array.from([0, 255]) })
  })
  it('cuts the time to whole seconds where reads know no more', () => {
    const recorded = { streamId: 's', id: 'i', type: 'T', revision: 0n, isJson: true, data: 1, created: new Date(1_999) }
    expect(fromDriverEvent(recorded, true).createdAt).toEqual(new Date(1_000))
  })
})

describe('positions', () => {
  it('are a token of commit and prepare, ordered by number', () => {
    const position = { commit: 1n << 40n, prepare: 7n }
    expect(fromToken(toToken(position))).toEqual(position)
    expect(compareTokens('e1--9/9', 'e1--10/10')).toBeLessThan(0)
    expect(compareTokens('e1--10/9', 'e1--10/8')).toBeGreaterThan(0)
    expect(compareTokens('e1--10/9', 'e1--10/9')).toBe(0)
  })
  it.each(['', 'e1--', 'e1--1', 'e1--1/', 'e1--01/1', 'e2--1/1', 'm1--1/1', 'e1-ab-1/1', 'e1--1/99999999999999999999'])(
    '%j is refused',
    (position) => {
      expect(() => fromToken(position)).toThrow(/position/u)
    },
  )
})
