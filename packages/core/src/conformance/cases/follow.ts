import type { Subscription, SubscriptionMessage } from '../../adapter.js'
import type { RecordedEvent } from '../../event.js'
import type { CaseContext } from '../case.js'

/** A subscription that runs in the background, and what it has said so far. */
export interface Following extends AsyncDisposable {
  readonly messages: readonly SubscriptionMessage[]
  readonly events: readonly RecordedEvent[]
  /** Resolves when the condition holds; fails after 10 s, and with what ended the subscription. */
  until(what: string, holds: () => boolean): Promise<void>
  /** How it ended. */
  readonly ended: Promise<{ readonly error: unknown } | 'quietly'>
}

export function follow(t: CaseContext, subscription: Subscription): Following {
  const messages: SubscriptionMessage[] = []
  const events: RecordedEvent[] = []
  const waiting = new Set<() => void>()
  let failed: { readonly error: unknown } | undefined
  const told = (): void => {
    for (const check of waiting) check()
  }

  async function run(): Promise<{ readonly error: unknown } | 'quietly'> {
    try {
      for await (const message of subscription.messages()) {
        messages.push(message)
        if (message.kind === 'event') events.push(message.event)
        told()
      }
      return 'quietly'
    } catch (error) {
      failed = { error }
      told()
      return failed
    }
  }

  return {
    messages,
    events,
    ended: run(),
    async until(what, holds) {
      const message = `the subscription gets there: ${what}`
      const reached = new Promise<void>((resolve, reject) => {
        const check = (): void => {
          if (holds()) resolve()
          else if (failed !== undefined) reject(new Error(`${message}: it ended with ${String(failed.error)}`, { cause: failed.error }))
        }
        waiting.add(check)
        check()
      })
      await t.within(10_000, reached, message)
    },
    [Symbol.asyncDispose]: () => subscription[Symbol.asyncDispose](),
  }
}

/** `caughtUp` so far. */
export function timesCaughtUp({ messages }: Following): number {
  return messages.filter(({ kind }) => kind === 'caughtUp').length
}
