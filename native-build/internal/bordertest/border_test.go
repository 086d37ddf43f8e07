package bordertest

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"streamgateway/native/internal/hosttest"
	"streamgateway/native/internal/plugin"
	"streamgateway/native/internal/rtcproto"
)

const patience = 30 * time.Second

func TestMain(m *testing.M) {
	if err := plugin.Serve(New); err != nil {
		panic(err)
	}
	code := m.Run()
	if live := hosttest.LiveAllocations(); code == 0 && live != 0 {
		fmt.Fprintf(os.Stderr, "%d answers were never freed\n", live)
		code = 1
	}
	os.Exit(code)
}

func start(t *testing.T, config string) *hosttest.Host {
	t.Helper()
	host, err := hosttest.Start(config)
	if err != nil {
		t.Fatal(err)
	}
	return host
}

func stop(t *testing.T, host *hosttest.Host) {
	t.Helper()
	if !host.Shutdown() {
		t.Error("shutdown failed")
	}
}

// call wants success and returns the payload.
func call(t *testing.T, host *hosttest.Host, tag, format string, args ...any) map[string]json.Number {
	t.Helper()
	code, answer := host.Call(tag, fmt.Sprintf(format, args...))
	var envelope struct {
		Payload map[string]json.Number `json:"payload"`
	}
	if err := json.Unmarshal([]byte(answer), &envelope); code != 0 || err != nil {
		t.Fatalf("%s: %d %s %v", tag, code, answer, err)
	}
	return envelope.Payload
}

func handle(t *testing.T, n json.Number) uint64 {
	t.Helper()
	id, err := n.Int64()
	if err != nil || id <= 0 || id >= 1<<53 {
		t.Fatalf("%s is no handle", n)
	}
	return uint64(id)
}

// await polls until one record of the kind and id has come.
func await(t *testing.T, host *hosttest.Host, kind int, id uint64) hosttest.Record {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		records, ended := host.Poll(time.Second)
		for _, record := range records {
			if record.Kind == kind && record.ID == id {
				return record
			}
		}
		if ended {
			break
		}
	}
	t.Fatalf("no record of kind %d, id %d", kind, id)
	return hosttest.Record{}
}

func TestCommandsRunSideBySide(t *testing.T) {
	host := start(t, "")
	var workers sync.WaitGroup
	for worker := range 8 {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for i := range 200 {
				message := fmt.Sprintf("%d of %d", i, worker)
				code, answer := host.Call("echo", fmt.Sprintf(`{"message":%q}`, message))
				want := fmt.Sprintf(`{"status":"success","payload":{"message":%q,"length":%d}}`, message, len(message))
				if code != 0 || answer != want {
					t.Errorf("%d %s", code, answer)
				}
				if code, answer := host.Call("test.sleep", "{}"); code != 0 {
					t.Errorf("%d %s", code, answer)
				}
			}
		}()
	}
	workers.Wait()
	stop(t, host)
}

func TestCancelledCommandsCompleteOnce(t *testing.T) {
	host := start(t, "")
	begun := make(map[uint64]bool)
	for i := range 300 {
		id := host.Begin("test.sleep", `{"ms":60000}`)
		if id == 0 {
			t.Fatal("not begun")
		}
		begun[id] = true
		if i%3 > 0 && !host.Cancel(id) {
			t.Error("it should still run")
		}
	}
	stop(t, host) // cancels the others
	for {
		records, ended := host.Poll(time.Second)
		for _, record := range records {
			if !begun[record.ID] {
				t.Errorf("%d completed twice, or was never begun", record.ID)
			}
			delete(begun, record.ID)
			if code := binary.LittleEndian.Uint32(record.Payload); code != 9 {
				t.Errorf("code %d", code)
			}
		}
		if ended {
			break
		}
	}
	if len(begun) > 0 {
		t.Errorf("%d never completed", len(begun))
	}
}

func TestAnswerThatNobodyTakesIsUndone(t *testing.T) {
	host := start(t, `{"data":{"call_timeout_ms":50}}`)
	defer stop(t, host)
	const timedOut = 10
	if code, answer := host.Call("test.undoable", `{"ms":300,"session":7}`); code != timedOut {
		t.Fatalf("%d %s", code, answer)
	}
	record := await(t, host, hosttest.Event, 7)
	event := new(rtcproto.Event)
	if err := proto.Unmarshal(record.Payload, event); err != nil || event.GetLeft().GetReason() != "undone" {
		t.Errorf("event: %v %v", event, err)
	}
	if code, answer := host.Call("test.undoable", `{"ms":1,"session":8}`); code != 0 {
		t.Fatalf("%d %s", code, answer)
	}
	if records, _ := host.Poll(100 * time.Millisecond); len(records) != 0 {
		t.Errorf("an answer that was taken is undone: %v", records)
	}
}

