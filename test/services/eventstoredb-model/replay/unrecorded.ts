/** Something that the model decides and no recording shows: an edit of it makes no recording fail. */
interface Unrecorded {
  /** Of the model. */
  readonly file: string
  /** Where it is decided: stands there once. */
  readonly text: string
  /** Why the model decides so all the same. */
  readonly because: string
  /** The test that fails when it decides otherwise: file, and words of its name. */
  readonly checkedBy: string
  readonly test: string
}

const faults = 'faults.test.ts'
const own = 'unrecorded.test.ts'

/**
 * All that was found by trying edits, and by reading where none were tried. What cannot be told apart (positions, times and ids of the server, which
 * recordings hold as tokens) and the ways that wrong rules take in place of those of `rules.ts` are not here.
 */
export const unrecorded: readonly Unrecorded[] = [
  {
    file: 'statuses.ts',
    text: "end(status.NOT_FOUND, 'Leader info available'",
    because: 'a fault: one node alone always leads. Words and trailers are those that both clients look for',
    checkedBy: faults,
    test: "{ does: 'not leader', stored: 0, type: 'not-leader' }",
  },
  {
    file: 'statuses.ts',
    text: "end(status.PERMISSION_DENIED, 'Access Denied'",
    because: 'a fault, and security: the recorded node had none',
    checkedBy: faults,
    test: "{ does: 'access denied', stored: 0, type: 'access-denied' }",
  },
  {
    file: 'statuses.ts',
    text: "end(status.UNAUTHENTICATED, 'Unauthenticated'",
    because: 'security',
    checkedBy: 'tls.test.ts',
    test: 'a wrong password and no name are refused',
  },
  {
    file: 'statuses.ts',
    text: "end(status.UNAVAILABLE, 'Server Is Not Ready'",
    because: 'a fault',
    checkedBy: faults,
    test: "{ does: 'unavailable', stored: 0, type: 'unavailable' }",
  },
  {
    file: 'statuses.ts',
    text: 'if (!fitsHeader(stream)) return brokenAnswer(rules)\n  const number',
    because: 'recorded of tombstones only; a refused delete names the stream in the same trailer',
    checkedBy: own,
    test: 'a refused delete of a name that no trailer takes breaks off as HTTP 500',
  },
  {
    file: 'append.ts',
    text: "if (expected.kind === 'streamExists' && verdictOf(data, stream, expected) !== 'write') return 'no answer'",
    because: 'known ids were recorded with streamExists on a live stream only; a deleted one does not exist, whoever asks',
    checkedBy: own,
    test: 'known ids with streamExists on a deleted stream are refused',
  },
  {
    file: 'append.ts',
    text: 'if (firstOther > 0) return rules.superset',
    because: 'recorded on live streams, where the expectation does not hold either; on a deleted one it would',
    checkedBy: own,
    test: 'known ids and more with no_stream on a deleted stream are refused',
  },
  {
    file: 'append.ts',
    text: 'Metadata that is not JSON is left as it is',
    because: 'so that a test that writes such metadata does not end the model',
    checkedBy: own,
    test: 'metadata that is not JSON is passed over',
  },
  {
    file: 'subscription.ts',
    text: "let index = 0\n  if (from.kind === 'end') index = data.log.length",
    because: 'recorded subscriptions to the log begin after a position',
    checkedBy: own,
    test: 'a subscription to the log begins at its start or at its end',
  },
  {
    file: 'known-ids.ts',
    text: 'if (bytes <= maxBytes) break',
    because: 'the documented cache of a leader: recordings are far smaller than its 8 MiB',
    checkedBy: faults,
    test: 'ids are remembered until others need the room',
  },
  {
    file: 'start.ts',
    text: 'node.knownIds = createKnownIds(rules, options.knownIdBytes)',
    because: 'a restart: the recorded node ran through',
    checkedBy: faults,
    test: 'explicit expectations are still recognised',
  },
  {
    file: 'start.ts',
    text: "'grpc.max_concurrent_streams': 100",
    because: 'seen on the recorded node beside the recordings: a hundred reads that are left block all others',
    checkedBy: faults,
    test: 'a node serves a hundred calls of a connection',
  },
  {
    file: 'calls.ts',
    text: 'return !closed && !destroyed',
    because: 'broken connections: the web host throws where requests end with their connection',
    checkedBy: faults,
    test: 'an append of which a part was sent when its connection breaks stores nothing',
  },
  {
    file: 'change-calls.ts',
    text: '?.getOptions()\n    if (options === undefined) return ended(incompleteMessage(node.data.rules))\n    const stream = nameOf(options)\n    const expected = expectedOf(options)\n    const events',
    because: 'recorded of deletes only, which 6.2.1 sends without their message; no client sends such an append',
    checkedBy: own,
    test: 'an append without a message is incomplete',
  },
  {
    file: 'change-calls.ts',
    text: "if (deadline <= Date.now()) return answer({ kind: 'timeout' })",
    because: 'recorded batches were in time',
    checkedBy: own,
    test: 'a batch append whose deadline is over is answered with Timeout',
  },
  {
    file: 'node-calls.ts',
    text: '.setState(gossip.MemberInfo.VNodeState.LEADER)',
    because: 'the recorded clients were given the address of the node',
    checkedBy: faults,
    test: 'discovery leads to the node',
  },
]
