import type { ConformanceCase } from '../../case.js'

export const sid: readonly ConformanceCase[] = []
