import type { ConformanceCase } from '../../case.js'

export const idm: readonly ConformanceCase[] = []
