// Command schema prints the JSON Schema of every command's request and answer.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"streamgateway/native/internal/modules"
	"streamgateway/native/internal/plugin"
)

func main() {
	schema, err := plugin.Describe(modules.All...)
	if err == nil {
		encoder := json.NewEncoder(os.Stdout)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(schema)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "schema:", err)
		os.Exit(1)
	}
}
