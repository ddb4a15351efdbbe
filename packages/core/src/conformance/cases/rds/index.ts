import type { ConformanceCase } from '../../case.js'

export const rds: readonly ConformanceCase[] = []
