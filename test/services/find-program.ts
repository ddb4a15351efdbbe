import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Path of an installed program, also where only root's PATH leads; undefined: it is not there. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path))
}
