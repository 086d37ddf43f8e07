package main

import (
	"os"
	"strings"
	"testing"

	"streamgateway/native/internal/modules"
	"streamgateway/native/internal/plugin"
)

func TestEveryCommandAndFieldIsInCommandsMD(t *testing.T) {
	document, err := os.ReadFile("../../commands.md")
	if err != nil {
		t.Fatal(err)
	}
	schema, err := plugin.Describe(modules.All...)
	if err != nil {
		t.Fatal(err)
	}
	text := string(document)
	commands := schema["commands"].(plugin.Schema)
	if len(commands) < 20 {
		t.Fatalf("only %d commands", len(commands))
	}
	for tag, command := range commands {
		if !strings.Contains(text, "`"+tag+"`") {
			t.Errorf("commands.md does not name %s", tag)
		}
		request := command.(plugin.Schema)["request"].(plugin.Schema)
		for field := range request["properties"].(plugin.Schema) {
			if !strings.Contains(text, `"`+field+`"`) && !strings.Contains(text, "`"+field+"`") {
				t.Errorf("commands.md does not name %s of %s", field, tag)
			}
		}
	}
}
