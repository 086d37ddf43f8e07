package main

import (
	"bufio"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

//go:embed aiortc_receiver.py
var aiortcReceiver string

// timerSlack is in ns, as internal/border/process.c sets it.
const timerSlack = 500_000

// joinPatience is for a whole process to hear something everywhere.
const joinPatience = 150 * time.Second

// process is a receiving process.
type process struct {
	command *exec.Cmd
	input   io.WriteCloser
	lines   chan string // closed when the process ends
}

// startProcess makes a process that waits to be told to join.
func startProcess(s settings, kind, url string, count, calls int) (*process, error) {
	arguments := []string{"-url", url, "-count", strconv.Itoa(count), "-calls", strconv.Itoa(calls)}
	var command *exec.Cmd
	if kind == kindOfAiortc {
		command = exec.Command("/usr/bin/python3", append([]string{"-c", aiortcReceiver}, arguments...)...) // Debian's, for its packages
		command.Env = append(os.Environ(), "PYTHONPATH="+s.protocol)
	} else {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		command = exec.Command(self, append([]string{"receive", "-kind", kind, "-profiles", s.profiles}, arguments...)...)
	}
	command.Stderr = os.Stderr
	input, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := start(command, strings.HasPrefix(kind, "ours-")); err != nil {
		return nil, err
	}
	p := &process{command: command, input: input, lines: make(chan string)}
	go func() {
		defer close(p.lines)
		for scanner := bufio.NewScanner(output); scanner.Scan(); {
			p.lines <- scanner.Text()
		}
	}()
	return p, p.expect("open")
}

// start has a receiver of this library run with the timers that its threads have in a host, which are inherited.
func start(command *exec.Cmd, ours bool) error {
	if !ours {
		return command.Start()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before, _, _ := syscall.Syscall(syscall.SYS_PRCTL, syscall.PR_GET_TIMERSLACK, 0, 0)
	if _, _, errno := syscall.Syscall(syscall.SYS_PRCTL, syscall.PR_SET_TIMERSLACK, timerSlack, 0); errno != 0 {
		return os.NewSyscallError("prctl", errno)
	}
	defer syscall.Syscall(syscall.SYS_PRCTL, syscall.PR_SET_TIMERSLACK, before, 0)
	return command.Start()
}

func (p *process) line() (string, error) {
	select {
	case line, ok := <-p.lines:
		if !ok {
			return "", errNotRunning
		}
		return line, nil
	case <-time.After(joinPatience):
		return "", errors.New("the receiver does not answer")
	}
}

func (p *process) expect(word string) error {
	line, err := p.line()
	if err == nil && line != word {
		err = fmt.Errorf("the receiver says %q, not %q", line, word)
	}
	return err
}

// join answers once everybody hears something.
func (p *process) join() error {
	if _, err := io.WriteString(p.input, "join\n"); err != nil {
		return err
	}
	return p.expect("ready")
}

func (p *process) packets() (int, error) {
	if _, err := io.WriteString(p.input, "count\n"); err != nil {
		return 0, err
	}
	line, err := p.line()
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(line)
}

func (p *process) end() error {
	_ = p.input.Close()
	late := time.AfterFunc(patience, func() { _ = p.command.Process.Kill() })
	defer late.Stop()
	for range p.lines { // of no interest any more
	}
	return p.command.Wait()
}

func (p *process) pid() int { return p.command.Process.Pid }

// figures are what a process did within a time.
type figures struct {
	packets  int
	cpu      float64 // of a core
	stageCPU float64
	resident int // bytes, at the end
}

// measure watches a process, and this one, for a while.
func (p *process) measure(length time.Duration) (f figures, err error) {
	packets, err := p.packets()
	if err != nil {
		return f, err
	}
	began, cpu, stage := time.Now(), processorTime(p.pid()), processorTime(os.Getpid())
	time.Sleep(length)
	spent := time.Since(began)
	f.cpu = float64(processorTime(p.pid())-cpu) / float64(spent)
	f.stageCPU = float64(processorTime(os.Getpid())-stage) / float64(spent)
	f.resident = residentBytes(p.pid())
	after, err := p.packets()
	f.packets = after - packets
	return f, err
}

// clockTick is the unit of /proc/PID/stat on Linux.
const clockTick = time.Second / 100

// processorTime is what a process has used, of user and system.
func processorTime(pid int) time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(stat), ") ") // the name may hold anything but this
	fields := strings.Fields(rest)
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * clockTick
}

func residentBytes(pid int) int {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	kib, _ := strconv.Atoi(strings.Fields(rest)[0])
	return kib << 10
}
