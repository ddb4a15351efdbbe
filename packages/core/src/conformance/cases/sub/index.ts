import type { ConformanceCase } from '../../case.js'
import { sub06, sub07, sub08, sub09, sub11, sub12, sub13, sub14 } from './end.js'
import { sub10 } from './killed.js'
import { sub15 } from './slow.js'
import { sub01, sub02, sub03, sub04, sub05 } from './start.js'

export const sub: readonly ConformanceCase[] = [
  ...[sub01, sub02, sub03, sub04, sub05, sub06, sub07],
  ...[sub08, sub09, sub10, sub11, sub12, sub13, sub14, sub15],
]
