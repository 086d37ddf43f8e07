package record

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"streamgateway/native/internal/failure"
)

// Query asks for recordings, the latest first.
type Query struct {
	Folder string
	// All asks for those of all folders instead.
	All bool
	// Owner asks for those of one owner alone; empty asks for all.
	Owner string
	// Before and After are ids: of those older, or newer, the nearest are told.
	Before, After string
	Limit         int
}

// place is where a recording is.
type place struct{ folder, id string }

// List tells a page of recordings, and whether there are more on its far side. What does not exist holds none.
func (s Store) List(q Query) (list []Manifest, more bool, err error) {
	places, err := s.places(q)
	if err != nil {
		return nil, false, err
	}
	list = []Manifest{}
	for _, p := range places {
		m, err := s.Read(p.folder, p.id)
		if failure.KindOf(err) == failure.RecordingNotFound {
			continue // being removed, or not begun
		}
		if err != nil {
			return nil, false, err
		}
		if q.Owner != "" && m.Owner != q.Owner {
			continue
		}
		if len(list) == q.Limit {
			more = true
			break
		}
		list = append(list, m)
	}
	if q.After != "" {
		slices.Reverse(list)
	}
	return list, more, nil
}

// places are those that a query means, the nearest first.
func (s Store) places(q Query) ([]place, error) {
	folders := []string{q.Folder}
	if q.All {
		root, err := s.Folder("")
		if err != nil {
			return nil, err
		}
		names, err := subfolders(root)
		if err != nil {
			return nil, err
		}
		folders = append([]string{""}, slices.DeleteFunc(names, ValidID)...)
	}
	var places []place
	for _, folder := range folders {
		path, err := s.Folder(folder)
		if q.All && failure.KindOf(err) == failure.PathRefused {
			continue // a link to elsewhere
		}
		if err != nil {
			return nil, err
		}
		ids, err := subfolders(path)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			if ValidID(id) && (q.Before == "" || id < q.Before) && (q.After == "" || id > q.After) {
				places = append(places, place{folder, id})
			}
		}
	}
	slices.SortFunc(places, func(a, b place) int { return cmp.Compare(b.id, a.id) })
	if q.After != "" {
		slices.Reverse(places)
	}
	return places, nil
}

func subfolders(path string) (names []string, err error) {
	entries, err := os.ReadDir(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, storageError(err)
	}
	for _, e := range entries {
		name := e.Name()
		if e.Type()&fs.ModeSymlink != 0 {
			info, err := os.Stat(filepath.Join(path, name))
			if err != nil || !info.IsDir() {
				continue
			}
		} else if !e.IsDir() {
			continue
		}
		names = append(names, name)
	}
	return names, nil
}
