import { execFile } from 'node:child_process'
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** How often this machine's disk makes a page durable, per second. */
export async function fsyncRate() {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-fsync-'))
  const file = openSync(join(folder, 'pages'), 'w')
  const page = Buffer.alloc(8192, 1)
  const startedAt = performance.now()
  let count = 0
  for (; performance.now() - startedAt < 500; count += 1) {
    writeSync(file, page)
    fdatasyncSync(file)
  }
  closeSync(file)
  rmSync(folder, { recursive: true })
  return Math.round((count / (performance.now() - startedAt)) * 1000)
}

/**
 * pgbench with a plain, prepared INSERT of one event on 32 connections. The table is there.
 *
 * @returns what runs it for some milliseconds (whole seconds, at least one) and gives its rate; undefined: there is no pgbench.
 */
export async function pgbenchInserts(url, { type, data }) {
  try {
    await run('pgbench', ['--version'])
  } catch {
    return undefined
  }
  const { hostname, port, username, password, pathname } = new URL(url)
  const folder = mkdtempSync(join(tmpdir(), 'millrace-pgbench-'))
  const script = join(folder, 'insert.sql')
  let round = 0
  return async (ms) => {
    round += 1
    const values = [
      ':n',
      'gen_random_uuid()',
      `'pgbench-${process.pid}-${round}-' || :client_id::text`,
      `'${type}'`,
      `'${JSON.stringify(data, undefined, 1)}'`,
    ]
    writeFileSync(
      script,
      `\\set n :n + 1\nINSERT INTO raw_events (version, id, stream_id, event_type, event_data) VALUES (${values.join(', ')}) RETURNING position;\n`,
    )
    const seconds = Math.max(1, Math.round(ms / 1000))
    const { stdout } = await run(
      'pgbench',
      [
        '-n',
        '-M',
        'prepared',
        '-c',
        '32',
        '-j',
        '2',
        '-T',
        `${seconds}`,
        '-D',
        'n=0',
        '-f',
        script,
        '-h',
        hostname,
        '-p',
        port,
        '-U',
        username,
        pathname.slice(1),
      ],
      { env: { ...process.env, PGPASSWORD: decodeURIComponent(password) } },
    )
    return Number(/tps = ([\d.]+)/u.exec(stdout)?.[1])
  }
}
