import type { ConformanceCase } from '../../case.js'
import { app01, app02, app03, app04, app05 } from './expected-version.js'
import { app06, app07, app08 } from './results.js'
import { app09, app10, app11, app12, app13 } from './input.js'

export const app: readonly ConformanceCase[] = [app01, app02, app03, app04, app05, app06, app07, app08, app09, app10, app11, app12, app13]
