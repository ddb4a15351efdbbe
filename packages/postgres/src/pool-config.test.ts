import { isConfigurationError } from '@millrace/core'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type PostgresOptions, parseOptions } from './options.js'
import { poolConfig } from './pool-config.js'

const configOf = (options: PostgresOptions | string) => poolConfig(parseOptions(options))
const verified = { rejectUnauthorized: true }

afterEach(() => vi.unstubAllEnvs())

describe('TLS of our own pool', () => {
  it.each([
    ['postgres://app@db.example/shop', verified],
    ['postgres://app@10.0.0.7/shop', verified],
    ['postgres://app@127.example.com/shop', verified],
    ['postgres://app@localhost/shop', false],
    ['postgres://app@127.0.0.1:5433/shop', false],
    ['postgres://app@[::1]/shop', false],
    ['postgres:///shop?host=/var/run/postgresql', false],
    ['postgres://app@localhost/shop?host=db.example', verified],
    ['postgres://app@db.example/shop?sslmode=disable', false],
    ['postgres://app@db.example/shop?sslmode=no-verify', { rejectUnauthorized: false }],
    ['postgres://app@db.example/shop?sslmode=prefer', verified],
    ['postgres://app@db.example/shop?sslmode=require', verified],
    ['postgres://app@localhost/shop?sslmode=verify-ca', verified],
    ['postgres://app@localhost/shop?sslmode=verify-full', verified],
    ['postgres://app@db.example/shop?tls=off', false],
    ['postgres://app@db.example/shop?tls=unverified', { rejectUnauthorized: false }],
    ['postgres://app@localhost/shop?tls=verify', verified],
  ])('%s: %j', (url, ssl) => {
    expect(configOf(url).ssl).toEqual(ssl)
  })
  it('trusts one authority only when that is given', () => {
    expect(configOf({ connection: 'postgres://db.example/shop', tls: { ca: 'PEM' } }).ssl).toEqual({ ...verified, ca: 'PEM' })
  })
  it('goes by the host of pool options and of the environment', () => {
    expect(configOf({ connection: { host: 'db.example' } }).ssl).toEqual(verified)
    expect(configOf({ connection: { host: '/tmp' } }).ssl).toBe(false)
    expect(configOf({}).ssl).toBe(false)
    vi.stubEnv('PGHOST', 'db.example')
    expect(configOf({}).ssl).toEqual(verified)
  })
  it('leaves a caller’s own ssl option alone, unless tls says otherwise', () => {
    expect(configOf({ connection: { host: 'db.example', ssl: { ca: 'PEM' } } }).ssl).toEqual({ ca: 'PEM' })
    expect(configOf({ connection: { host: 'db.example', ssl: { ca: 'PEM' } }, tls: 'verify' }).ssl).toEqual(verified)
  })
  it('does not hand its own words to the driver, which weakens some of them', () => {
    expect(configOf('postgres://app@db.example/shop?sslmode=require').connectionString).toBe('postgres://app@db.example/shop')
  })
  it.each(['allow', 'verify_full', ''])('refuses sslmode=%s', (mode) => {
    expect(() => configOf(`postgres://app@db.example/shop?sslmode=${mode}`)).toThrow(/sslmode must be/u)
  })
})

describe('time and size of our own pool', () => {
  it('never waits for ever', () => {
    expect(configOf({})).toMatchObject({ max: 10, keepAlive: true, connectionTimeoutMillis: 5000, statement_timeout: 30_000 })
    expect(configOf({ timeouts: { connectMs: 70, statementMs: 80 } })).toMatchObject({ connectionTimeoutMillis: 70, statement_timeout: 80 })
  })
  it('bounds statements and locks on the server, except behind a pooler, which refuses what it does not know', () => {
    expect(configOf({ timeouts: { lockMs: 90 } })).toMatchObject({ statement_timeout: 30_000, lock_timeout: 90 })
    const pooled = Object.keys(configOf({ pooler: 'transaction' }))
    expect(pooled.filter((name) => name.endsWith('_timeout'))).toEqual([])
  })
  it('takes the size of pool options', () => {
    expect(configOf({ connection: { max: 3 } }).max).toBe(3)
  })
  it('takes the size of a URL as a number, since the pool compares with it', () => {
    expect(configOf('postgres://app@localhost/shop?max=3').max).toBe(3)
  })
  it.each(['many', '0', '-1', '1.5', ''])('refuses max=%s', (max) => {
    expect(() => configOf(`postgres://app@localhost/shop?max=${max}`)).toThrow(/max must be/u)
  })
})

describe('a URL that cannot be right', () => {
  const secret = 'correct-horse-battery'
  it.each([
    ['no URL at all', `app:${secret}`],
    ['a password with a slash', `postgres://app:${secret}/x@db.example/shop`],
    ['a password with a hash', `postgres://app:${secret}#x@db.example/shop`],
    ['a password with a percent sign', `postgres://app:${secret}%zz@db.example/shop`],
    ['a port that is none', `postgres://app:${secret}@db.example:port/shop`],
    ['another database', `mysql://app:${secret}@db.example/shop`],
    ['no scheme', `db.example:5432/shop?password=${secret}`],
    ['a host with a percent sign', `postgres://app:${secret}@db%zz/shop`],
  ])('%s: a configuration error without the password', (_what, url) => {
    for (const make of [
      () => parseOptions(url),
      () => parseOptions({ connection: url }),
      () => configOf({ connection: { connectionString: url } }),
    ]) {
      let error: unknown
      try {
        make()
      } catch (caught) {
        error = caught
      }
      expect(isConfigurationError(error)).toBe(true)
      const { message, stack } = error as Error
      expect(`${message} ${stack} ${JSON.stringify(error)}`).not.toContain(secret)
    }
  })
})
