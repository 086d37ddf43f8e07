// Command librtctest is librtc with commands that misbehave on purpose; the tests in ctest load it.
package main

import "C"

import (
	"fmt"
	"os"

	"streamgateway/native/internal/bordertest"
	"streamgateway/native/internal/plugin"
)

func init() {
	if err := plugin.Serve(bordertest.New); err != nil {
		fmt.Fprintln(os.Stderr, "librtctest:", err)
	}
}

func main() {}
