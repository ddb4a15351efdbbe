import type { ConformanceCase } from '../../case.js'
import { rds11, rds12, rds18 } from './moving.js'
import { rds06, rds07, rds10, rds13, rds15 } from './pages.js'
import { rds14, rds16, rds17 } from './states.js'
import { rds01, rds02, rds03, rds04, rds05, rds08, rds09 } from './windows.js'

export const rds: readonly ConformanceCase[] = [
  ...[rds01, rds02, rds03, rds04, rds05, rds06, rds07, rds08, rds09],
  ...[rds10, rds11, rds12, rds13, rds14, rds15, rds16, rds17, rds18],
]
