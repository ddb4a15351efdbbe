import { fork } from 'node:child_process'

/**
 * Appends from several processes at the same time.
 *
 * @returns appends per second of all of them, and id and time of each acknowledgement.
 */
export async function writers({ processes, ...order }) {
  const children = Array.from({ length: processes }, () => fork(new URL('./postgres-writer.child.mjs', import.meta.url)))
  const said = (child, kind) =>
    new Promise((resolve, reject) => {
      child.on('message', (message) => message.kind === kind && resolve(message))
      child.once('exit', (code) => reject(new Error(`a writer ended with ${code}`)))
    })
  await Promise.all(
    children.map(async (child) => {
      const ready = said(child, 'ready')
      child.send(order)
      await ready
    }),
  )
  const results = await Promise.all(
    children.map(async (child) => {
      const done = said(child, 'done')
      child.send('go')
      return done
    }),
  )
  for (const child of children) if (child.connected) child.disconnect()
  return { rate: results.reduce((sum, { rate }) => sum + rate, 0), acknowledged: results.flatMap(({ acknowledged }) => acknowledged) }
}
