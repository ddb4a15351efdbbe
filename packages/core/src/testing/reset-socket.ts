import type { Socket } from 'node:net'

/**
 * Resets a connection, at once.
 *
 * One that is being shut down at this moment is closed without a reset: there Node.js (20 to 24) fails with `reset EINVAL`, lets go of the
 * socket without closing it, and says no 'close'; whoever is at the other end, or waits for that word, would wait for ever.
 */
export function resetSocket(socket: Socket): void {
  if (socket.writableEnded && !socket.writableFinished) socket.destroy()
  else socket.resetAndDestroy()
}
