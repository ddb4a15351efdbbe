import type { ConformanceCase } from '../../case.js'

export const pay: readonly ConformanceCase[] = []
