import type { Backend } from '@millrace/core'
import type { Engine } from './store.js'

/**
 * How adapters wake each other, beside looking. They tell after the commit, at most once in a while, on a connection of its own and
 * without waiting for the disk: a NOTIFY within an append, or a trigger, takes a lock of the whole cluster (measured 0.12–0.45 of the rate).
 */
export function wakeUps({ read, listen }: Engine, channel: () => string): Pick<Backend, 'listenForChange' | 'tellOfChange'> {
  const notify = "SELECT set_config('synchronous_commit', 'off', true), pg_notify($1, '')"
  return {
    tellOfChange: (call) => read(notify, [channel()], call),
    ...(listen && { listenForChange: (heard, lost) => listen(channel(), heard, lost) }),
  }
}
