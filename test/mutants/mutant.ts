/** A replacement in one source file of core. `find` has to stand there exactly once, so that a mutant cannot go stale unnoticed. */
export interface Edit {
  /** Path below packages/core/src. */
  readonly file: string
  readonly find: string
  readonly replace: string
}

/** A bug planted in core, and the case that has to find it. */
export interface Mutant {
  /** Id of the design page (`M01`), or a name where it has none. */
  readonly id: string
  /** The bug, in words. */
  readonly bug: string
  readonly caseId: string
  /** Beginning of the message of the assertion that has to fail. */
  readonly message: string
  readonly edits: readonly Edit[]
}

/** The backend's one-line append, which many mutants replace. */
export const appendLine = 'append: (request, call) => connections.use(call.signal, () => append(store, capabilities, request)),'

/** A mutant of one edit. */
export function plant(id: string, caseId: string, bug: string, message: string, file: string, find: string, replace: string): Mutant {
  return { id, bug, caseId, message, edits: [{ file, find, replace }] }
}
