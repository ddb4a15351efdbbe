import { describeClientFaults } from './eventstoredb-client-faults.js'

await describeClientFaults('@eventstore/db-client')
