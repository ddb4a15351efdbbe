import type { ErrorClass } from './backend.js'
import { errorClasses } from './error-classes.js'

/**
 * Errors of Node.js for a connection that could not be made, by their code. Of one that had been used they leave the outcome open.
 * For adapter authors.
 *
 * @param words `peer`: what is connected to; `place`: where it should run; `check` and `trust`: what to do about a wrong host, and about a
 * certificate that nobody known has signed.
 */
export function connectionErrors(words: {
  readonly peer: string
  readonly place: string
  readonly check: string
  readonly trust: string
}): Readonly<Record<string, ErrorClass>> {
  const { peer, place, check, trust } = words
  const { unavailable, configuration } = errorClasses
  const untrusted = configuration(`the certificate of ${peer} is not trusted.`, trust)
  return {
    ECONNREFUSED: unavailable(`${peer} refused the connection.`, `Is it running at ${place}?`),
    ENOTFOUND: unavailable(`the host of ${peer} is unknown.`, check),
    EAI_AGAIN: unavailable(`the host of ${peer} could not be looked up.`),
    ETIMEDOUT: unavailable(`${peer} did not answer in time.`),
    EHOSTUNREACH: unavailable(`the host of ${peer} cannot be reached.`),
    ENETUNREACH: unavailable(`the network of ${peer} cannot be reached.`),
    ECONNRESET: unavailable('the connection was reset.'),
    EPIPE: unavailable('the connection was closed.'),
    SELF_SIGNED_CERT_IN_CHAIN: untrusted,
    UNABLE_TO_GET_ISSUER_CERT: untrusted,
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
    DEPTH_ZERO_SELF_SIGNED_CERT: configuration(`the certificate of ${peer} signs itself.`, trust),
    ERR_TLS_CERT_ALTNAME_INVALID: configuration(`the certificate of ${peer} is for another host.`, check),
    CERT_HAS_EXPIRED: configuration(`the certificate of ${peer} has expired.`, 'Renew it.'),
  }
}
