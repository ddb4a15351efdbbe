import { inspect } from 'node:util'
import { ConfigurationError } from '@millrace/core'
import { describe, expect, it } from 'vitest'
import { type PostgresOptions, parseOptions } from './options.js'
import { postgres } from './postgres.js'

function refusal(options: unknown): ConfigurationError {
  try {
    postgres(options as PostgresOptions)
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError)
    return error as ConfigurationError
  }
  throw new Error('nothing was refused')
}

describe('parameters of a URL', () => {
  it.each([
    ['shema', 'schema'],
    ['Schema', 'schema'],
    ['table_prefix', 'tablePrefix'],
    ['sslMode', 'sslmode'],
    ['timeoutMS', 'timeoutMs'],
    ['preparedStatement', 'preparedStatements'],
    ['set-up', 'setup'],
  ])('%s is refused, and %s is meant', (given, meant) => {
    const error = refusal(`postgres://app@localhost/shop?${given}=x`)
    expect(error.message).toContain(`no parameter "${given}"`)
    expect(error.hint).toBe(`Did you mean "${meant}"?`)
  })
  it('names all of them where none is near', () => {
    expect(refusal('postgres://app@localhost/shop?xylophone=1').hint).toContain('schema, tablePrefix')
  })
  it('become options, and leave the URL', () => {
    const parsed = parseOptions('postgres://app@localhost/shop?schema=a%20b&preparedStatements=false&timeoutMs=70&application_name=me')
    expect(parsed).toMatchObject({ schema: 'a b', preparedStatements: false, timeoutMs: 70 })
    expect(parsed.connection).toBe('postgres://app@localhost/shop?application_name=me')
  })
  it.each(['preparedStatements=maybe', 'timeoutMs=soon', 'setup=never', 'tls=perhaps'])('%s is refused', (parameter) => {
    expect(refusal(`postgres://app@localhost/shop?${parameter}`).message).toContain(parameter.slice(0, parameter.indexOf('=')))
  })
})

describe('options', () => {
  it('an unknown one is refused, with the one that is meant', () => {
    expect(refusal({ conection: 'postgres://localhost/shop' }).hint).toBe('Did you mean "connection"?')
  })
  it('connection and pool exclude each other', () => {
    expect(refusal({ connection: 'postgres://localhost/shop', pool: {} }).message).toContain('not both')
  })
  it.each([[null], [7]])('%j is refused', (given) => {
    expect(refusal(given).message).toContain('takes a URL or an object')
  })
  it.each([{ connectMs: 0 }, { lockMs: -1 }, { statementMs: Number.NaN }, { settleMs: '5' as unknown as number }])(
    'timeouts %j are refused',
    (timeouts) => {
      expect(refusal({ timeouts }).message).toContain('milliseconds')
    },
  )
})

describe('a password', () => {
  const secret = 'correct-horse-battery'
  const url = `postgres://app:${secret}@localhost/shop`
  it.each([
    ['an unknown parameter', `${url}?shema=x`],
    ['a value of the wrong kind', `${url}?timeoutMs=soon`],
    ['a wrong choice', { connection: url, setup: 'never' }],
    ['a schema too long', { connection: url, schema: 'x'.repeat(64) }],
    ['two sources', { connection: url, pool: {} }],
  ])('does not show in the error of %s', (_what, options) => {
    const error = refusal(options)
    expect(`${error.message}\n${error.stack}\n${JSON.stringify(error)}\n${inspect(error, { depth: 9, showHidden: true })}`).not.toContain(
      secret,
    )
  })
  it('does not show in the adapter', () => {
    for (const adapter of [postgres(url), postgres({ connection: { password: secret } })])
      expect(`${inspect(adapter, { depth: 9, showHidden: true })} ${JSON.stringify(adapter)}`).not.toContain(secret)
  })
})

describe('a pooler', () => {
  it('in transaction mode has no named statements, unless they are asked for', () => {
    expect(parseOptions({}).preparedStatements).toBe(true)
    expect(parseOptions({ pooler: 'transaction' }).preparedStatements).toBe(false)
    expect(parseOptions({ pooler: 'transaction', preparedStatements: true }).preparedStatements).toBe(true)
    expect(parseOptions('postgres://localhost/shop?pooler=transaction')).toMatchObject({ pooler: 'transaction', preparedStatements: false })
  })
  it('in transaction mode gives no session to listen on', () => {
    expect(refusal({ pooler: 'transaction', wake: 'notify' }).message).toContain("wake: 'notify'")
  })
})

it.each([
  ['order', { order: 'any' }],
  ['pooler', { pooler: 'session' }],
  ['wake', { wake: 'trigger' }],
])('an unknown %s is refused', (name, options) => {
  expect(refusal(options).message).toContain(name)
})
