import type { ConformanceCase } from '../../case.js'

export const con: readonly ConformanceCase[] = []
