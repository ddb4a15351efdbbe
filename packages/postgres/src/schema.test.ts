import { isConfigurationError } from '@millrace/core'
import { describe, expect, it } from 'vitest'
import { pendingSql } from './migrate.js'
import { fillNames } from './migrate.js'
import { schemaNames } from './schema.js'
import { steps } from './sql-steps.js'

function refusal(make: () => unknown): unknown {
  try {
    return make()
  } catch (error) {
    return error
  }
}

describe('names in the database', () => {
  it.each([
    ['select', '"select"."streams"'],
    ['a"b', '"a""b"."streams"'],
    ['Ünï', '"Ünï"."streams"'],
    ['with spaces', '"with spaces"."streams"'],
    ['x"; drop table ev; --', '"x""; drop table ev; --"."streams"'],
    ['back\\slash', '"back\\slash"."streams"'],
    ['$1', '"$1"."streams"'],
    ['{events}', '"{events}"."streams"'],
  ])('quotes the schema %s', (schema, streams) => {
    expect(schemaNames(schema).streams).toBe(streams)
  })
  it('quotes the prefix together with the name', () => {
    expect(schemaNames('s', 'p"').events).toBe('"s"."p""events"')
  })
  it('keeps 63 bytes, and refuses what the server would cut', () => {
    expect(schemaNames('ü'.repeat(31)).schemaText).toHaveLength(31)
    const error = refusal(() => schemaNames('ü'.repeat(32)))
    expect(isConfigurationError(error)).toBe(true)
    expect(String(error)).toContain('63 bytes')
  })
  it('counts the prefix of the longest name', () => {
    expect(isConfigurationError(refusal(() => schemaNames('s', 'p'.repeat(63 - 'append_many_v1'.length))))).toBe(false)
    expect(isConfigurationError(refusal(() => schemaNames('s', 'p'.repeat(64 - 'append_many_v1'.length))))).toBe(true)
  })
  it.each([[''], ['a\0b'], ['\uD800']])('refuses %j, which cannot be a name', (schema) => {
    expect(isConfigurationError(refusal(() => schemaNames(schema)))).toBe(true)
  })
})

describe('the statements of a migration', () => {
  it('have every name filled in', () => {
    for (const { sql } of steps)
      expect(fillNames(sql, schemaNames(), 'settled')).not.toMatch(/\{(?:streams|events|migrations|append\w*)\}/u)
  })
  it('keep a name that looks like a placeholder', () => {
    expect(fillNames('SELECT {streams}', schemaNames('{events}'), 'settled')).toBe('SELECT "{events}"."streams"')
  })
  // The bodies of the functions are dollar-quoted: a name with the same tag inside would end them, and the rest of it would run.
  it('do not let a name end the body of a function', () => {
    const sql = pendingSql(schemaNames('x$append$; SELECT $many$ $all$'), undefined, 'strict')
    const bodies = [...sql.matchAll(/AS (\$\w+\$)\n/gu)].map(([, tag]) => tag ?? '')
    expect(bodies).toHaveLength(8)
    for (const tag of new Set(bodies)) expect(sql.split(tag)).toHaveLength(1 + 2 * bodies.filter((one) => one === tag).length)
  })
})
