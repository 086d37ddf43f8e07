// Package modules lists what the shipped library is made of.
package modules

import (
	"streamgateway/native/internal/plugin"
	"streamgateway/native/internal/rtcmodule"
	"streamgateway/native/internal/sfumodule"
)

// All has one factory a module. The last one stops first, so that bots leave before their SFU goes.
var All = []plugin.ModuleFactory{sfumodule.New, rtcmodule.New}
