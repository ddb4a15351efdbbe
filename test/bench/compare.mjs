/**
 * Runs both turn by turn, so that what else the machine does hits both alike.
 *
 * @param ms how long a turn is; 0: one call.
 * @param unit what one call counts.
 * @returns rates of each turn, per second; the first pair is a warm-up and left out.
 */
export async function compare({ rounds, ms, callers, unit = 1, ours, yardstick }) {
  const pairs = []
  for (let round = 0; round <= rounds; round += 1) {
    const order = round % 2 === 0 ? [ours, yardstick] : [yardstick, ours]
    const rates = new Map()
    for (const call of order) rates.set(call, await turn(call, ms, callers, unit))
    if (round > 0) pairs.push({ ours: rates.get(ours), yardstick: rates.get(yardstick) })
  }
  return pairs
}

async function turn(call, ms, callers, unit) {
  const startedAt = performance.now()
  let calls = 0
  const loop = async (caller) => {
    do {
      await call(caller)
      calls += 1
    } while (performance.now() - startedAt < ms)
  }
  await Promise.all(Array.from({ length: callers }, (_, caller) => loop(caller)))
  return ((calls * unit) / (performance.now() - startedAt)) * 1000
}

/** One line, with the target of the ratio if there is one: the median of the ratios of the pairs, their spread, and the medians of both rates. */
export function print(name, unit, pairs, target) {
  const ratios = pairs.map(({ ours, yardstick }) => ours / yardstick)
  const figure = (value) => Math.round(value).toLocaleString('en')
  console.log(
    `  ${name.padEnd(12)} ratio ${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)})   ` +
      `${figure(median(pairs.map(({ ours }) => ours)))} against ${figure(median(pairs.map(({ yardstick }) => yardstick)))} ${unit}` +
      (target === undefined ? '' : `; target ${target}: ${median(ratios) >= target ? 'met' : 'missed'}`),
  )
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
