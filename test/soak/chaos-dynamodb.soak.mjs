import { register } from 'node:module'

// Two processes, eight writers, crashes, lost, doubled, late and refused requests on DynamoDB Local; see test/faults/dynamodb-chaos.ts.
register('../conformance/ts-hooks.mjs', import.meta.url)
const { findDynamoDB } = await import('../services/dynamodb.ts')
const { runChaos } = await import('../faults/dynamodb-chaos.ts')

const service = await findDynamoDB()
if (service.status === 'not proven') {
  console.log(`not proven: ${service.reason}`)
  process.exit(77)
}
const seed = Number(process.env.SOAK_SEED ?? 1)
const seconds = Math.max(60, Number(process.env.SOAK_MINUTES ?? 0) * 60)
console.log(service.from)
let held = true
try {
  for (const log of ['none', 'claimed']) {
    const outcome = await runChaos({ endpoint: service.endpoint, seconds, seed, log })
    const [final, ...readers] = outcome.logs.map((ids) => JSON.stringify(ids))
    const agree = readers.every((ids) => ids === final)
    const holds = outcome.verdict.holds && outcome.damage === undefined && agree
    held &&= holds
    console.log(`log: ${log}, ${seconds} s, seed ${seed}: ${holds ? 'holds' : 'DOES NOT HOLD'}`)
    console.log(
      `  ${outcome.appended} appends, ${outcome.refused} conflicts, ${outcome.faults} faults struck, ${outcome.crashes} times killed; ` +
        `${outcome.verdict.anomalies.length} anomalies, ${outcome.verdict.refused.length} not judged`,
    )
    for (const anomaly of outcome.verdict.anomalies.slice(0, 5)) console.log(`  ${JSON.stringify(anomaly)}`)
    if (outcome.damage !== undefined) console.log(`  ${outcome.damage}`)
    if (log === 'none') continue
    console.log(
      `  ${outcome.logs[0]?.length ?? 0} events in the log, ${outcome.voided} of ${outcome.cells} cells voided, three readers ${agree ? 'agree' : 'DIFFER'}`,
    )
    console.log(`  the control, a reader that passes over holes, lost ${outcome.lostByGapSkipper} events`)
    held &&= outcome.lostByGapSkipper > 0
  }
  const control = await runChaos({ endpoint: service.endpoint, seconds: 10, seed, log: 'none', withoutProof: true })
  const found = control.damage ?? control.verdict.anomalies[0]?.message
  console.log(`the control, without the proof that a predecessor exists: ${found === undefined ? 'NOTHING FOUND' : `found: ${found}`}`)
  held &&= found !== undefined
} finally {
  await service.stop()
}
process.exitCode = held ? 0 : 1
