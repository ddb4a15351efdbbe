import type { ConformanceCase } from '../../case.js'
import { del01, del02, del03, del07, del08 } from './delete.js'
import { del11 } from './lost-answer.js'
import { del04, del05, del06, del09, del10 } from './hide.js'
import { del12 } from './tombstone-race.js'

export const del: readonly ConformanceCase[] = [
  ...[del01, del02, del03, del04, del05, del06],
  ...[del07, del08, del09, del10, del11, del12],
]
