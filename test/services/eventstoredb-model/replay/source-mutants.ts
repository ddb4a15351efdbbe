import { readFile } from 'node:fs/promises'
import type { Edit } from './build.js'
import type { RecordedClient } from './recordings.js'

/** An edit of the model where it decides something outside `rules.ts`, and a recording that is answered otherwise then. */
interface SourceMutant extends Edit {
  /** Group and name of the scenario. */
  readonly fails: string
  /** Whose recording. */
  readonly of: RecordedClient
}

/**
 * One a line, file by file: words and codes of answers, conditions, bounds. They were found by making small edits (another literal, operator or
 * branch, a statement less, within a line) and looking which recordings notice; not all of read calls, subscriptions and messages were tried, and none
 * of what only carries calls. Edits that none notices change nothing that can be seen under the server's rules, or are of what `unrecorded.ts` lists.
 */
export const sourceMutants: readonly SourceMutant[] = (await readFile(new URL('source-mutants.jsonl', import.meta.url), 'utf8'))
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as SourceMutant)
