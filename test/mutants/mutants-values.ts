import { type Mutant, plant } from './mutant.js'

const values = 'values.ts'
const encoded = "return JSON.stringify(isPlain(value, 0) ? value : normalise(value, '', path, []))"
const decoded = "if ('text' in payload) return JSON.parse(payload.text)"

/** A store that hands values out in its own way; `revive` is an expression of the value `v`. */
function revived(id: string, caseId: string, bug: string, message: string, revive: string): Mutant {
  return plant(id, caseId, bug, message, values, decoded, decoded.replace('payload.text)', `payload.text, (_key, v) => ${revive})`))
}

/** Sections MET, PAY and SID. */
export const valueMutants: readonly Mutant[] = [
  plant(
    'own-words',
    'MET-02',
    'keys of metadata that start with $ are taken for the store’s own',
    'the same keys and values, in their order, and no others',
    'decode-event.ts',
    'const value = decodePayload(payload)',
    "const value = 'text' in payload ? JSON.parse(payload.text, (key, v) => (key.startsWith('$') ? undefined : v)) : decodePayload(payload)",
  ),
  {
    id: 'forged-date',
    bug: 'createdAt of the caller is stored',
    caseId: 'MET-03',
    message: 'of these days, not of the caller',
    edits: [
      {
        file: 'encode-events.ts',
        find: 'return { id: own, type, data: payload, metadata: meta, bytes: size }',
        replace: 'return { ...event, id: own, type, data: payload, metadata: meta, bytes: size }',
      },
      {
        file: 'memory/store.ts',
        find: 'createdAt,\n    }\n    return event',
        replace: 'createdAt: events[index].createdAt ?? createdAt,\n    }\n    return event',
      },
    ],
  },
  plant('normalises', 'PAY-01', 'text is normalised to NFC', 'value 3 as data', values, encoded, `${encoded}.normalize('NFC')`),
  plant(
    'undefined-as-null',
    'PAY-02',
    'undefined in an array becomes null',
    'undefined at events[0].data[1]: it resolved',
    values,
    'if (!isPlain(value[index], depth + 1)) return false',
    'if (value[index] !== undefined && !isPlain(value[index], depth + 1)) return false',
  ),
  plant(
    'nan-as-null',
    'PAY-03',
    'NaN is stored as null',
    'NaN at events[1].data: it resolved',
    values,
    "case 'number':\n      return Number.isFinite(value)\n",
    "case 'number':\n      return true\n",
  ),
  plant(
    'map-as-object',
    'PAY-04',
    'a Map is stored as {}',
    'a bad value at events[0].data: it resolved',
    values,
    'return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null',
    'return prototype !== undefined',
  ),
  plant(
    'whole-buffer',
    'PAY-05',
    'a view is stored with all of its buffer',
    'payload 3 comes back byte for byte',
    'encode-events.ts',
    'return { bytes: new Uint8Array(data) }',
    'return { bytes: new Uint8Array(data.buffer.slice(0)) }',
  ),
  plant('strips-nul', 'PAY-06', 'U+0000 is left out', 'value 1 as data', values, encoded, `${encoded}.replaceAll('\\\\u0000', '')`),
  revived('well-forms', 'PAY-07', 'a lone surrogate becomes U+FFFD', 'value 1 as data', "(typeof v === 'string' ? v.toWellFormed() : v)"),
  revived(
    'assigns',
    'PAY-08',
    'a payload is assigned to a new object',
    'value 1 as data',
    "(typeof v === 'object' && v !== null && !Array.isArray(v) ? Object.assign({}, v) : v)",
  ),
  revived(
    'sorts-keys',
    'PAY-09',
    'keys are sorted',
    'value 1: the same text, keys in order',
    "(typeof v === 'object' && v !== null && !Array.isArray(v) ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1))) : v)",
  ),
  plant(
    'bottomless',
    'PAY-10',
    'nesting has no limit',
    'nesting of 501: it resolved',
    values,
    'if (depth >= fixedLimits.depth) return false',
    '',
  ),
  plant(
    'counts-characters',
    'PAY-11',
    'the size of an event is counted in characters',
    'wide: one byte more: it resolved',
    'encode-events.ts',
    "('text' in payload ? utf8Bytes(payload.text) :",
    "('text' in payload ? payload.text.length :",
  ),
  revived('rounds', 'PAY-12', 'numbers are kept with 15 digits', 'value ', "(typeof v === 'number' ? Number(v.toPrecision(15)) : v)"),
  plant(
    'id-in-characters',
    'SID-04',
    'the length of a stream id is counted in characters',
    'appendToStream: 513 bytes: it resolved',
    'limits.ts',
    'const actual = utf8Bytes(value)',
    'const actual = value.length',
  ),
  plant(
    'dollar-streams',
    'SID-05',
    'a user can write to a stream of the store’s own',
    'appendToStream: $: it resolved',
    'limits.ts',
    "if (value.startsWith('$'))",
    "if (value.startsWith('$$'))",
  ),
  plant(
    'trims-types',
    'SID-06',
    'event types are trimmed',
    'types read back as given',
    'encode-events.ts',
    'return { id: own, type, data: payload,',
    'return { id: own, type: type.trim(), data: payload,',
  ),
]
