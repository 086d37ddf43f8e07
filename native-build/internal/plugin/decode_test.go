package plugin

import (
	"testing"

	"streamgateway/native/internal/failure"
)

func TestDecodeNamesWhatIsWrong(t *testing.T) {
	type body struct {
		Name  string `json:"name"`
		Count *int   `json:"count"`
		Inner struct {
			Flag bool `json:"flag"`
		} `json:"inner"`
	}
	for request, want := range map[string]string{
		``:                            "",
		`{}`:                          "",
		` {"name":"x","count":null} `: "",
		`{"nam":"x"}`:                 `unknown field "nam"`,
		`{"name":3}`:                  "name must be string, not number",
		`{"count":"3"}`:               "count must be int, not string",
		`{"inner":{"flag":"yes"}}`:    "inner.flag must be bool, not string",
		`{"inner":{"x":1}}`:           `unknown field "x"`,
		`[]`:                          "the request must be a JSON object, not array",
		`"text"`:                      "the request must be a JSON object, not string",
		`{} {}`:                       "the request goes on after its JSON object",
		`{"name":"x"`:                 "the request is not valid JSON: unexpected EOF",
		"{\"name\":\"\xff\"}":         "the request is not UTF-8",
	} {
		var b body
		err := Decode([]byte(request), &b)
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", request, err)
		case want != "" && (err == nil || failure.Of(err).Err.Error() != want):
			t.Errorf("%s: %v, want %s", request, err, want)
		case want != "" && failure.KindOf(err) != failure.InvalidArgument:
			t.Errorf("%s: kind %s", request, failure.KindOf(err))
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"message":"x"}`))
	f.Add([]byte(`{"message":`))
	f.Fuzz(func(t *testing.T, request []byte) {
		answer, err := Typed(echo).Run(nil, request)
		code, text := envelope(answer, err)
		if len(text) == 0 || text[0] != '{' || (err == nil) != (code == 0) {
			t.Errorf("%d %s", code, text)
		}
	})
}
