import { readFile, readdir } from 'node:fs/promises'
import type { Plain } from './plain.js'

/** One call as a real node answered it. Of an append in a batch call: its request and its answer, without the call around them. */
export interface Exchange {
  /** Service and method, after `event_store.client.`. */
  readonly method: string
  readonly requests: readonly Plain[]
  readonly responses: readonly Plain[]
  /** How the call ended; default: OK. */
  readonly trailers?: Readonly<Record<string, string>>
  /** The answer was a response of headers only. */
  readonly trailersOnly?: boolean
  /** The response broke off before gRPC had a say. */
  readonly httpStatus?: number
  /** The client left, the server would have gone on. */
  readonly cancelled?: boolean
}

/** Calls in the order they were made. A step whose first call is a subscription: the others were made while it ran. */
export interface Scenario {
  readonly name: string
  readonly about: string
  readonly steps: readonly (readonly Exchange[])[]
}

/** Who asked. The server was EventStoreDB 24.2.0 each time: one node, in memory, without security and projections. */
export const clients = ['db-client', 'kurrentdb-client'] as const
export type RecordedClient = (typeof clients)[number]

const folder = new URL('../recorded/', import.meta.url)

export async function groupsOf(client: RecordedClient): Promise<readonly string[]> {
  const files = await readdir(new URL(`${client}/`, folder))
  return files.map((file) => file.replace(/\.jsonl$/, '')).sort()
}

/** The scenarios of a group, one a line. */
export async function scenariosOf(client: RecordedClient, group: string): Promise<readonly Scenario[]> {
  const text = await readFile(new URL(`${client}/${group}.jsonl`, folder), 'utf8')
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Scenario)
}
