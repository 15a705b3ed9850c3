package netcode

import "testing"

func TestDialectsPutMessagesOnTheirChannels(t *testing.T) {
	published := []Kind{KindState, KindCommand, KindAsset, KindMedia, KindClock, KindUnknown, KindUnknown}
	for version, want := range map[int][]Kind{
		1: published,
		2: published,
		3: published,
		4: {KindMedia, KindCommand, KindState, KindAsset, KindMedia, KindClock, KindUnknown},
	} {
		d, ok := DialectOf(version)
		if !ok || d.Version != version {
			t.Fatalf("version %d: %+v, %v", version, d, ok)
		}
		for channel, kind := range want {
			if got := d.Kind(uint8(channel)); got != kind {
				t.Errorf("version %d, channel %d: got %d, want %d", version, channel, got, kind)
			}
		}
		if d.Kind(255) != KindUnknown || d.Commands != CommandChannel {
			t.Errorf("version %d: %+v", version, d)
		}
	}
}

func TestDialectsDifferAsTheirAgentsDo(t *testing.T) {
	for _, want := range []Dialect{
		{Version: 1, Channels: 5, MediaTrailer: true, HearsEveryone: true, JSONPatch: true},
		{Version: 2, Channels: 5, MediaTrailer: true, HearsEveryone: true, JSONPatch: true},
		{Version: 3, Channels: 5, MediaTrailer: true, HearsEveryone: true, DeniedAsResponse: true},
		{Version: 4, Channels: 6, DeniedAsResponse: true},
		{Version: 5, Channels: 6, DeniedAsResponse: true, Compact: true},
	} {
		d, _ := DialectOf(want.Version)
		got := *d
		got.State, got.Commands, got.Assets, got.Audio, got.Video, got.Clock = 0, 0, 0, 0, 0, 0
		if got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
}

func TestOtherVersionsHaveNoDialect(t *testing.T) {
	for _, version := range []int{-1, 0, MaxVersion + 1, 1 << 53} {
		if d, ok := DialectOf(version); ok || d != nil {
			t.Errorf("version %d: %+v", version, d)
		}
	}
}
