// The message classes and service definitions that the client's package ships: the model has no copy of them. A process that loads them must
// not load the other client as well: both register the same names in one place.
import gossipService from '@eventstore/db-client/generated/gossip_grpc_pb.js'
import gossip from '@eventstore/db-client/generated/gossip_pb.js'
import featuresService from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js'
import features from '@eventstore/db-client/generated/serverfeatures_pb.js'
import shared from '@eventstore/db-client/generated/shared_pb.js'
import status from '@eventstore/db-client/generated/status_pb.js'
import streamsService from '@eventstore/db-client/generated/streams_grpc_pb.js'
import streams from '@eventstore/db-client/generated/streams_pb.js'

export const { GossipService } = gossipService
export const { ServerFeaturesService } = featuresService
export const { StreamsService } = streamsService
export { features, gossip, shared, status, streams }
