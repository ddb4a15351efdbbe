import type { ConformanceCase } from '../../case.js'
import { pay05 } from './bytes.js'
import { pay02, pay03, pay04, pay10, pay11, pay13 } from './refused.js'
import { pay01, pay06, pay07, pay08, pay09, pay12 } from './round-trip.js'

export const pay: readonly ConformanceCase[] = [pay01, pay02, pay03, pay04, pay05, pay06, pay07, pay08, pay09, pay10, pay11, pay12, pay13]
