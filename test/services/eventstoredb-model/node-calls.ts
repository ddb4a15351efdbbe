import { randomUUID } from 'node:crypto'
import type { ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js'
import { opened, perform } from './calls.js'
import { features, gossip, shared } from './definitions.js'
import type { FaultyCall } from './faults.js'
import type { ModelNode } from './model-node.js'
import { serverMethods, serverVersion } from './server-methods.js'

type Empty = InstanceType<typeof shared.Empty>

/** Answers without a look at the streams. Nobody needs a name for them. */
function handler<Response>(method: FaultyCall['method'], answer: (node: ModelNode) => Response) {
  return (node: ModelNode, call: ServerUnaryCall<Empty, Response>, callback: sendUnaryData<Response>): void => {
    const closed = opened(node, call)
    perform({ ...node, users: undefined }, call, { method, stream: '' }, () => answer(node), {
      done(response) {
        closed()
        callback(null, response)
      },
      ended(end) {
        closed()
        callback(end)
      },
    })
  }
}

export const handleFeatures = handler('features', () =>
  new features.SupportedMethods().setEventStoreServerVersion(serverVersion).setMethodsList(
    serverMethods.map(({ service, method, features: list }) =>
      new features.SupportedMethod()
        .setServiceName(service)
        .setMethodName(method)
        .setFeaturesList([...list]),
    ),
  ),
)

const instance = randomUUID()

/** A cluster of one, which leads. */
export const handleGossip = handler('gossip', (node) => {
  const { host, port } = node.leader()
  return new gossip.ClusterInfo().setMembersList([
    new gossip.MemberInfo()
      .setInstanceId(new shared.UUID().setString(instance))
      .setTimeStamp((BigInt(Date.now()) * 10_000n).toString())
      .setState(gossip.MemberInfo.VNodeState.LEADER)
      .setIsAlive(true)
      .setHttpEndPoint(new gossip.EndPoint().setAddress(host).setPort(port)),
  ])
})
