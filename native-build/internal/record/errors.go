package record

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"streamgateway/native/internal/failure"
)

// storageError names what a disk has refused. Where on the disk is nobody's business but the host's: of paths only the
// last name is told.
func storageError(err error) *failure.Error {
	var known *failure.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return known
	}
	err = withoutFolders(err)
	switch {
	case failure.IsExhaustion(err):
		return failure.New(failure.ResourcesExhausted, failure.NoStage, err)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG):
		return failure.New(failure.StorageFull, failure.NoStage, err)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return failure.New(failure.StorageDenied, failure.NoStage, err)
	}
	return failure.New(failure.StorageFailed, failure.NoStage, err)
}

func withoutFolders(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return &fs.PathError{Op: path.Op, Path: filepath.Base(path.Path), Err: path.Err}
	case errors.As(err, &link):
		return &fs.PathError{Op: link.Op, Path: filepath.Base(link.New), Err: link.Err}
	}
	return err
}

func notFound(id string) error {
	return failure.Newf(failure.RecordingNotFound, failure.NoStage, "no recording %q", id)
}

func problemOf(err error) *Problem {
	if err == nil {
		return nil
	}
	f := failure.Of(err)
	return &Problem{Kind: string(f.Kind), Message: f.Message()}
}
