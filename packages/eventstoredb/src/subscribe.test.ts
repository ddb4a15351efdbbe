import { PassThrough } from 'node:stream'
import type { Followed } from '@millrace/core'
import { expect, test } from 'vitest'
import type { Session } from './client.js'
import type { DriverPosition, DriverResolvedEvent } from './driver.js'
import { followLog } from './subscribe.js'

type Checkpoint = (subscription: unknown, position: DriverPosition) => Promise<void>

/** A subscription to the log as a client gives it, of which a test says what the server sends. */
function fakeLog() {
  const stream = Object.assign(new PassThrough({ objectMode: true }), { unsubscribe: () => Promise.resolve() })
  let checkpointReached: Checkpoint | undefined
  const client = {
    subscribeToAll({ filter }: { readonly filter: { readonly checkpointReached: Checkpoint } }) {
      checkpointReached = filter.checkpointReached
      return stream
    },
  }
  const session = { client: () => client, nativeReads: false, timeoutMs: 1000 } as unknown as Session
  return {
    follow: () => followLog(session, { after: undefined, filter: { eventTypes: ['A'] } }, new AbortController().signal),
    says: (what: 'confirmation' | 'caughtUp') => stream.emit(what),
    sends: (commit: bigint) => stream.write(recorded(commit)),
    reaches: (commit: bigint) => void checkpointReached?.(stream, { commit, prepare: commit }),
  }
}

function recorded(commit: bigint): DriverResolvedEvent {
  const position = { commit, prepare: commit }
  return { event: { streamId: 's', id: 'i', type: 'A', revision: 0n, isJson: true, data: 1, created: new Date(), position } }
}

async function kindOf(message: Promise<IteratorResult<Followed>>): Promise<string | undefined> {
  const { value } = await message
  return value?.kind
}

test('a checkpoint that is reached while caughtUp is being taken comes after the events before it: who resumed from it would miss them', async () => {
  const log = fakeLog()
  const messages = log.follow()
  const first = messages.next()
  log.says('confirmation')
  log.says('caughtUp')
  expect(await kindOf(first)).toBe('caughtUp')
  log.sends(1n)
  log.reaches(2n)
  expect([await kindOf(messages.next()), await kindOf(messages.next())]).toEqual(['events', 'checkpoint'])
  await messages.return()
})
