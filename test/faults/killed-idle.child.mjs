import { createRequire } from 'node:module'
import { postgres } from '../../packages/postgres/dist/index.js'

// Two adapters with idle connections, one on a pool of its own and one on a pool of the caller's that nobody else listens to. A process
// that does not outlive their end says nothing after "idle".
const pg = createRequire(new URL('../../packages/postgres/package.json', import.meta.url))('pg')
const url = `${process.env.MILLRACE_TEST_POSTGRES_URL}?application_name=${process.argv[2]}`
const schema = process.argv[2]
const event = { type: 'Happened', data: 1 }

const pool = new pg.Pool({ connectionString: url, max: 2 })
const own = postgres({ connection: url, schema })
const callers = postgres({ pool, schema })
await Promise.all([own.open(), callers.open(), callers.getStreamState('s'), own.getStreamState('s')])
await own.appendToStream('s', [event])
console.log('idle')
await new Promise((resolve) => process.stdin.once('data', resolve))
console.log(`own ${(await own.appendToStream('s', [event])).version}`)
console.log(`callers ${(await callers.appendToStream('s', [event])).version}`)
await Promise.all([own.close(), callers.close()])
await pool.end()
process.stdin.destroy()
