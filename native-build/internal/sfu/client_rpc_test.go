package sfu

import (
	"bytes"
	"io"
	"net/http"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// rpc calls a procedure and fails the test on an error of the transport.
func (c *testClient) rpc(method string, request, response proto.Message) {
	c.t.Helper()
	status, body := c.post(method, request, "Bearer "+c.token)
	if status != http.StatusOK {
		c.t.Errorf("%s: %s answered %d: %s", c.userID, method, status, body)
		return
	}
	unmarshal := proto.Unmarshal
	if c.json {
		unmarshal = protojson.Unmarshal
	}
	if err := unmarshal(body, response); err != nil {
		c.t.Errorf("%s: %s: %v", c.userID, method, err)
	}
}

func (c *testClient) post(method string, request proto.Message, authorization string) (int, []byte) {
	c.t.Helper()
	contentType, marshal := "application/protobuf", proto.Marshal
	if c.json {
		contentType, marshal = "application/json", protojson.Marshal
	}
	body, err := marshal(request)
	if err != nil {
		c.t.Fatal(err)
	}
	return postRaw(c.t, c.server.URL()+"/stream.video.sfu.signal.SignalServer/"+method, contentType, authorization, body)
}

var testHTTP = &http.Client{Timeout: testDeadline, Transport: &http.Transport{DisableKeepAlives: true}}

func postRaw(t testing.TB, url, contentType, authorization string, body []byte) (int, []byte) {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", contentType)
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	response, err := testHTTP.Do(request)
	if err != nil {
		t.Errorf("%s: %v", url, err)
		return 0, nil
	}
	defer response.Body.Close()
	answered, err := io.ReadAll(response.Body)
	if err != nil {
		t.Errorf("%s: %v", url, err)
	}
	return response.StatusCode, answered
}
