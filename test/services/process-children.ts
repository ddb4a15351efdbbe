import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

/** Ids of the processes that one has started and that live. */
export async function childrenOf(pid: number): Promise<number[]> {
  try {
    return numbers(await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8'))
  } catch {
    // No /proc: ps knows.
    const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid='])
    return stdout
      .split('\n')
      .map((line) => line.trim().split(/\s+/u).map(Number))
      .flatMap(([child, parent]) => (parent === pid && child !== undefined ? [child] : []))
  }
}

const numbers = (text: string): number[] => text.split(/\s+/u).filter(Boolean).map(Number)
