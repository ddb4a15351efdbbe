import { register } from 'node:module'

// The model in a process of its own, started by start-process.ts: the messages of both clients do not fit into one process. Options come as
// JSON; orders and their answers are messages between the processes.
register('../../conformance/ts-hooks.mjs', import.meta.url)
const { startEventStoreModel } = await import('./start.ts')

const model = await startEventStoreModel(JSON.parse(process.argv[2]))

const orders = {
  addFault: (fault) => void model.faults.add(fault),
  clearFaults: (does) => model.faults.clear(does),
  faultCount: () => model.faults.count,
  openCalls: () => model.openCalls,
  killConnections: () => model.killConnections(),
  freeze: () => model.freeze(),
  thaw: () => model.thaw(),
  endSubscriptions: () => model.endSubscriptions(),
  down: () => model.down(),
  up: () => model.up(),
  restart: () => model.restart(),
}

process.on('message', ({ number, order, parameter }) => {
  void Promise.resolve(orders[order](parameter)).then((result) => process.send({ number, result }))
})
// The process that started this one is gone, or wants it to go.
process.on('disconnect', () => process.exit(0))
process.send({ url: model.url, port: model.port })
