import { register } from 'node:module'

register('../conformance/ts-hooks.mjs', import.meta.url)
const { runEventStoreChaos } = await import('../faults/eventstoredb-chaos.ts')

/** A minute of cuts, hangs, lost answers, not-leader answers, restarts and ended subscriptions, on the protocol model of EventStoreDB. */
export async function soakClient(driver) {
  const seed = Number(process.env.SOAK_SEED ?? 1)
  const { broken, ...figures } = await runEventStoreChaos({ seed, ms: 60_000, driver })
  console.log(`EventStoreDB protocol model, ${driver}, 60 s, seed ${seed}:`)
  console.log(
    `  ${Object.entries(figures)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ')}`,
  )
  console.log(`  did not hold: ${broken.length === 0 ? 'none' : broken.slice(0, 5).join('; ')}`)
  if (broken.length > 0) process.exitCode = 1
}
