import type { Item } from './items.js'

/** Why one item of a transaction was refused. */
export interface CancelReason {
  readonly code: string
  /** What stands there, where the server tells. */
  readonly item: Item | undefined
}

/**
 * An error of the SDK without what may carry a payload: its own object holds the item that stood in the way, so it is never kept as a
 * cause. `item` and `reasons` are looked at by the append and cannot be seen from outside.
 */
export class DriverFailure extends Error {
  /** A read applies nothing, whatever became of it. */
  readonly kind: 'read' | 'change'
  /** Name of the exception, or the code of Node.js. */
  readonly code: string
  /** Requests that the SDK made of this one; 0: it did not say. */
  readonly attempts: number
  readonly status: number
  readonly #item: Item | undefined
  readonly #reasons: readonly CancelReason[]

  constructor(kind: 'read' | 'change', error: unknown) {
    const { name, message, code, $metadata, Item: item, CancellationReasons } = (error ?? {}) as SdkError
    super(typeof message === 'string' ? message : String(error))
    this.name = 'DriverFailure'
    this.kind = kind
    // Errors of Node.js have a code; those of the service a name.
    this.code = typeof code === 'string' ? code : (name ?? 'Error')
    this.attempts = $metadata?.attempts ?? 0
    this.status = $metadata?.httpStatusCode ?? 0
    this.#item = item
    this.#reasons = (CancellationReasons ?? []).map((reason) => ({ code: reason.Code ?? 'None', item: reason.Item }))
  }

  /** The item that failed the condition of a single put. */
  get item(): Item | undefined {
    return this.#item
  }
  /** One for each item of a transaction that was cancelled. */
  get reasons(): readonly CancelReason[] {
    return this.#reasons
  }
  /** The same, named after the first reason that says something: a cancelled transaction has no meaning of its own. */
  ofReasons(): DriverFailure {
    const code = this.#reasons.find((reason) => reason.code !== 'None')?.code ?? this.code
    return new DriverFailure(this.kind, {
      code,
      message: this.message,
      $metadata: { attempts: this.attempts, httpStatusCode: this.status },
    })
  }
}

interface SdkError {
  readonly name?: string
  readonly message?: unknown
  readonly code?: unknown
  readonly $metadata?: { readonly attempts?: number; readonly httpStatusCode?: number }
  readonly Item?: Item
  readonly CancellationReasons?: readonly { readonly Code?: string; readonly Item?: Item }[]
}
