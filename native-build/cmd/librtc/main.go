// Command librtc is the shared library: it has no program of its own. Its functions are C, see include/rtc.h; here the
// Go behind them starts, as soon as the library is loaded.
package main

import "C"

import (
	"fmt"
	"os"

	"streamgateway/native/internal/plugin"
	"streamgateway/native/internal/rtcmodule"
	"streamgateway/native/internal/sfumodule"
)

func init() {
	err := plugin.Serve(
		// One module of each an instance; the last one stops first, so that bots leave before their SFU goes.
		sfumodule.New,
		rtcmodule.New,
	)
	if err != nil {
		fmt.Fprintln(os.Stderr, "librtc:", err)
	}
}

func main() {}
