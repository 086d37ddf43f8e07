// Package sfu is a selective forwarding unit that speaks Stream Video's SFU protocol: a protobuf WebSocket and Twirp
// procedures for signaling, and two peer connections per participant over one UDP port for media.
//
// A Server holds calls, a call holds participants, and a participant has a publisher peer connection (the client
// offers) and a subscriber peer connection (we offer). A track is what a participant publishes; it receives one RTP
// stream per layer and forwards packets to the down tracks of those who subscribe to it.
//
// Control and media are kept apart. Control state of a call lies behind the call's mutex and is never held across
// calls into the WebRTC library. Media packets run on the goroutine of the publisher's SRTP session, straight to the
// sockets of the subscribers: the list of down tracks is copied on write, and each down track has a lock of its own.
//
// Five times a second, and with each change, a subscriber's downlink is shared among its videos (allocation.go):
// which layer each gets, and whether it is paused. What no subscriber wants, publishers are told to save (demand.go).
//
// Locks are taken in this order: Server.mu, a subscriber's allocation, track.demandMu, call.mu, then those of one
// participant; downTrack.mu before layer.mu.
package sfu
