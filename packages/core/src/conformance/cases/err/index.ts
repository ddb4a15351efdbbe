import type { ConformanceCase } from '../../case.js'
import { err01 } from './fields.js'
import { err02 } from './not-supported.js'
import { err05 } from './secrets.js'
import { err03, err04, err06, err07 } from './under-faults.js'

export const err: readonly ConformanceCase[] = [err01, err02, err03, err04, err05, err06, err07]
