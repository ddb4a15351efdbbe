import { describeConnecting } from './eventstoredb-connect.js'

await describeConnecting('@eventstore/db-client')
