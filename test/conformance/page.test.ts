import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import { allCases, renderPage, runConformance, stableReport } from '../../packages/core/src/conformance/index.js'
import { memoryHarness } from '../../packages/core/src/memory/conformance-harness.js'
import { findChromium, openPage } from './chromium.js'

/** Two columns: all of memory's, and one without a log, which has opt-outs and reasons; a case has a reason that looks like HTML. */
async function page(): Promise<string> {
  const whole = await runConformance(memoryHarness(), { profile: 'smoke', seed: 1, cases: ['APP', 'ALL', 'PAY-13'] })
  const less = await runConformance(memoryHarness({ name: 'no log', capabilities: { readAll: false } }), {
    profile: 'smoke',
    seed: 1,
    cases: ['APP', 'ALL'],
  })
  const hostile = { ...whole.cases[0], reason: '<img src=x onerror=alert(1)> "quoted" & more' } as (typeof whole.cases)[number]
  return renderPage(allCases, [stableReport({ ...whole, cases: [hostile, ...whole.cases.slice(1)] }), stableReport(less)])
}

test('the page names nothing outside itself, and escapes what it shows', async () => {
  const text = await page()
  expect(text).not.toMatch(/<(?:img|link|iframe|script src)|@import|url\(|https?:/u)
  expect(text).toContain('&lt;img src=x onerror=alert(1)&gt; &quot;quoted&quot; &amp; more')
  expect(text).toMatch(/Content-Security-Policy" content="default-src 'none'; style-src 'sha256-[^']+'; script-src 'sha256-[^']+'/u)
  expect(text).toBe(await page())
})

describe('in headless Chromium', () => {
  test('it filters, searches, is dark at night and readable on a phone, and loads nothing', { timeout: 60_000 }, async (context) => {
    const program = findChromium()
    if (program === undefined) return context.skip('not proven: no Chromium is installed')
    const folder = await mkdtemp(join(tmpdir(), 'millrace-page-'))
    const file = join(folder, 'index.html')
    await writeFile(file, await page())
    try {
      await using browser = await openPage(program)
      await browser.open(pathToFileURL(file).href)
      const rows = () =>
        browser.evaluate<string[]>(
          "[...document.querySelectorAll('tbody tr')].filter((row) => row.offsetParent !== null).map((row) => row.querySelector('th').id)",
        )
      const set = async (id: string, value: string): Promise<readonly string[]> => {
        await browser.evaluate(
          `(() => { const control = document.getElementById('${id}'); control.value = '${value}'; control.dispatchEvent(new Event('input')) })()`,
        )
        return rows()
      }
      expect(await rows()).toEqual(allCases.map(({ id }) => id))
      expect(await browser.evaluate("document.getElementById('count').textContent")).toBe(`${allCases.length} of ${allCases.length} cases`)

      expect(await set('search', 'TIMEOUTMS bounds')).toEqual(['LIF-09'])
      expect(await set('search', 'zebra')).toEqual([])
      await set('search', '')
      expect(await set('section', 'ALL')).toEqual(allCases.flatMap(({ id, section }) => (section === 'ALL' ? [id] : [])))
      expect(await set('status', 'opted-out')).toContain('ALL-01')
      expect(await set('store', 'memory')).toEqual([])
      await set('store', '')
      await set('section', '')
      expect(await set('status', 'not-proven')).toEqual(['PAY-13'])
      await set('status', '')

      const brightness = () =>
        browser.evaluate<number>(
          'getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0)',
        )
      for (const [scheme, dark] of [
        ['light', false],
        ['dark', true],
      ] as const) {
        await browser.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] })
        expect((await brightness()) < 380, scheme).toBe(dark)
      }

      await browser.send('Emulation.setDeviceMetricsOverride', { width: 360, height: 740, deviceScaleFactor: 2, mobile: true })
      expect(await browser.evaluate('document.documentElement.scrollWidth')).toBe(360)
      expect(await browser.evaluate("parseFloat(getComputedStyle(document.querySelector('td')).fontSize)")).toBeGreaterThanOrEqual(16)
      expect(await browser.evaluate("getComputedStyle(document.querySelector('td[data-store]'), '::before').content")).toBe('"memory: "')
      expect(await browser.evaluate("[...document.querySelectorAll('img, [onerror]')].length")).toBe(0)
      expect(browser.complaints).toEqual([])
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})
