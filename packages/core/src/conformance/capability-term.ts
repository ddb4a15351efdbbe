import type { Capabilities, CapabilityName } from '../capabilities.js'

/** One capability a case can depend on. */
export type CapabilityAtom =
  CapabilityName | 'realTimeOrder' | 'contiguousBatches' | 'idempotency.any' | 'strongReads' | 'sharedAcrossProcesses'

/** One capability, or several that must all be declared. */
export type CapabilityTerm = CapabilityAtom | readonly CapabilityAtom[]

/** The capabilities of a term that are not declared. */
export function undeclared(term: CapabilityTerm | undefined, capabilities: Capabilities): CapabilityAtom[] {
  const atoms = term === undefined ? [] : typeof term === 'string' ? [term] : term
  return atoms.filter((atom) => !isDeclared(atom, capabilities))
}

export function isDeclared(atom: CapabilityAtom, capabilities: Capabilities): boolean {
  switch (atom) {
    case 'readAll':
      return capabilities.readAll !== false
    case 'realTimeOrder':
    case 'contiguousBatches':
      return capabilities.readAll !== false && capabilities.readAll[atom]
    case 'idempotency.any':
      return capabilities.idempotency.any !== 'none'
    default:
      return capabilities[atom]
  }
}