func TestEventsAreNumberedPerSession(t *testing.T) {
	host := start(t, "")
	var emitters sync.WaitGroup
	for session := range 4 {
		for range 2 { // two goroutines a session
			emitters.Add(1)
			go func() {
				defer emitters.Done()
				host.Call("test.emit", fmt.Sprintf(`{"session":%d,"count":500,"size":20}`, session+1))
			}()
		}
	}
	last := make(map[uint64]uint64)
	for total := 0; total < 4000; {
		records, _ := host.Poll(patience)
		if len(records) == 0 {
			t.Fatal("no events")
		}
		for _, record := range records {
			var event rtcproto.Event
			if err := proto.Unmarshal(record.Payload, &event); err != nil {
				t.Fatal(err)
			}
			if event.SessionId != record.ID || event.Seq != last[record.ID]+1 {
				t.Fatalf("session %d: event %d after %d", event.SessionId, event.Seq, last[record.ID])
			}
			if age := time.Since(time.Unix(0, event.TimeUnixNs)); age < 0 || age > patience {
				t.Fatalf("emitted %v ago", age)
			}
			last[record.ID] = event.Seq
			total++
		}
	}
	emitters.Wait()
	stop(t, host)
}

func TestSourceCarriesEveryByte(t *testing.T) {
	host := start(t, "")
	source := handle(t, call(t, host, "test.source.open", `{"capacity":3000}`)["source"])
	content := make([]byte, 500_000)
	for i := range content {
		content[i] = byte(i * 31)
	}
	hash := fnv.New32a()
	hash.Write(content)
	go func() {
		for rest := content; len(rest) > 0; {
			n := hosttest.Write(source, rest[:min(len(rest), 1999)])
			if n < 0 {
				t.Errorf("write: %d", n)
				return
			}
			rest = rest[n:]
			if n == 0 {
				await(t, host, hosttest.SourceWritable, source)
			}
		}
		hosttest.End(source)
	}()
	got := call(t, host, "test.source.read", `{"source":%d,"size":10000000}`, source)
	if got["bytes"] != "500000" || got["hash"] != json.Number(fmt.Sprint(hash.Sum32())) {
		t.Errorf("%v", got)
	}
	call(t, host, "test.source.close", `{"source":%d}`, source)
	if n := hosttest.Write(source, content); n != hosttest.Ended {
		t.Errorf("write after the end: %d", n)
	}
	await(t, host, hosttest.SourceEnded, source)
	stop(t, host)
}

func TestSinkKeepsWholePages(t *testing.T) {
	host := start(t, "")
	sink := handle(t, call(t, host, "test.sink.open", `{"capacity":2160}`)["sink"])
	dropped := call(t, host, "test.sink.write", `{"sink":%d,"size":200,"count":25}`, sink)
	if dropped["dropped"] != "15" || dropped["dropped_bytes"] != "3000" {
		t.Errorf("%v", dropped)
	}
	await(t, host, hosttest.SinkReady, sink)
	call(t, host, "test.sink.end", `{"sink":%d}`, sink)
	buffer := make([]byte, 450)
	for page := byte(15); page < 25; page += 2 {
		if n := hosttest.Read(sink, buffer); n != 400 || buffer[0] != page || buffer[399] != page+1 {
			t.Fatalf("read %d bytes, pages %d and %d", n, buffer[0], buffer[399])
		}
	}
	if n := hosttest.Read(sink, buffer); n != hosttest.Ended {
		t.Errorf("read after the end: %d", n)
	}
	stop(t, host)
}

func TestPanicFailsTheInstanceAlone(t *testing.T) {
	for _, tag := range []string{"test.panic", "test.panic_later"} {
		host, other := start(t, ""), start(t, "")
		host.Call(tag, "{}")
		for deadline := time.Now().Add(patience); host.State() != hosttest.Failed; {
			if time.Now().After(deadline) {
				t.Fatalf("%s: state %d", tag, host.State())
			}
			runtime.Gosched()
		}
		if code, answer := host.Call("echo", "{}"); code != 1 {
			t.Errorf("%d %s", code, answer)
		}
		if code, answer := other.Call("echo", "{}"); code != 0 {
			t.Errorf("%d %s", code, answer)
		}
		stop(t, host)
		stop(t, other)
	}
}

func TestNoGoroutineStays(t *testing.T) {
	stop(t, start(t, ""))
	before := runtime.NumGoroutine()
	for range 50 {
		host := start(t, "")
		host.Begin("test.sleep", `{"ms":60000}`)
		source := handle(t, call(t, host, "test.source.open", `{"capacity":100}`)["source"])
		host.Begin("test.source.read", fmt.Sprintf(`{"source":%d,"size":1}`, source))
		stop(t, host)
	}
	for deadline := time.Now().Add(patience); runtime.NumGoroutine() > before; {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
		runtime.Gosched()
	}
}
