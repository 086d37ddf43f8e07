module streamgateway/native

go 1.23

require (
	github.com/gorilla/websocket v1.5.0
	github.com/pion/webrtc/v3 v3.1.56
	google.golang.org/protobuf v1.28.1
)
