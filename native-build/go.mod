module streamgateway/native

go 1.24.0

require (
	github.com/google/uuid v1.6.0
	github.com/gorilla/websocket v1.5.0
	github.com/pion/dtls/v3 v3.1.5
	github.com/pion/ice/v4 v4.1.0
	github.com/pion/interceptor v0.1.47
	github.com/pion/logging v0.2.4
	github.com/pion/rtcp v1.2.17
	github.com/pion/rtp v1.10.5
	github.com/pion/sdp/v3 v3.0.17
	github.com/pion/srtp/v3 v3.0.9
	github.com/pion/stun/v3 v3.0.2
	github.com/pion/transport/v3 v3.1.1
	github.com/pion/turn/v4 v4.1.3
	github.com/pion/webrtc/v4 v4.2.1
	github.com/stretchr/testify v1.8.1
	go.uber.org/goleak v1.2.0
	golang.org/x/net v0.61.0
	google.golang.org/protobuf v1.28.1
)
