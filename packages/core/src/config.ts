import { ConfigurationError } from './errors.js'

/** What an adapter can be configured with. */
export interface ConfigSpec {
  /** Members that an options object may have, beside those of `parameters`. */
  readonly options: readonly string[]
  /** Query parameters of a URL that become members of the same name, and what they are; a list: one of these words. */
  readonly parameters: Readonly<Record<string, 'string' | 'number' | 'boolean' | readonly string[]>>
  /** Pairs of options of which an object may have one only. */
  readonly alternatives?: readonly (readonly [one: string, other: string])[]
  /** Further query parameters, that the driver reads: they stay in the URL. */
  readonly driverParameters?: readonly string[]
  /** What a URL may begin with, colon included. Default: anything. */
  readonly schemes?: readonly string[]
}

/**
 * Reads what an adapter was given: an options object, or a URL whose query holds options. For adapter authors.
 *
 * @returns the options, and the URL without the parameters that became options. Errors: `configuration` for a member or parameter that
 * is unknown, naming the nearest known one, and for a value of the wrong kind. No message shows the URL: it may hold a password.
 */
export function readConfig<T extends object>(
  adapter: string,
  given: T | string,
  spec: ConfigSpec,
): { readonly options: T; readonly url: URL | undefined } {
  if (typeof given !== 'string') {
    if (typeof given !== 'object' || given === null)
      throw new ConfigurationError(`adapter "${adapter}" takes a URL or an object of options.`, { adapter })
    refuseUnknown(adapter, 'option', Object.keys(given), [...new Set([...spec.options, ...Object.keys(spec.parameters)])])
    for (const [name, kind] of Object.entries(spec.parameters)) {
      const value = (given as Record<string, unknown>)[name]
      if (typeof kind === 'object' && value !== undefined) refuseOther(adapter, name, kind, value)
    }
    for (const pair of spec.alternatives ?? [])
      if (pair.every((name) => (given as Record<string, unknown>)[name] !== undefined))
        throw new ConfigurationError(`give either ${pair[0]} or ${pair[1]}, not both.`, { adapter })
    return { options: given, url: undefined }
  }
  const url = parseUrl(given, adapter, spec.schemes)
  refuseUnknown(adapter, 'parameter', [...url.searchParams.keys()], [...Object.keys(spec.parameters), ...(spec.driverParameters ?? [])])
  const options: Record<string, unknown> = {}
  for (const [name, kind] of Object.entries(spec.parameters)) {
    const text = url.searchParams.get(name)
    if (text === null) continue
    options[name] = readValue(adapter, name, kind, text)
    url.searchParams.delete(name)
  }
  return { options: options as T, url }
}

/**
 * A URL that can be taken apart. For adapter authors.
 *
 * Errors: `configuration`, which never repeats the URL, since that may hold a password.
 */
export function parseUrl(text: string, adapter?: string, schemes?: readonly string[]): URL {
  const refused = (message: string, hint: string): ConfigurationError => new ConfigurationError(message, { adapter, hint })
  const encode = 'Percent-encode special characters of a password or name.'
  let url: URL
  try {
    url = new URL(text)
    // A driver decodes these, and only when it connects: a "%" that stands for itself would fail there.
    for (const part of [url.username, url.password, url.hostname, url.pathname]) decodeURIComponent(part)
  } catch {
    const examples = 'Write for example memory:, pglite:./data or postgres://user:password@host/database.'
    throw refused('the URL of the event store cannot be parsed.', `${examples} ${encode}`)
  }
  // A driver would take host and database from elsewhere.
  if (schemes?.includes(url.protocol) === false)
    throw refused(`the URL of the event store must begin with ${schemes.join(' or ')}.`, 'Correct what stands before its first colon.')
  // What follows is dropped without a word, and the host with it behind a password that holds a "#".
  if (url.hash !== '') throw refused('the URL of the event store holds a "#".', encode)
  return url
}

/** "Did you mean": the known word nearest to a mistyped one, if any is near. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  let [best, bestDistance] = [undefined as string | undefined, Math.max(2, Math.ceil(word.length / 3)) + 1]
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance]
  }
  return best
}

function refuseUnknown(adapter: string, what: string, given: readonly string[], known: readonly string[]): void {
  const unknown = given.find((name) => !known.includes(name))
  if (unknown === undefined) return
  const near = nearest(unknown, known)
  throw new ConfigurationError(`adapter "${adapter}" knows no ${what} "${unknown}".`, {
    adapter,
    hint: near === undefined ? `It knows: ${known.join(', ')}.` : `Did you mean "${near}"?`,
  })
}

function refuseOther(adapter: string, name: string, words: readonly string[], value: unknown): void {
  if (!words.includes(value as string)) throw new ConfigurationError(`${name} must be one of ${words.join(', ')}.`, { adapter })
}

function readValue(adapter: string, name: string, kind: ConfigSpec['parameters'][string], text: string): unknown {
  if (typeof kind === 'object') {
    refuseOther(adapter, name, kind, text)
    return text
  }
  if (kind === 'string') return text
  if (kind === 'number' && text.trim() !== '' && Number.isFinite(Number(text))) return Number(text)
  if (kind === 'boolean' && (text === 'true' || text === 'false')) return text === 'true'
  throw new ConfigurationError(`the parameter "${name}" must be ${kind === 'number' ? 'a number' : 'true or false'}.`, { adapter })
}

/** Levenshtein distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1)
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)))
    row = next
  }
  return row[b.length] ?? 0
}
