import { soakClient } from './eventstoredb-client.mjs'

await soakClient('@eventstore/db-client')
