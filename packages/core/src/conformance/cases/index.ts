import type { ConformanceCase } from '../case.js'
import { all } from './all/index.js'
import { app } from './app/index.js'
import { atm } from './atm/index.js'
import { con } from './con/index.js'
import { del } from './del/index.js'
import { err } from './err/index.js'
import { idm } from './idm/index.js'
import { iso } from './iso/index.js'
import { lif } from './lif/index.js'
import { met } from './met/index.js'
import { mod } from './mod/index.js'
import { pay } from './pay/index.js'
import { rds } from './rds/index.js'
import { sid } from './sid/index.js'
import { sub } from './sub/index.js'

/** Every case, by section, in the order in which they run: what others build on comes first. */
export const allCases: readonly ConformanceCase[] = [iso, app, atm, con, idm, rds, all, sub, del, met, pay, sid, err, lif, mod].flat()
