import { soakClient } from './eventstoredb-client.mjs'

// A program of its own: the two clients cannot be loaded into one process.
await soakClient('@kurrent/kurrentdb-client')
