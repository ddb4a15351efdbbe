export { memory } from './memory.js'
export type { MemoryCapabilities, MemoryOptions } from './memory.js'
export { createMemoryStore } from './store.js'
export type { MemoryStore } from './store.js'
