import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { runNode } from '../run-node.js'

const app = 'examples/swap-by-config/dist/app.js'
/** What the application prints, whatever it runs on. */
const outcome = { granted: 3, version: 4, balance: 10, logged: 4 }

async function runOn(url: string): Promise<unknown> {
  const { code, stdout, stderr } = await runNode(app, { env: { EVENT_STORE_URL: url } })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return JSON.parse(stdout)
}

describe('one application file, the store said by EVENT_STORE_URL alone', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-swap-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  test('memory', async () => {
    expect(await runOn('memory:')).toEqual({ store: 'memory', ...outcome })
  })
  test('embedded in memory', async () => {
    expect(await runOn('pglite:')).toEqual({ store: 'embedded', ...outcome })
  })
  test('embedded in a folder, twice', async () => {
    const url = `pglite:${join(folder, 'data')}`
    expect(await runOn(url)).toEqual({ store: 'embedded', ...outcome })
    expect(await runOn(url)).toEqual({ store: 'embedded', ...outcome })
  })
  test('PostgreSQL', async (context) => {
    const { url, reason } = inject('postgres')
    if (url === undefined) return context.skip(`not proven: ${reason}`)
    const separator = url.includes('?') ? '&' : '?'
    expect(await runOn(`${url}${separator}schema=millrace_swap`)).toEqual({ store: 'postgres', ...outcome })
  })
})

test('DynamoDB with its log', async (context) => {
  const { endpoint, reason } = inject('dynamodb')
  if (endpoint === undefined) return context.skip(`not proven: ${reason}`)
  const table = `swap_${Math.random().toString(36).slice(2)}`
  const url = `dynamodb://eu-west-1/${table}?log=claimed&setup=auto&endpoint=${encodeURIComponent(endpoint)}`
  expect(await runOn(url)).toEqual({ store: 'dynamodb', ...outcome })
})

test('no store said: an error that tells what to set', async () => {
  const { code, stderr } = await runNode(app)
  expect(code).toBe(1)
  expect(stderr).toContain('EVENT_STORE_URL')
})
test('a store that is not known: an error that names the known ones', async () => {
  const { code, stderr } = await runNode(app, { env: { EVENT_STORE_URL: 'postgras://127.0.0.1/x' } })
  expect(code).toBe(1)
  expect(stderr).toContain('ConfigurationError')
  expect(stderr).toContain('postgres')
})
