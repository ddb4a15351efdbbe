import type { ConformanceCase } from '../../case.js'

export const err: readonly ConformanceCase[] = []
