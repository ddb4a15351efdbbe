import { embedded } from '../../packages/embedded/dist/index.js'

// Opens a folder and appends until it is killed: each acknowledged version is a line. With "once" it opens, says so and waits.
const [folder, mode] = process.argv.slice(2)
const store = embedded({ folder })
try {
  await store.open()
} catch (error) {
  console.log(JSON.stringify({ code: error.code, message: error.message }))
  process.exit(3)
}
console.log(`open ${process.pid}`)
if (mode === 'once') setInterval(() => undefined, 1000)
else
  for (let n = 1; ; n += 1) {
    const { version } = await store.appendToStream('s', [{ type: 'Counted', data: { n } }])
    console.log(`version ${version}`)
  }
