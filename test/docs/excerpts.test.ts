import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'

const root = new URL('../../', import.meta.url)
const guide = readFileSync(new URL('docs/write-an-adapter.md', root), 'utf8')
const squeeze = (text: string): string => text.replaceAll(/\s+/gu, ' ').trim()

/** What the guide quotes of the example has to stand there. */
describe('an excerpt in the guide is in the example', () => {
  const excerpts = [...guide.matchAll(/^```typescript (\S+)\n([^]*?)^```$/gmu)].map(([, file = '', code = '']) => ({ file, code }))
  test('there are some', () => {
    expect(excerpts.length).toBeGreaterThanOrEqual(4)
  })
  test.each(excerpts)('$file: $code', ({ file, code }) => {
    const source = readFileSync(new URL(`examples/custom-adapter/src/${file}`, root), 'utf8')
    expect(squeeze(source)).toContain(squeeze(code))
  })
})
