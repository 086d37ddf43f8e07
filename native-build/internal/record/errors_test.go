package record

import (
	"errors"
	"os"
	"syscall"
	"testing"

	"streamgateway/native/internal/failure"
)

func TestWhatADiskRefusedIsToldWithoutTheDirectory(t *testing.T) {
	for _, err := range []error{
		&os.PathError{Op: "write", Path: "/srv/recordings/x/0001.ogg", Err: syscall.ENOSPC},
		&os.LinkError{Op: "write", Old: "/srv/recordings/x/0001.ogg.new", New: "/srv/recordings/x/0001.ogg", Err: syscall.ENOSPC},
		errors.Join(&os.PathError{Op: "write", Path: "/srv/recordings/x/0001.ogg", Err: syscall.ENOSPC}, os.ErrClosed),
	} {
		told := problemOf(storageError(err))
		if told.Kind != string(failure.StorageFull) || told.Message != "write 0001.ogg: no space left on device" {
			t.Errorf("%+v", told)
		}
	}
}
