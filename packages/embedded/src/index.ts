export { type EmbeddedOptions, embedded } from './embedded.js'
export type { PGliteLike } from './pglite-engine.js'
