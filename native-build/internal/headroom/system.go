package headroom

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

const (
	groupRoot = "/sys/fs/cgroup"
	// rlimitThreads is RLIMIT_NPROC, which the package syscall does not name.
	rlimitThreads = 6
	// unlimited is more than any real limit: control groups of the first version have no word for none.
	unlimited = 1 << 62
)

func files() Resource {
	r := Resource{Limit: rlimit(syscall.RLIMIT_NOFILE)}
	if info, err := os.Stat("/proc/self/fd"); err == nil && info.Size() > 0 { // the number itself, from Linux 6.2 on
		r.Used = uint64(info.Size())
		return r
	}
	if list, err := os.ReadDir("/proc/self/fd"); err == nil {
		r.Used = uint64(len(list)) - 1 // not the one it is read through
	} else {
		r.Used = r.Limit // most likely for the lack of one
	}
	return r
}

func threads() Resource {
	r := Resource{Limit: rlimit(rlimitThreads)}
	if text, err := os.ReadFile("/proc/self/status"); err == nil {
		r.Used = field(text, "Threads:")
	}
	for _, group := range groups("pids") {
		if limit := number(filepath.Join(group, "pids.max")); limit > 0 && (r.Limit == 0 || limit < r.Limit) {
			r.Limit = limit
		}
	}
	return r
}

func memory() (narrowest Resource) {
	if text, err := os.ReadFile("/proc/meminfo"); err == nil {
		total := field(text, "MemTotal:") << 10
		narrowest = Resource{Used: total - min(total, field(text, "MemAvailable:")<<10), Limit: total}
	}
	for _, group := range groups("memory") {
		r := groupMemory(group)
		if r.Limit > 0 && (narrowest.Limit == 0 || r.left() < narrowest.left()) {
			narrowest = r
		}
	}
	return narrowest
}

// groupMemory leaves out what the kernel would give back: files it has not used lately.
func groupMemory(group string) (r Resource) {
	r.Limit, r.Used = number(filepath.Join(group, "memory.max")), number(filepath.Join(group, "memory.current"))
	inactive := "inactive_file"
	if r.Used == 0 {
		r.Limit, r.Used = number(filepath.Join(group, "memory.limit_in_bytes")), number(filepath.Join(group, "memory.usage_in_bytes"))
		inactive = "total_inactive_file"
	}
	if text, err := os.ReadFile(filepath.Join(group, "memory.stat")); err == nil {
		r.Used -= min(r.Used, field(text, inactive))
	}
	return r
}

// groups are the directories of the process's control groups for something, from its own up to the root, in either version.
// Within a container the path may be that of the machine, of which only the root is seen.
func groups(controller string) (list []string) {
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return nil
	}
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		parts := strings.SplitN(line, ":", 3)
		if len(parts) != 3 {
			continue
		}
		root := groupRoot
		switch controllers := strings.Split(parts[1], ","); {
		case parts[1] == "":
		case slices.Contains(controllers, controller):
			root = filepath.Join(groupRoot, controller)
		default:
			continue
		}
		for path := filepath.Clean("/" + parts[2]); ; path = filepath.Dir(path) {
			list = append(list, filepath.Join(root, path))
			if path == "/" {
				break
			}
		}
	}
	return list
}

func rlimit(resource int) uint64 {
	var limit syscall.Rlimit
	if syscall.Getrlimit(resource, &limit) != nil || limit.Cur >= unlimited {
		return 0
	}
	return limit.Cur
}

// number reads a file that holds one, 0 when it does not.
func number(path string) uint64 {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	n, err := strconv.ParseUint(string(bytes.TrimSpace(text)), 10, 64)
	if err != nil || n >= unlimited {
		return 0
	}
	return n
}

// field reads the number behind a name at a line's beginning.
func field(text []byte, name string) uint64 {
	for scanner := bufio.NewScanner(bytes.NewReader(text)); scanner.Scan(); {
		parts := strings.Fields(scanner.Text())
		if len(parts) > 1 && parts[0] == name {
			n, _ := strconv.ParseUint(parts[1], 10, 64)
			return n
		}
	}
	return 0
}
