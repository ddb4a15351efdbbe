import type { HookName } from './harness.js'

/** Thrown to end a case, or a part, as 'not proven'. */
export class NotProven extends Error {
  constructor(reason: string) {
    super(reason)
    this.name = 'NotProven'
  }
}

/** The harness is at fault, not the adapter: the run ends with this error. */
export class HarnessError extends Error {
  readonly fault:
    'factory-throws' | 'factory-hangs' | 'namespaces-leak' | 'capabilities-change' | 'not-empty' | 'dispose-fails' | 'hook-fails'

  constructor(fault: HarnessError['fault'], message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'HarnessError'
    this.fault = fault
  }
}

/** Waits for what the harness does, no longer than `ms`: a harness that hangs is named, not waited for. */
export async function bounded<T>(ms: number, promise: Promise<T>, late: () => Error): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  try {
    return await Promise.race([
      promise,
      new Promise<never>((_resolve, reject) => {
        timer = setTimeout(() => reject(late()), ms)
      }),
    ])
  } finally {
    clearTimeout(timer)
  }
}

/** A message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** The harness hook that failed. */
export function hookFailure(hook: HookName, error: unknown): HarnessError {
  return new HarnessError('hook-fails', `the hook ${hook} failed: ${messageOf(error)}`, error)
}
