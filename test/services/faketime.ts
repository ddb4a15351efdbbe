import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Variables that give a process a clock of its own; undefined: libfaketime is not installed (Debian package `libfaketime`). */
export function clockEnv(clock: { readonly offset: string } | { readonly file: string }): NodeJS.ProcessEnv | undefined {
  const library = findLibrary()
  if (library === undefined) return undefined
  // The monotonic clock stays: timers are no calendar.
  const fixed = { LD_PRELOAD: library, DONT_FAKE_MONOTONIC: '1' }
  return 'offset' in clock
    ? { ...fixed, FAKETIME: clock.offset }
    : { ...fixed, FAKETIME_TIMESTAMP_FILE: clock.file, FAKETIME_NO_CACHE: '1' }
}

function findLibrary(): string | undefined {
  const name = 'faketime/libfaketimeMT.so.1'
  const folders = ['/usr/lib', '/usr/local/lib', '/usr/lib64']
  const nested = existsSync('/usr/lib') ? readdirSync('/usr/lib').map((folder) => join('/usr/lib', folder)) : []
  return [...folders, ...nested].map((folder) => join(folder, name)).find((path) => existsSync(path))
}
