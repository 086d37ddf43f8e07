module streamgateway/native

go 1.23

require (
	github.com/google/uuid v1.3.0
	github.com/gorilla/websocket v1.5.0
	github.com/pion/webrtc/v3 v3.1.56
	google.golang.org/protobuf v1.28.1
)
