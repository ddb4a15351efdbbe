import { type ErrorClass, connectionErrors, errorClasses } from '@millrace/core'
import { DriverFailure } from './driver-failure.js'

const { configuration, lost, unavailable } = errorClasses
const denied = (message: string, hint = 'Check the credentials and the policy of the role.'): ErrorClass =>
  errorClasses.denied(message, hint)
const defect = (message: string): ErrorClass => errorClasses.notApplied('backend', message, 'Please report it.')

/**
 * What an error means, by the name of the exception, the code of a cancelled transaction or that of Node.js. `unknown` is what may come
 * after the change was applied. Source: dynamodb.md §4, reliability.md §1.
 */
export const byErrorName: Readonly<Record<string, ErrorClass>> = {
  ProvisionedThroughputExceededException: unavailable('the table is throttled.'),
  ProvisionedThroughputExceeded: unavailable('the table is throttled.'),
  ThrottlingException: unavailable('the requests are throttled.'),
  ThrottlingError: unavailable('the requests are throttled.'),
  Throttling: unavailable('the requests are throttled.'),
  RequestLimitExceeded: unavailable('the requests of the account are throttled.'),
  LimitExceededException: unavailable('too many tables are being changed.'),
  ResourceInUseException: unavailable('the table is being changed.'),
  TransactionConflict: unavailable('another transaction holds an item of this one.'),
  TransactionConflictException: unavailable('a transaction holds the item.'),
  ReplicatedWriteConflictException: unavailable('another Region writes the same item.'),
  // Of our own token: the request before this one is still at work.
  TransactionInProgressException: lost('the transaction is still under way.'),
  InternalServerError: lost('the service met an internal error.'),
  InternalServerErrorException: lost('the service met an internal error.'),
  InternalFailure: lost('the service met an internal error.'),
  ServiceUnavailable: lost('the service is unavailable.'),
  ServiceUnavailableException: lost('the service is unavailable.'),
  TimeoutError: lost('the service did not answer in time.'),
  RequestTimeout: lost('the service did not get the whole request.'),
  RequestTimeoutException: lost('the service did not get the whole request.'),
  AbortError: lost('the request was given up.'),
  ...connectionErrors({
    peer: 'the endpoint',
    place: 'this address',
    check: 'Check region and endpoint.',
    trust: 'Trust its authority in clientConfig.',
  }),
  // Nobody tells whether the connection had been used.
  ECONNRESET: lost('the connection was reset.'),
  EPIPE: lost('the connection was closed.'),
  ETIMEDOUT: lost('the service did not answer in time.'),
  AccessDeniedException: denied('the role lacks a right.', 'Allow it the actions listed in the guide.'),
  AccessDenied: denied('the role lacks a right.', 'Allow it the actions listed in the guide.'),
  UnrecognizedClientException: denied('the access key or token is not known.'),
  InvalidClientTokenId: denied('the access key is not known.'),
  InvalidSignatureException: denied('the signature does not match.', 'Check the secret key, and the clock of this machine.'),
  IncompleteSignatureException: denied('the signature is incomplete.'),
  MissingAuthenticationTokenException: denied('the request was not signed.'),
  ExpiredTokenException: denied('the credentials have expired.'),
  RequestExpired: denied('the request has expired.', 'Check the clock of this machine.'),
  OptInRequired: denied('the account is not subscribed to the service.'),
  CredentialsProviderError: denied('no credentials were found.', 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or a role.'),
  TokenProviderError: denied('no token was found.'),
  ResourceNotFoundException: configuration('the table does not exist.', "Check table and region; createTable() or setup: 'auto' makes it."),
  TableNotFoundException: configuration('the table does not exist.', "Check table and region; createTable() or setup: 'auto' makes it."),
  ValidationException: defect('the service refused the request.'),
  SerializationException: defect('the service could not read the request.'),
  IdempotentParameterMismatchException: defect('a transaction was sent again with other content.'),
  ItemCollectionSizeLimitExceededException: defect('an item collection is too large.'),
  ValidationError: defect('the service refused an item of the transaction.'),
  UnknownOperationException: configuration('the server does not know this operation.', 'Without transactions set transactions: false.'),
}

/** The adapter's `classifyError`. What the SDK repeated may have been applied by an earlier request than the one that failed. */
export function classifyError(error: unknown): ErrorClass | undefined {
  if (!(error instanceof DriverFailure)) return undefined
  const known = byErrorName[error.code] ?? bySigns(error)
  if (known === undefined) return error.kind === 'read' ? { code: 'backend', outcome: 'not-applied' } : undefined
  if (error.kind === 'read') return { ...known, outcome: 'not-applied' }
  return error.attempts > 1 ? { ...known, outcome: 'unknown' } : known
}

/** What has no name that is known. */
function bySigns({ status, message }: DriverFailure): ErrorClass | undefined {
  if (status >= 500) return lost('the service met an error.')
  if (status === 429) return unavailable('the requests are throttled.')
  if (/region is missing/iu.test(message)) return configuration('no region is set.', 'Give region, or set AWS_REGION.')
  if (/socket hang up|connection.*(timed out|closed)|timed? ?out/iu.test(message)) return lost('the connection was lost.')
  return undefined
}
