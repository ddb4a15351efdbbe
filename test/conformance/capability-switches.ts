import type { MemoryCapabilities } from '../../packages/core/src/memory/index.js'

/** Every capability that memory can do without: each alone, in pairs and all together the suite is proved on. */
export const switches: readonly MemoryCapabilities[] = [
  { readAll: false },
  { deleteStream: false },
  { tombstoneStream: false },
  { truncateStream: false },
  { streamMetadata: false },
  { listStreams: false },
  { multiStreamAppend: false },
  { binary: false },
  { idempotencyAny: 'none' },
]

/** Memory keeps nothing from one release to the next. */
export const unprovable: readonly string[] = ['PAY-13']

/** Cases that wait for deadlines or a child process: no capability has a say in them. */
export const slow: readonly string[] = ['ISO-02', 'ATM-03', 'ERR-01', 'ERR-05', 'LIF-02', 'LIF-04', 'LIF-05', 'LIF-09']
