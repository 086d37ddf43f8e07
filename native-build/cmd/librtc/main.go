// Command librtc is the shared library: it has no program of its own.
package main

import "C"

func main() {}
