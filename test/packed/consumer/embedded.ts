import assert from 'node:assert/strict'
import { openEventStore } from '@millrace/core'
import { embedded } from '@millrace/embedded'

interface Noted {
  readonly type: 'Noted'
  readonly data: { readonly text: string }
}

const byName = embedded()
await byName.appendToStream<Noted>('notes', [{ type: 'Noted', data: { text: 'in memory' } }])
for await (const { version, data } of byName.readStream<Noted>('notes')) assert.deepEqual([version, data.text], [1, 'in memory'])
assert.equal((await byName.readAll<Noted>().toArray()).length, 1)
await byName.close()

const byUrl = await openEventStore('pglite:')
assert.equal(byUrl.name, 'embedded')
await byUrl.close()
console.log('embedded ran')
