package coordinator

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// Codes of Stream's API errors that a participant treats in its own way.
const (
	CodeAccessKey      = 2
	CodeAuthFailed     = 3
	CodeAuthentication = 5
	CodeDoesNotExist   = 16
	CodeNotAllowed     = 17
	CodeTokenExpired   = 40
	CodeTokenNotYet    = 41
	CodeTokenBeforeIAT = 42
	CodeTokenSignature = 43
)

// maxQuotedText bounds what an error quotes of an answer that is no API error.
const maxQuotedText = 200

// APIError is the coordinator's refusal.
type APIError struct {
	Status        int    `json:"-"`
	Code          int    `json:"code"`
	Message       string `json:"message"`
	MoreInfo      string `json:"more_info"`
	Unrecoverable bool   `json:"unrecoverable"`
}

func newAPIError(status int, body []byte) *APIError {
	e := new(APIError)
	if json.Unmarshal(body, e) != nil || e.Message == "" && e.Code == 0 {
		e.Message = string(body[:min(len(body), maxQuotedText)])
	}
	if e.Message == "" {
		e.Message = http.StatusText(status)
	}
	e.Status = status
	return e
}

// redirected is an answer that sends us elsewhere, where the token must not go.
func redirected(status int) *APIError {
	return &APIError{Status: status, Message: "the coordinator sends requests to another address", Unrecoverable: true}
}

func (e *APIError) Error() string {
	return fmt.Sprintf("the coordinator answered %d, code %d: %s", e.Status, e.Code, e.Message)
}

// UnreachableError says that no answer came.
type UnreachableError struct{ Err error }

func (e *UnreachableError) Error() string { return "the coordinator does not answer: " + e.Err.Error() }
func (e *UnreachableError) Unwrap() error { return e.Err }
