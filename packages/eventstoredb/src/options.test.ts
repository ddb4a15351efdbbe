import { isConfigurationError } from '@millrace/core'
import { describe, expect, it } from 'vitest'
import type { EventStoreDBClient } from './driver.js'
import { parseOptions } from './options.js'

function messageOf(given: unknown): string {
  try {
    parseOptions(given as string)
  } catch (error) {
    if (isConfigurationError(error)) return error.message
    throw error
  }
  return 'it was taken'
}

describe('the connection string', () => {
  it.each<[string, object]>([
    ['esdb://localhost:2113?tls=false', { scheme: 'esdb', discover: false, rest: 'localhost:2113?tls=false' }],
    ['esdb://localhost/?timeoutMs=500', { rest: 'localhost', timeoutMs: 500 }],
    ['esdb+discover://cluster.example:2113', { scheme: 'esdb', discover: true, rest: 'cluster.example:2113' }],
    ['kurrentdb://a:1,b:2,c:3?gossipTimeout=2', { scheme: 'kurrentdb', discover: false, rest: 'a:1,b:2,c:3?gossipTimeout=2' }],
    ['kurrentdb+discover://h', { scheme: 'kurrentdb', discover: true }],
    // The clients cut a password at a ":".
    ['esdb://ann:s:ec%40ret@h', { rest: 'ann:s%3Aec%40ret@h' }],
    ['esdb://h?tlsVerifyCert=true&nodePreference=leader', { rest: 'h?nodePreference=leader' }],
  ])('%s', (url, expected) => {
    expect(parseOptions(url).connection).toMatchObject(expected)
  })
  it.each<[string, unknown, RegExp]>([
    ['another scheme', 'http://h', /cannot be parsed/u],
    ['no host', 'esdb://', /cannot be parsed/u],
    ['a port that is none', 'esdb://h:port', /cannot be parsed/u],
    ['a mistyped parameter', 'esdb://h?tsl=false', /no parameter "tsl".*Did you mean "tls"/u],
    ['a flag of another kind', 'esdb://h?tls=no', /"tls" must be true or false/u],
    ['certificates unverified', 'esdb://h?tlsVerifyCert=false', /always verified.*tlsCAFile/u],
    ['a follower', 'esdb://h?nodePreference=follower', /must be leader/u],
    ['keep-alive switched off', 'esdb://h?keepAliveInterval=-1', /"keepAliveInterval" must be .* above 0.*fell silent/u],
    ['keep-alive that waits for ever', 'kurrentdb://h?keepAliveTimeout=-1', /"keepAliveTimeout" must be .* above 0.*fell silent/u],
    ['keep-alive without an interval', 'esdb://h?keepAliveInterval=0', /"keepAliveInterval" must be .* above 0/u],
    ['a parameter twice', 'esdb://h?nodePreference=leader&nodePreference=follower', /"nodePreference" stands twice/u],
    ['a user without a password', 'esdb://ann@h', /user and password/u],
    ['neither', {}, /either connection or client/u],
    ['both', { connection: 'esdb://h', client: {} }, /either connection or client/u],
    ['a mistyped option', { conection: 'esdb://h' }, /no option "conection".*Did you mean "connection"/u],
  ])('%s is refused', (_what, given, message) => {
    expect(messageOf(given)).toMatch(message)
  })
  it('repeats no password', () => {
    for (const url of ['esdb://ann:hunter2@', 'esdb://ann:hunter2@h?x=1', 'esdb://ann:hunter2@h:p', 'esdb://ann:%zzhunter2@h'])
      expect(messageOf(url)).not.toContain('hunter2')
  })
})

it('a client and a function are taken as they are', () => {
  const client = { appendToStream: () => undefined } as unknown as EventStoreDBClient
  const make = () => client
  expect([parseOptions(client).client, parseOptions(make).client, parseOptions({ client }).client]).toEqual([client, make, client])
})
