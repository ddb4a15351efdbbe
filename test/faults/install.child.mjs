import { postgres } from '../../packages/postgres/dist/index.js'

// One of many processes that open the same empty schema at the same moment: it says when it is ready, and waits for the word.

const [schema] = process.argv.slice(2)
const adapter = postgres({ connection: process.env.MILLRACE_TEST_POSTGRES_URL, schema })
console.log('ready')
await new Promise((resolve) => process.stdin.once('data', resolve))
try {
  const { version } = await adapter.appendToStream('installs', [{ type: 'Installed', data: process.pid }])
  console.log(`version ${version}`)
} finally {
  await adapter.close()
  process.stdin.destroy()
}
