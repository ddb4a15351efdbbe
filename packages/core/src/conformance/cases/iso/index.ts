import type { ConformanceCase } from '../../case.js'
import { iso02 } from './harness.js'

export const iso: readonly ConformanceCase[] = [iso02]
