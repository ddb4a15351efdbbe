import { describeDefects } from './eventstoredb-defects.js'

await describeDefects('@eventstore/db-client')
