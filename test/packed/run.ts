import { execFile } from 'node:child_process'

export interface Run {
  readonly code: number
  readonly output: string
}

/** Runs a program to its end, without what the package manager and vitest put into the environment of their own. */
export function run(file: string, parameters: readonly string[], cwd: string): Promise<Run> {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(npm_|pnpm_|vitest|node_options$|event_store_url$)/i.test(name)),
  )
  return new Promise((resolve, reject) => {
    // The pack is of what was built; it must not begin to install in the middle of the tests.
    const options = {
      cwd,
      env: { ...env, NO_COLOR: '1', npm_config_verify_deps_before_run: 'false' },
      timeout: 200_000,
      maxBuffer: 2 ** 26,
    }
    execFile(file, parameters, options, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== 'number') reject(error)
      else resolve({ code: typeof error?.code === 'number' ? error.code : 0, output: `${stdout}${stderr}` })
    })
  })
}

/** As {@link run}; a program that fails is an error that shows what it wrote. */
export async function succeed(file: string, parameters: readonly string[], cwd: string): Promise<string> {
  const { code, output } = await run(file, parameters, cwd)
  if (code !== 0) throw new Error(`${[file, ...parameters].join(' ')} ended with ${code}\n${output}`)
  return output
}
