import type { ConformanceCase } from '../../case.js'
import { lif02 } from './abort.js'
import { lif08 } from './capabilities.js'
import { lif01, lif04 } from './close.js'
import { lif05, lif09 } from './failures.js'
import { lif03, lif06, lif07 } from './open.js'

export const lif: readonly ConformanceCase[] = [lif01, lif02, lif03, lif04, lif05, lif06, lif07, lif08, lif09]
