module streamgateway/native

go 1.23

require (
	github.com/google/uuid v1.3.0
	github.com/gorilla/websocket v1.5.0
	github.com/pion/ice/v2 v2.3.1
	github.com/pion/interceptor v0.1.12
	github.com/pion/logging v0.2.2
	github.com/pion/rtcp v1.2.10
	github.com/pion/rtp v1.7.13
	github.com/pion/sdp/v3 v3.0.6
	github.com/pion/transport/v2 v2.0.2
	github.com/pion/turn/v2 v2.1.0
	github.com/pion/webrtc/v3 v3.1.56
	go.uber.org/goleak v1.2.0
	google.golang.org/protobuf v1.28.1
)
