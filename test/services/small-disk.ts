import { execFile } from 'node:child_process'
import { chown, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { serverUser } from './server-user.js'

const run = promisify(execFile)

/** A folder on a disk of its own, which is soon full. */
export type SmallDisk =
  | { readonly status: 'mounted'; readonly folder: string; resize(mebibytes: number): Promise<void>; remove(): Promise<void> }
  | { readonly status: 'not proven'; readonly reason: string }

/** Mounts a tmpfs that the server's user owns, which takes root and the right to mount. */
export async function mountSmallDisk(mebibytes: number): Promise<SmallDisk> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-disk-'))
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', folder])
  } catch {
    await rm(folder, { recursive: true, force: true })
    return { status: 'not proven', reason: 'no tmpfs can be mounted here: it takes Linux, root and the right to mount' }
  }
  const { uid, gid } = await serverUser()
  if (uid !== undefined && gid !== undefined) await chown(folder, uid, gid)
  return {
    status: 'mounted',
    folder,
    resize: async (size) => void (await run('mount', ['-o', `remount,size=${size}m`, folder])),
    async remove() {
      await run('umount', ['-l', folder])
      await rm(folder, { recursive: true, force: true })
    },
  }
}
