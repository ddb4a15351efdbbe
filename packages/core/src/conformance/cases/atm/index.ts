import type { ConformanceCase } from '../../case.js'

export const atm: readonly ConformanceCase[] = []
