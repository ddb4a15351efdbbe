import { spawn } from 'node:child_process'
import type { CaseContext } from './case.js'

export interface ChildResult {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
  /** Milliseconds between the child's line `closed` and its end; undefined where it said none. */
  readonly afterClosedMs: number | undefined
}

/**
 * Runs a program in a second Node.js process, on the harness' own module. The program is the body of an async function that gets
 * `adapter`, `instance` and `args`; it is text since the suite itself may be running from sources that Node.js cannot read.
 *
 * Needs the hook `module`. The child is killed when the case is over.
 */
export function runChild(t: CaseContext, namespace: string, program: string, args: unknown = {}): Promise<ChildResult> {
  const context = { namespace, seed: t.seed, profile: t.profile }
  const code = `
    const { harness } = await import(${JSON.stringify(t.harness.module?.href)})
    const instance = await harness.createAdapter({ ...${JSON.stringify(context)}, signal: new AbortController().signal })
    const { adapter } = instance
    const args = ${JSON.stringify(args)}
    await (async () => { ${program} })()`
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--input-type=module', '--eval', code], { stdio: ['ignore', 'pipe', 'pipe'], signal: t.signal })
    let [stdout, stderr] = ['', '']
    let closedAt: number | undefined
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
      if (closedAt === undefined && /^closed$/mu.test(stdout)) closedAt = performance.now()
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    child.on('error', reject)
    child.on('close', (exitCode) =>
      resolve({ exitCode, stdout, stderr, afterClosedMs: closedAt === undefined ? undefined : performance.now() - closedAt }),
    )
  })
}
