import type { ConformanceCase } from '../../case.js'
import { atm01, atm02 } from './failures.js'
import { atm07 } from './killed.js'
import { atm03 } from './limits.js'
import { atm08, atm09 } from './multi-stream.js'
import { atm10 } from './multi-stream-retried.js'
import { atm04, atm05, atm06 } from './visibility.js'

export const atm: readonly ConformanceCase[] = [...[atm01, atm02, atm03, atm04, atm05], ...[atm06, atm07, atm08, atm09, atm10]]
