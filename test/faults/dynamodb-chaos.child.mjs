import { dynamodb } from '../../packages/dynamodb/dist/index.js'

// A second process of the chaos run: it does what it is told until it is killed, wherever it stands.

const { endpoint, region, credentials, tableName, log } = JSON.parse(process.argv[2])
const store = dynamodb({ tableName, log, endpoint, region, clientConfig: { credentials }, setup: 'auto' })
// A machine under load may need longer than an opening may take; the run does not end for that.
for (let opened = false; !opened;)
  opened = await store.open().then(
    () => true,
    () => false,
  )
async function append({ call, streamId, events, options }) {
  try {
    process.send({ call, result: await store.appendToStream(streamId, events, options) })
  } catch ({ code, outcome, retryable, message, streamId: of, expectedVersion, actualVersion }) {
    process.send({ call, error: { code, outcome, retryable, message, streamId: of, expectedVersion, actualVersion } })
  }
}
process.on('message', (told) => void append(told))
process.send({ ready: true })
