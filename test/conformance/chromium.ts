import { execFileSync, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'

/** The installed program, or undefined. */
export function findChromium(): string | undefined {
  const named = process.env.CHROMIUM
  if (named !== undefined && named !== '') return named
  for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
    try {
      return execFileSync('which', [name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
    } catch {
      // Not there: try the next.
    }
  }
  return undefined
}

/** One page of a headless browser, spoken to in its DevTools protocol over a pipe. */
export interface Page extends AsyncDisposable {
  send(method: string, params?: object): Promise<unknown>
  /** Value of an expression in the page. */
  evaluate<T>(expression: string): Promise<T>
  open(url: string): Promise<void>
  /** What the page complained of, or wanted from elsewhere, so far. */
  readonly complaints: readonly string[]
}

interface Message {
  readonly id?: number
  readonly method?: string
  readonly params?: {
    readonly request?: { readonly url: string }
    readonly entry?: { readonly text: string }
    readonly exceptionDetails?: unknown
  }
  readonly result?: Readonly<Record<string, unknown>>
  readonly error?: { readonly message: string }
}

export async function openPage(program: string): Promise<Page> {
  const profile = await mkdtemp(join(tmpdir(), 'millrace-chromium-'))
  const flags = [
    '--headless=new',
    '--no-sandbox',
    '--disable-gpu',
    '--no-first-run',
    '--remote-debugging-pipe',
    `--user-data-dir=${profile}`,
  ]
  const browser = spawn(program, [...flags, 'about:blank'], { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] })
  const exited = new Promise<void>((resolve) => browser.once('exit', () => resolve()))
  const [input, output] = [browser.stdio[3] as Writable, browser.stdio[4] as Readable]
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
  const complaints: string[] = []
  const loaded = new Set<() => void>()
  let [last, buffered] = [0, '']
  let session: string | undefined

  output.setEncoding('utf8').on('data', (chunk: string) => {
    const messages = (buffered + chunk).split('\0')
    buffered = messages.pop() ?? ''
    for (const text of messages) receive(JSON.parse(text) as Message)
  })
  function receive({ id, method, params, result, error }: Message): void {
    const asked = id === undefined ? undefined : waiting.get(id)
    if (asked !== undefined) {
      waiting.delete(id ?? 0)
      if (error === undefined) asked.resolve(result)
      else asked.reject(new Error(error.message))
    }
    if (method === 'Network.requestWillBeSent' && params?.request?.url.startsWith('file:') !== true)
      complaints.push(`asked for ${params?.request?.url ?? ''}`)
    if (method === 'Log.entryAdded') complaints.push(params?.entry?.text ?? 'said something')
    if (method === 'Runtime.exceptionThrown') complaints.push(JSON.stringify(params?.exceptionDetails))
    if (method === 'Page.loadEventFired') for (const done of loaded) done()
  }
  function send(method: string, params: object = {}): Promise<unknown> {
    last += 1
    input.write(`${JSON.stringify({ id: last, method, params, ...(session === undefined ? {} : { sessionId: session }) })}\0`)
    return new Promise((resolve, reject) => waiting.set(last, { resolve, reject }))
  }

  const { targetId } = (await send('Target.createTarget', { url: 'about:blank' })) as { targetId: string }
  session = ((await send('Target.attachToTarget', { targetId, flatten: true })) as { sessionId: string }).sessionId
  for (const domain of ['Page', 'Network', 'Log', 'Runtime']) await send(`${domain}.enable`)

  return {
    complaints,
    send,
    async evaluate<T>(expression: string) {
      const { result } = (await send('Runtime.evaluate', { expression, returnByValue: true })) as { result: { value: T } }
      return result.value
    },
    async open(url) {
      const load = new Promise<void>((resolve) => loaded.add(resolve))
      await send('Page.navigate', { url })
      await load
      loaded.clear()
    },
    async [Symbol.asyncDispose]() {
      browser.kill('SIGKILL')
      await exited
      await rm(profile, { recursive: true, force: true })
    },
  }
}
