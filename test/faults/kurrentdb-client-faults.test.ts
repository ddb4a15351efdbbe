import { describeClientFaults } from './eventstoredb-client-faults.js'

await describeClientFaults('@kurrent/kurrentdb-client')
