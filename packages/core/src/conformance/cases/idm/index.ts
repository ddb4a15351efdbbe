import type { ConformanceCase } from '../../case.js'
import { idm05, idm06 } from './any.js'
import { idm14 } from './hidden.js'
import { idm10, idm11 } from './lost-answers.js'
import { idm01, idm02, idm09, idm12, idm13 } from './recognised.js'
import { idm03, idm04, idm07, idm08 } from './refused.js'

export const idm: readonly ConformanceCase[] = [
  ...[idm01, idm02, idm03, idm04, idm05, idm06, idm07],
  ...[idm08, idm09, idm10, idm11, idm12, idm13, idm14],
]
