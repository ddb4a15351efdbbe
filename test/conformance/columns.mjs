const models = ['memory', 'embedded', 'postgres', 'dynamodb', 'eventstoredb-model', 'kurrentdb-model']
const ofNode = /^(?:eventstoredb|kurrentdb)-node-/u

/**
 * The columns of the matrix, by what the files of reports are called. What holds on the protocol model is not proven of EventStoreDB, nor of
 * KurrentDB what holds on EventStoreDB, so each release of a node has columns of its own.
 *
 * @param {readonly string[]} reports
 * @returns {string[]}
 */
export function columnsOf(reports) {
  return [...models, ...[...new Set(reports)].filter((name) => ofNode.test(name)).sort()]
}

/**
 * What a node is called: `EventStoreDB 24.10`, `KurrentDB 26.0`. The product got its second name with release 25.
 *
 * @param {string} version as the node tells it; one that cannot tell has no column that somebody else may get
 * @returns {string}
 */
export function productOf(version) {
  const [, major, minor] = /^(\d+)\.(\d+)/u.exec(version) ?? []
  if (major === undefined) return 'node of an unknown version'
  return `${Number(major) < 25 ? 'EventStoreDB' : 'KurrentDB'} ${major}.${minor}`
}

/**
 * The column of a client on a node, or on the protocol model.
 *
 * @param {'@eventstore/db-client' | '@kurrent/kurrentdb-client'} driver
 * @param {string | undefined} product undefined: the model
 * @returns {string}
 */
export function columnOf(driver, product) {
  const client = driver === '@eventstore/db-client' ? 'eventstoredb' : 'kurrentdb'
  return product === undefined ? `${client}-model` : `${client}-node-${product.toLowerCase().replaceAll(/[^a-z0-9.]+/gu, '-')}`
}
