import { spawn } from 'node:child_process'

/**
 * Should this process die without a word, a shell notices, ends the server whose id the file in the folder names, and removes the
 * folder. @returns what ends the watch.
 */
export function watchServer(folder: string, pidFile: string): () => void {
  const script = `while kill -0 ${process.pid} 2>/dev/null; do sleep 1; done
    kill -QUIT "$(head -n 1 "$0/${pidFile}")"; sleep 2; rm -rf "$0"`
  const shell = spawn('sh', ['-c', script, folder], { detached: true, stdio: 'ignore' })
  shell.unref()
  return () => void shell.kill()
}
