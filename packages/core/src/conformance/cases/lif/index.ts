import type { ConformanceCase } from '../../case.js'

export const lif: readonly ConformanceCase[] = []
