import type { ConformanceCase } from '../../case.js'

export const iso: readonly ConformanceCase[] = []
