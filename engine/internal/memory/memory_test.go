package memory

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

const mib = 1 << 20

var stranger = netip.MustParseAddr("8.8.8.8")

// fill takes as much as there is room for, piece by piece.
func fill(a *Account, piece int64) {
	for a.Room(piece) == nil {
		a.Add(Entities, piece)
	}
}

func TestAgentAndAddressAreBounded(t *testing.T) {
	l := New(Limits{Place: 1024 * mib, Address: 100 * mib, Agent: 60 * mib})
	a, b, elsewhere := l.Open(stranger, false), l.Open(stranger, false), l.Open(netip.MustParseAddr("8.8.4.4"), false)
	fill(a, mib)
	fill(b, mib)
	fill(elsewhere, mib)
	if a.Held() != 60*mib || b.Held() != 40*mib || elsewhere.Held() != 60*mib {
		t.Errorf("they hold %d, %d and %d MiB", a.Held()/mib, b.Held()/mib, elsewhere.Held()/mib)
	}
	for _, behind := range []*Account{l.Open(stranger, true), l.Open(stranger, true)} {
		if fill(behind, mib); behind.Held() != 60*mib {
			t.Errorf("behind a shared address one holds %d MiB", behind.Held()/mib)
		}
	}
}

func TestHoardersLeaveRoomForOthers(t *testing.T) {
	for _, hoarders := range []int{1, 10, 200, 1000} {
		t.Run(fmt.Sprint(hoarders), func(t *testing.T) {
			l := New(Limits{Place: 512 * mib, Address: 512 * mib, Agent: 512 * mib})
			quiet := l.Open(stranger, true)
			quiet.Set(Entities, 300<<10)
			all := make([]*Account, hoarders)
			for i := range all {
				all[i] = l.Open(stranger, true)
			}
			for range 2 { // what the first could not have, the last may leave
				for _, a := range all {
					fill(a, 100<<10)
				}
			}
			total, kinds := l.Used()
			if total > 512*mib || kinds[Entities] != total {
				t.Errorf("%d MiB are held, by kind %v", total/mib, kinds)
			}
			if total < 512*mib*3/4-200<<10 {
				t.Errorf("only %d MiB are held", total/mib)
			}
			if quiet.Held() != 300<<10 {
				t.Error("what the quiet one holds has changed")
			}
			for range 10 {
				late := l.Open(stranger, true)
				if fill(late, 8<<10); late.Held() < 64<<10 {
					t.Errorf("a newcomer finds room for %d KiB", late.Held()>>10)
				}
			}
			var full *FullError
			if err := all[0].Room(mib); !errors.As(err, &full) || !strings.HasPrefix(err.Error(), "the place has no room for more: ") {
				t.Errorf("a hoarder is told %v", err)
			}
		})
	}
}

func TestWhoDoesNotGrowIsNotRefused(t *testing.T) {
	l := New(Limits{Place: 100 * mib, Address: 100 * mib, Agent: 50 * mib})
	quiet, large, larger := l.Open(stranger, true), l.Open(stranger, true), l.Open(stranger, true)
	quiet.Set(Entities, mib)
	large.Set(Entities, 50*mib)
	larger.Set(Entities, 49*mib)
	for _, a := range []*Account{quiet, large, larger} {
		if err := a.Room(0); err != nil {
			t.Errorf("a full place: %v", err)
		}
		if a.Room(1) == nil {
			t.Error("the place is full, and there is room")
		}
	}
	larger.Add(Entities, 1)
	if quiet.Room(0) != nil || large.Room(0) == nil || larger.Room(-5) == nil {
		t.Error("a place over its limit refuses changes to others than to those that hold most")
	}
}

func TestMemoryMovesBetweenAccounts(t *testing.T) {
	l := New(Limits{Place: 100 * mib, Address: 100 * mib, Agent: 50 * mib})
	old, now := l.Open(stranger, false), l.Open(stranger, false)
	old.Set(Entities, 5)
	old.Set(Commands, 3)
	old.Close()
	now.Take(old, Entities, Subscriptions)
	now.Take(now, Entities)
	if total, _ := l.Used(); old.Held() != 3 || now.Held() != 5 || total != 8 {
		t.Errorf("%d and %d of %d are held", old.Held(), now.Held(), total)
	}
}

func TestMemoryIsFreeAgain(t *testing.T) {
	l := New(Limits{Place: 10 * mib, Address: 10 * mib, Agent: 10 * mib})
	a := l.Open(stranger, false)
	a.Add(Commands, 10*mib)
	a.Set(Agents, mib)
	if l.Over() {
		t.Error("11 MiB of 10 are too much")
	}
	a.Add(Commands, mib)
	a.Set(Agents, mib)
	if !l.Over() {
		t.Error("12 MiB of 10 are not too much")
	}
	a.Close()
	a.Close()
	a.Set(Commands, 0)
	if total, _ := l.Used(); total != mib || l.Over() {
		t.Errorf("%d bytes are held", total)
	}
	a.Set(Agents, 0)
	if total, kinds := l.Used(); total != 0 || kinds != [Kinds]int64{} || len(l.by) != 0 || l.open != 0 {
		t.Errorf("%d bytes are held, %v, by %v, %d are open", total, kinds, l.by, l.open)
	}
}
