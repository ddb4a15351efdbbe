import { dynamodb } from '../../packages/dynamodb/dist/index.js'

// A second process of the chaos run: it does what it is told until it is killed, wherever it stands.

const { endpoint, region, credentials, tableName, log } = JSON.parse(process.argv[2])
const store = dynamodb({ tableName, log, endpoint, region, clientConfig: { credentials }, setup: 'auto' })
await store.open()
async function append({ call, streamId, events, options }) {
  try {
    process.send({ call, result: await store.appendToStream(streamId, events, options) })
  } catch ({ code, outcome, retryable, message, streamId: of, expectedVersion, actualVersion }) {
    process.send({ call, error: { code, outcome, retryable, message, streamId: of, expectedVersion, actualVersion } })
  }
}
process.on('message', (told) => void append(told))
process.send({ ready: true })
