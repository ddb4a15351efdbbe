import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a compiled file of this repository (`pnpm build` makes them) as a user would: `node <file>`. */
export function runNode(
  file: string,
  { env = {}, parameters = [] }: { readonly env?: NodeJS.ProcessEnv; readonly parameters?: readonly string[] } = {},
): Promise<Ended> {
  const path = fileURLToPath(new URL(`../${file}`, import.meta.url))
  // Not the variables that vitest sets for itself.
  const { NODE_OPTIONS: _options, VITEST: _vitest, EVENT_STORE_URL: _url, ...inherited } = process.env
  const child = spawn(process.execPath, [path, ...parameters], {
    env: { ...inherited, NO_COLOR: '1', ...env },
    timeout: 100_000,
    killSignal: 'SIGKILL',
  })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })
}
