import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Fault } from './faults.js'
import type { EventStoreModelOptions } from './start.js'

/** The model in another process: what `EventStoreModel` can do, as orders that take a moment. */
export interface EventStoreModelProcess {
  readonly url: string
  readonly port: number
  addFault(fault: Fault): Promise<void>
  clearFaults(does?: Fault['does']): Promise<void>
  faultCount(): Promise<number>
  openCalls(): Promise<number>
  killConnections(): Promise<void>
  freeze(): Promise<void>
  thaw(): Promise<void>
  endSubscriptions(): Promise<void>
  down(): Promise<void>
  up(): Promise<void>
  restart(): Promise<void>
  stop(): Promise<void>
}

interface Message {
  readonly url?: string
  readonly port?: number
  readonly number?: number
  readonly result?: unknown
}

/** For tests of the client that must not share a process with the model's messages. It ends with the process that started it. */
export async function startEventStoreModelProcess(options: Omit<EventStoreModelOptions, 'rules'> = {}): Promise<EventStoreModelProcess> {
  // Not the variables that vitest sets for itself.
  const { NODE_OPTIONS: _options, VITEST: _vitest, ...env } = process.env
  const program = fileURLToPath(new URL('model.child.mjs', import.meta.url))
  const child = fork(program, [JSON.stringify(options)], { env, execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const waiting = new Map<number, (result: unknown) => void>()
  let orders = 0
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const { url, port } = await new Promise<{ url: string; port: number }>((resolve, reject) => {
    void ended.then((code) => reject(new Error(`the process of the model ended with ${code ?? 'a signal'}`)))
    child.on('message', (message: Message) => {
      if (message.url !== undefined && message.port !== undefined) resolve({ url: message.url, port: message.port })
      if (message.number !== undefined) waiting.get(message.number)?.(message.result)
    })
  })
  const order = async <Result>(name: string, parameter?: unknown): Promise<Result> => {
    const number = ++orders
    const answered = new Promise<unknown>((resolve) => waiting.set(number, resolve))
    child.send({ number, order: name, parameter })
    const result = await answered
    waiting.delete(number)
    return result as Result
  }
  return {
    url,
    port,
    addFault: (fault) => order('addFault', fault),
    clearFaults: (does) => order('clearFaults', does),
    faultCount: () => order('faultCount'),
    openCalls: () => order('openCalls'),
    killConnections: () => order('killConnections'),
    freeze: () => order('freeze'),
    thaw: () => order('thaw'),
    endSubscriptions: () => order('endSubscriptions'),
    down: () => order('down'),
    up: () => order('up'),
    restart: () => order('restart'),
    async stop() {
      child.disconnect()
      await ended
    },
  }
}
