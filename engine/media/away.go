package media

import "github.com/loci-place/loci/netcode"

// Away has an agent neither heard nor hear anything until [Table.Back]: its connection
// is lost. It keeps its tracks and what it has chosen.
func (t *Table) Away(a *Agent) {
	a.away = true
	a.voice.tracks.Store(nil)
	for _, tr := range t.tracks {
		tr.remove(a)
	}
}

// Back ends what [Table.Away] began, over a connection on which the agent speaks the
// same dialect.
func (t *Table) Back(a *Agent, conn netcode.Conn, voice *Voice) {
	a.conn, a.voice, a.away = conn, voice, false
	for _, tr := range a.own {
		voice.begin(&tr.route)
	}
	for _, tr := range t.tracks {
		if _, chosen := a.chosen[tr]; chosen != a.dialect.HearsEveryone && t.reaches(tr, a) {
			tr.add(a)
		}
	}
}
