export { type EmbeddedOptions, embedded, upgradeEmbedded } from './embedded.js'
export type { PGliteLike } from './pglite-engine.js'
