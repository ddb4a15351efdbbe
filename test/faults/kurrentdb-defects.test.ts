import { describeDefects } from './eventstoredb-defects.js'

await describeDefects('@kurrent/kurrentdb-client')
