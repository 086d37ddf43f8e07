// Command librtctest is librtc with further commands that misbehave on purpose, for the tests.
//
//go:debug default=go1.24
package main

import "C"

import (
	"fmt"
	"os"

	"streamgateway/native/internal/bordertest"
	"streamgateway/native/internal/plugin"
	"streamgateway/native/internal/rtcmodule"
	"streamgateway/native/internal/sfumodule"
)

func init() {
	if err := plugin.Serve(sfumodule.New, rtcmodule.New, bordertest.New); err != nil {
		fmt.Fprintln(os.Stderr, "librtctest:", err)
	}
}

func main() {}
