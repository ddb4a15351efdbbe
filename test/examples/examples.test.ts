import { expect, test } from 'vitest'
import { runNode } from '../run-node.js'

test('quickstart: the main job on the embedded store', async () => {
  const { code, stdout, stderr } = await runNode('examples/quickstart/dist/main.js')
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const order = /order-[0-9a-f]{8}/u.exec(stdout)?.[0] ?? ''
  const wanted = [
    `${order} is at version 2`,
    'ConcurrencyError: ',
    'the loser read again, decided anew and succeeded at attempt 1',
    'stored at version 5; sent again: version 5',
    '4  ItemAdded    {"sku":"chair","price":80}',
    '-- caught up, waiting --',
    'shipment-1  ParcelSent',
    `${order}: version 5, total 145, paid`,
    "openEventStore('postgres://user:password@host/database')",
  ]
  let from = 0
  for (const line of wanted) {
    const at = stdout.indexOf(line, from)
    expect(at, `"${line}" comes next in:\n${stdout}`).toBeGreaterThanOrEqual(0)
    from = at + line.length
  }
})

test('custom-adapter: the suite without a test runner', async () => {
  const { code, stdout } = await runNode('examples/custom-adapter/dist/conformance.js')
  expect(stdout).toContain('"failed":0')
  expect(code).toBe(0)
})
