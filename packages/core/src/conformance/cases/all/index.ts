import type { ConformanceCase } from '../../case.js'
import { all01, all02, all06, all09, all10, all11, all14 } from './order.js'
import { all03, all04, all05, all15 } from './resume.js'
import { all07, all08, all12, all13 } from './visible.js'

export const all: readonly ConformanceCase[] = [
  ...[all01, all02, all03, all04, all05, all06, all07, all08],
  ...[all09, all10, all11, all12, all13, all14, all15],
]
