import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findProgram } from './find-program.js'

export interface Certificate {
  /** PEM. */
  readonly key: string
  readonly certificate: string
}

/** An authority of one's own. */
export interface Authority {
  /** Its certificate, which a client trusts. PEM. */
  readonly ca: string
  /** A certificate for a host, signed by it. */
  certify(host: string): Promise<Certificate>
  /** A certificate for a host that signs itself. */
  selfSigned(host: string): Promise<Certificate>
  remove(): Promise<void>
}

/** Makes an authority with openssl; undefined: the program is not installed. */
export async function createAuthority(): Promise<Authority | undefined> {
  const openssl = findProgram('openssl')
  if (openssl === undefined) return undefined
  const folder = await mkdtemp(join(tmpdir(), 'millrace-ca-'))
  const run = (...parameters: string[]) => promisify(execFile)(openssl, parameters, { cwd: folder })
  const read = (name: string): Promise<string> => readFile(join(folder, name), 'utf8')
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const name = (host: string): string => (/^[\d.]+$/u.test(host) ? `IP:${host}` : `DNS:${host}`)
  await run('req', '-x509', ...newKey, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=Test authority')
  return {
    ca: await read('ca.pem'),
    async certify(host) {
      await run('req', ...newKey, '-keyout', 'server.key', '-out', 'server.csr', '-subj', `/CN=${host}`)
      await writeFile(join(folder, 'san.cnf'), `subjectAltName=${name(host)}\n`)
      const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'san.cnf', '-out', 'server.pem']
      await run('x509', '-req', '-in', 'server.csr', ...signed)
      return { key: await read('server.key'), certificate: await read('server.pem') }
    },
    async selfSigned(host) {
      const subject = ['-subj', `/CN=${host}`, '-addext', `subjectAltName=${name(host)}`]
      await run('req', '-x509', ...newKey, '-keyout', 'self.key', '-out', 'self.pem', ...subject)
      return { key: await read('self.key'), certificate: await read('self.pem') }
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}
