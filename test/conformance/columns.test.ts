import { expect, test } from 'vitest'
import { columnOf, columnsOf, productOf } from './columns.mjs'

test('nodes of two products, or of two releases, with two clients: a column each', () => {
  const products = ['24.10.4', '24.2.0', '25.1.0-rc1', '26.0.3'].map((version) => productOf(version))
  expect(products).toEqual(['EventStoreDB 24.10', 'EventStoreDB 24.2', 'KurrentDB 25.1', 'KurrentDB 26.0'])
  const drivers = ['@eventstore/db-client', '@kurrent/kurrentdb-client'] as const
  const columns = drivers.flatMap((driver) => [undefined, ...products].map((product) => columnOf(driver, product)))
  expect(columns).toContain('eventstoredb-node-kurrentdb-26.0')
  expect(new Set(columns).size).toBe(10)
})

test('the matrix has the stores of every run, and the nodes that there are reports of', () => {
  const found = [
    'kurrentdb-node-kurrentdb-26.0',
    'memory',
    'eventstoredb-node-eventstoredb-24.10',
    'kurrentdb-node-kurrentdb-26.0',
    'other',
  ]
  expect(columnsOf(found).slice(-3)).toEqual(['kurrentdb-model', 'eventstoredb-node-eventstoredb-24.10', 'kurrentdb-node-kurrentdb-26.0'])
  expect(columnsOf([])).toContain('eventstoredb-model')
})

test('a node that does not say what it is takes nobody else’s column', () => {
  expect(columnOf('@eventstore/db-client', productOf('unknown'))).toBe('eventstoredb-node-node-of-an-unknown-version')
})
