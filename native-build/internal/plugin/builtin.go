package plugin

import (
	"context"
	"runtime"

	"streamgateway/native/internal/headroom"
)

// builtin are the commands every instance has.
func (in *Instance) builtin() map[string]Command {
	return map[string]Command{tagEcho: Typed(echo), "rtc.tables": Typed(in.tables), "rtc.debug": Typed(in.debug)}
}

// tagEcho is the one command that is known never to wait, not even for a lock: it runs on the goroutine of the queue,
// which saves handing it over.
const tagEcho = "echo"

// maxQuick is how much of a request that goroutine copies and reads itself.
const maxQuick = 16 << 10

type echoRequest struct {
	Message string `json:"message"`
}

type echoAnswer struct {
	Message string `json:"message"`
	Length  int    `json:"length"`
}

func echo(_ context.Context, request echoRequest) (echoAnswer, error) {
	return echoAnswer{request.Message, len(request.Message)}, nil
}

// tables answers what is alive in the instance. Counts of modules join those of the border.
func (in *Instance) tables(context.Context, struct{}) (map[string]uint64, error) {
	counts, figures := in.border.Counts(), headroom.Read()
	answer := map[string]uint64{"sessions": 0, "sfus": 0, "peer_connections": 0, "recordings": 0}
	for _, module := range in.modules {
		for name, count := range module.Counts() {
			answer[name] += uint64(count)
		}
	}
	answer["sources"] = uint64(counts.Sources)
	answer["sinks"] = uint64(counts.Sinks)
	answer["requests"] = counts.Requests - 1 // not this one
	answer["goroutines"] = uint64(runtime.NumGoroutine())
	for name, resource := range map[string]headroom.Resource{
		"files": figures.Files, "threads": figures.Threads, "memory_bytes": figures.Memory,
	} {
		answer[name], answer[name+"_limit"] = resource.Used, resource.Limit
	}
	answer["events_dropped"] = counts.EventsDropped
	answer["event_bytes_queued"] = counts.EventBytesQueued
	return answer, nil
}
