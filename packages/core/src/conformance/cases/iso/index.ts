import type { ConformanceCase } from '../../case.js'
import { iso02 } from './harness.js'
import { iso01 } from './namespaces.js'

/** The check of the harness comes first. */
export const iso: readonly ConformanceCase[] = [iso02, iso01]
