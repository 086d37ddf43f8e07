package record

import (
	"errors"
	"io/fs"
	"syscall"

	"streamgateway/native/internal/failure"
)

// storageError names what a disk has refused.
func storageError(err error) *failure.Error {
	var known *failure.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return known
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG):
		return failure.New(failure.StorageFull, failure.NoStage, err)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return failure.New(failure.StorageDenied, failure.NoStage, err)
	}
	return failure.New(failure.StorageFailed, failure.NoStage, err)
}

func notFound(id string) error {
	return failure.Newf(failure.RecordingNotFound, failure.NoStage, "no recording %q", id)
}

func problemOf(err error) *Problem {
	if err == nil {
		return nil
	}
	f := failure.Of(err)
	return &Problem{Kind: string(f.Kind), Message: f.Error()}
}
