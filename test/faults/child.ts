import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** A process of ours: what it said, and how it ended. */
export interface Child {
  readonly process: ChildProcess
  readonly stdout: () => string
  readonly stderr: () => string
  /** Resolves once a line of its output holds this. */
  said(text: string): Promise<void>
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>
}

/** Runs a program beside this file, on the compiled packages (`pnpm build` makes them): 20 processes that each read TypeScript take minutes. It is killed when the test's own time is up. */
export function startChild(program: string, parameters: readonly string[], env: NodeJS.ProcessEnv = {}): Child {
  const path = fileURLToPath(new URL(program, import.meta.url))
  // Not the variables that vitest sets for itself.
  const { NODE_OPTIONS: _options, VITEST: _vitest, ...inherited } = process.env
  const child = spawn(process.execPath, [path, ...parameters], {
    env: { ...inherited, NO_COLOR: '1', ...env },
    timeout: 120_000,
    killSignal: 'SIGKILL',
  })
  let [stdout, stderr] = ['', '']
  let onOutput: (() => void)[] = []
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    for (const told of onOutput) told()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const ended = new Promise<number | NodeJS.Signals | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve(code ?? signal))
  })
  async function said(text: string): Promise<void> {
    const heard = new Promise<void>((resolve) => {
      onOutput.push(() => stdout.includes(text) && resolve())
    })
    if (stdout.includes(text)) return
    const early = ended.then((code) => {
      if (!stdout.includes(text)) throw new Error(`it ended with ${code ?? 'nothing'} before it said "${text}": ${stderr}`)
    })
    await Promise.race([heard, early])
    onOutput = []
  }
  return { process: child, stdout: () => stdout, stderr: () => stderr, said, ended }
}
