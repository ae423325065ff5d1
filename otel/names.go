package otel

import "go.opentelemetry.io/otel/attribute"

// The attributes of the semantic conventions.
const (
	attrRPCSystem     = "rpc.system.name"
	attrRPCMethod     = "rpc.method"
	attrStatusCode    = "rpc.response.status_code"
	attrErrorType     = "error.type"
	attrServerAddress = "server.address"
	attrServerPort    = "server.port"
	attrDirection     = "network.io.direction"
)

// The attributes that the conventions have no name for.
const (
	attrPlugin   = "janus.plugin"
	attrSession  = "janus.session.id" // of spans only
	attrHandle   = "janus.handle.id"  // of spans only
	attrSent     = "janus.request.size"
	attrReceived = "janus.response.size"
	attrMessage  = "janus.message.type"
	attrReason   = "janus.reason"
	attrRedial   = "janus.redial"
	attrState    = "janus.connection.state"
	attrEmitter  = "janus.emitter"
	attrEvent    = "janus.event.kind"
	attrMedia    = "janus.media.kind"
	attrVersion  = "janus.version"
)

// The directions, as seen from where they are measured.
var (
	transmit = attribute.String(attrDirection, "transmit")
	receive  = attribute.String(attrDirection, "receive")
)
