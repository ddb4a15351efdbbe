import { randomUUID } from 'node:crypto'
import { link, readFile, rename, unlink, writeFile } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { ConfigurationError } from '@millrace/core'

/** Who holds a folder. The token is new each time, so that one holder is never taken for another. */
interface Holder {
  readonly token: string
  readonly pid: number
  /** When that process started, where the system tells: a number may come back with another process behind it. */
  readonly started: string | undefined
  readonly host: string
}

export interface FolderLock {
  release(): Promise<void>
}

/**
 * Takes a folder for this process. PGlite does not guard it, and two processes on one folder corrupt it.
 *
 * The lock is a file beside the folder, made at once with its content. A live holder is refused with its pid; a dead one is replaced,
 * by one process only: replacing needs a lock of its own, whose name holds the dead holder's token.
 *
 * Errors: `configuration`, naming the holder.
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const path = `${folder}.lock`
  const own: Holder = { token: randomUUID(), pid: process.pid, started: startOf(process.pid), host: hostname() }
  await claim(path, own, folder)
  return {
    async release() {
      if ((await readHolder(path))?.token === own.token) await unlink(path)
    },
  }
}

async function claim(path: string, own: Holder, folder: string): Promise<void> {
  for (;;) {
    const temporary = `${path}.${randomUUID()}`
    await writeFile(temporary, JSON.stringify(own))
    try {
      // Fails where the name is taken, and shows the file only with its content.
      await link(temporary, path)
      return
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'EEXIST') throw error
    } finally {
      await unlink(temporary)
    }
    const holder = await readHolder(path)
    if (holder === undefined) continue
    if (isAlive(holder)) throw inUse(folder, path, holder)
    if (await replace(path, holder, own, folder)) return
  }
}

/** Puts ourselves in a dead holder's place, if it is still that one. */
async function replace(path: string, dead: Holder, own: Holder, folder: string): Promise<boolean> {
  const right = `${path}.${dead.token}`
  await claim(right, own, folder)
  try {
    if ((await readHolder(path))?.token !== dead.token) return false
    const temporary = `${path}.${randomUUID()}`
    await writeFile(temporary, JSON.stringify(own))
    await rename(temporary, path)
    return true
  } finally {
    await unlink(right)
  }
}

async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Holder
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return undefined
    throw new ConfigurationError(`the lock file ${path} cannot be read.`, {
      adapter: 'embedded',
      hint: 'Remove it if no process uses the folder.',
      cause: error,
    })
  }
}

function isAlive({ pid, started, host }: Holder): boolean {
  // Of another machine (a shared disk, a container) nothing can be known.
  if (host !== hostname()) return true
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ESRCH') return false
  }
  const now = startOf(pid)
  return started === undefined || now === undefined || now === started
}

function inUse(folder: string, path: string, { pid, host }: Holder): ConfigurationError {
  const where = host === hostname() ? (pid === process.pid ? ' (this process)' : '') : ` on host ${host}`
  return new ConfigurationError(`the folder ${folder} is in use by the process with pid ${pid}${where}.`, {
    adapter: 'embedded',
    hint:
      host === hostname() ? 'Close that one first, or use another folder.' : `If nothing on that host uses it any more, remove ${path}.`,
  })
}

/** Start of a process in clock ticks since boot: field 22 of its `stat`, where there is a /proc. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field is the program's name in brackets and may hold anything. State Z: it is dead, only not yet waited for.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? 'dead' : fields[19]
  } catch {
    return undefined
  }
}
