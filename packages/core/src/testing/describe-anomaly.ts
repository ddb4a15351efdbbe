import type { Anomaly } from './anomaly.js'
import type { History, Operation } from './history.js'

/** Events of an operation that are shown; a read may have thousands. */
const mostShown = 6

/** An anomaly for a person: what should be, and the calls that contradict each other, with their times. */
export function describeAnomaly({ operations }: History, { name, streamId, message, operations: indexes }: Anomaly): string {
  const where = streamId === undefined ? '' : ` (stream ${streamId})`
  const calls = indexes.slice(0, mostShown).map((index) => {
    const operation = operations[index]
    return operation === undefined ? '' : `\n  #${index} ${describeOperation(operation)}`
  })
  return `${name}: ${message}${where}${calls.join('')}`
}

function describeOperation(operation: Operation): string {
  const { process, invoke, return: returned, outcome } = operation
  return `process ${process}, ${invoke} to ${returned ?? '∞'}: ${describeCall(operation)}: ${outcome}`
}

function describeCall(operation: Operation): string {
  switch (operation.op) {
    case 'append': {
      const { parts, results = [], conflict } = operation
      const appends = parts.map(({ streamId, ids, expected }, n) => {
        const at = results[n] === undefined ? '' : ` at ${results[n].firstVersion} to ${results[n].version}`
        return `append [${shown(ids)}] to ${streamId}, expecting ${expected}${at}`
      })
      return appends.join('; ') + (conflict === undefined ? '' : `, met version ${conflict.actualVersion ?? '?'}`)
    }
    case 'state':
      return `state of ${operation.streamId} is ${operation.status}, version ${operation.version ?? '?'}`
    case 'read':
      return `read ${operation.streamId} ${operation.direction}${operation.cut ? ', left early' : ''}: ${seen(operation)}`
    case 'read-all':
      return `read all ${operation.direction}${operation.cut ? ', left early' : ''}: ${seen(operation)}`
    case 'subscribe':
      return `subscription to ${operation.streamId ?? 'all'} after ${operation.after}: ${seen(operation)}`
    default:
      return `${operation.op} ${operation.streamId}`
  }
}

function seen({ events }: { readonly events: readonly { readonly id: string; readonly version: number }[] }): string {
  return `[${shown(events.map(({ id, version }) => `${version} ${id}`))}]`
}

function shown(items: readonly string[]): string {
  return items.length <= mostShown ? items.join(', ') : `${items.slice(0, mostShown).join(', ')} … ${items.length} in all`
}
