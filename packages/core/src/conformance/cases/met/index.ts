import type { ConformanceCase } from '../../case.js'
import { met01, met02, met03, met06 } from './event-metadata.js'
import { met04, met05 } from './stream-metadata.js'

export const met: readonly ConformanceCase[] = [met01, met02, met03, met04, met05, met06]
