// Command librtc is the shared library: it has no program of its own. Its functions are C, see include/rtc.h; here the
// Go behind them starts, as soon as the library is loaded.
//
//go:debug default=go1.24
package main

import "C"

import (
	"fmt"
	"os"

	"streamgateway/native/internal/modules"
	"streamgateway/native/internal/plugin"
)

func init() {
	if err := plugin.Serve(modules.All...); err != nil {
		fmt.Fprintln(os.Stderr, "librtc:", err)
	}
}

func main() {}
