package e2e

import (
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/gorilla/websocket"

	"streamgateway/native/internal/coordinator"
)

// userRegistry is the coordinator's knowledge of users: only those that connected to its WebSocket may join.
type userRegistry struct {
	t *testing.T

	mu    sync.Mutex
	users []string
}

func newUserRegistry(t *testing.T) *userRegistry { return &userRegistry{t: t} }

func (u *userRegistry) registered() []string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.Clone(u.users)
}

// answer serves the WebSocket, and refuses joins of unknown users.
func (u *userRegistry) answer(w http.ResponseWriter, r *http.Request) bool {
	if r.URL.Path == "/api/v2/connect" {
		u.connect(w, r)
		return true
	}
	user := r.URL.Query().Get("user_id") + ":"
	for _, known := range u.registered() {
		if len(known) >= len(user) && known[:len(user)] == user {
			return false
		}
	}
	refuse(w, http.StatusNotFound, coordinator.CodeDoesNotExist, "user does not exist")
	return true
}

func (u *userRegistry) connect(w http.ResponseWriter, r *http.Request) {
	conn, err := new(websocket.Upgrader).Upgrade(w, r, nil)
	if err != nil {
		u.t.Error(err)
		return
	}
	defer conn.Close()
	var auth struct {
		Token string           `json:"token"`
		User  coordinator.User `json:"user_details"`
	}
	if err := conn.ReadJSON(&auth); err != nil || auth.Token != "token" {
		u.t.Errorf("the auth frame %+v: %v", auth, err)
		return
	}
	u.mu.Lock()
	u.users = append(u.users, auth.User.ID+":"+auth.User.Name+string(auth.User.Custom))
	u.mu.Unlock()
	if err := conn.WriteJSON(map[string]string{"type": "connection.ok", "connection_id": "1"}); err != nil {
		u.t.Error(err)
	}
	_, _, _ = conn.ReadMessage() // until the client closes
}
