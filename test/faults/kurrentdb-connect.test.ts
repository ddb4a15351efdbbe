import { describeConnecting } from './eventstoredb-connect.js'

await describeConnecting('@kurrent/kurrentdb-client')
