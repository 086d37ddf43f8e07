package sfu

// numbering is what is added to the numbers of a received packet when it is sent.
type numbering struct {
	sequence  uint16
	timestamp uint32
	vp8       vp8Shift
}

// maxNumberings is how many changes are remembered: enough for packets that come a few frames late.
const maxNumberings = 64

// numberings remembers how the numbering changed along one received stream, so that late packets get theirs.
type numberings struct {
	changes []numberingChange // a ring once it is full
	count   int
}

type numberingChange struct {
	from uint64 // the first packet it holds for
	numbering
}

// begin forgets what was: another stream begins.
func (n *numberings) begin(first numbering) {
	n.changes, n.count = n.changes[:0], 0
	n.change(0, first)
}

// change numbers all packets from one on in a new way.
func (n *numberings) change(from uint64, next numbering) {
	c := numberingChange{from, next}
	if len(n.changes) < maxNumberings {
		n.changes = append(n.changes, c)
	} else {
		n.changes[n.count%maxNumberings] = c
	}
	n.count++
}

func (n *numberings) latest() numbering { return n.changes[(n.count-1)%maxNumberings].numbering }

// at answers how a packet is numbered; false for one that is too late.
func (n *numberings) at(seq uint64) (numbering, bool) {
	for i := n.count - 1; i >= max(0, n.count-len(n.changes)); i-- {
		if c := &n.changes[i%maxNumberings]; c.from <= seq {
			return c.numbering, true
		}
	}
	return numbering{}, false
}
