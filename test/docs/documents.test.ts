import { existsSync, readFileSync } from 'node:fs'
import { dynamodb } from '@millrace/dynamodb'
import { embedded } from '@millrace/embedded'
import { eventStoreDB } from '@millrace/eventstoredb'
import { memory } from '@millrace/core/memory'
import type { EventStoreAdapter } from '@millrace/core'
import { postgres } from '@millrace/postgres'
import { expect, test } from 'vitest'
import { documents } from './snippets.js'

const root = new URL('../../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8')

test('links inside the repository lead somewhere', () => {
  const broken = [...documents(root), 'CONTRIBUTING.md'].flatMap((document) =>
    [...read(document).matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/gu)]
      .map(([, target]) => target ?? '')
      .filter((target) => !existsSync(new URL(target, new URL(document, root))))
      .map((target) => `${document}: ${target}`),
  )
  expect(broken).toEqual([])
})

test('each error code has its heading in docs/errors.md', () => {
  const [, union = ''] = /export type ErrorCode =([^]*?)\n\n/u.exec(read('packages/core/src/errors.ts')) ?? []
  const codes = [...union.matchAll(/'([a-z-]+)'/gu)].map(([, code]) => code)
  const headings = [...read('docs/errors.md').matchAll(/^## ([a-z-]+)$/gmu)].map(([, heading]) => heading)
  expect(codes.length).toBeGreaterThan(10)
  expect(new Set(headings)).toEqual(new Set(codes))
})

test('the table of stores in the README is what the adapters declare', () => {
  const [, shown] = /<!-- prettier-ignore-start -->\n([^]*?)<!-- prettier-ignore-end -->/u.exec(read('README.md')) ?? []
  const servers = [postgres('postgres://127.0.0.1/none'), dynamodb('dynamodb://eu-west-1/none'), eventStoreDB('esdb://127.0.0.1')]
  expect(shown).toBe(storesTable([memory(), embedded(), ...servers]))
})

/** Declared with the option that makes the log. */
const withLog = "with `log: 'claimed'`"

function storesTable(stores: readonly EventStoreAdapter[]): string {
  const urls: Readonly<Record<string, string>> = {
    memory: '`memory:`',
    embedded: '`pglite:./data`',
    postgres: '`postgres://…`',
    dynamodb: '`dynamodb://…`',
    eventstoredb: '`esdb://…`, `kurrentdb://…`',
  }
  const sizeOf = (bytes: number): string => (bytes % 2 ** 20 === 0 ? `${bytes / 2 ** 20} MiB` : `${bytes / 1000} kB`)
  const yes = (value: boolean): string => (value ? 'yes' : 'no')
  const rows: readonly (readonly [string, (store: EventStoreAdapter) => string])[] = [
    ['URL', ({ name }) => urls[name] ?? ''],
    [
      'whole log: `readAll`, `subscribeToAll`',
      ({ name, capabilities: { readAll } }) => (name === 'dynamodb' ? withLog : yes(readAll !== false)),
    ],
    [
      '… in real-time order',
      ({ name, capabilities: { readAll } }) => (name === 'dynamodb' ? withLog : yes(readAll !== false && readAll.realTimeOrder)),
    ],
    ['subscriptions', ({ capabilities }) => capabilities.subscribe],
    ["idempotency with `'any'`", ({ capabilities }) => capabilities.idempotency.any],
    ['several streams in one append', ({ capabilities }) => yes(capabilities.multiStreamAppend)],
    [
      'delete, tombstone, truncate, metadata',
      ({ capabilities: c }) => yes(c.deleteStream && c.tombstoneStream && c.truncateStream && c.streamMetadata),
    ],
    ['list streams', ({ capabilities }) => yes(capabilities.listStreams)],
    ['binary data', ({ capabilities }) => yes(capabilities.binary)],
    ['several processes', ({ capabilities }) => yes(capabilities.sharedAcrossProcesses)],
    ['largest event', ({ capabilities }) => sizeOf(capabilities.limits.eventBytes)],
    ['largest append', ({ capabilities: { limits } }) => `${limits.appendEvents} events, ${sizeOf(limits.appendBytes)}`],
  ]
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`
  return [
    line(['', ...stores.map(({ name }) => name)]),
    line(['---', ...stores.map(() => '---')]),
    ...rows.map(([title, of]) => line([title, ...stores.map((store) => of(store))])),
  ].join('')
}
