package web

import "testing"

// anOffer is what Chromium offers.
const anOffer = "v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\na=extmap-allow-mixed\r\n" +
	"a=msid-semantic: WMS\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:Xy7Z\r\n" +
	"a=ice-pwd:1d2n6oJ3ekTj1F9z8hYkWvQx\r\na=ice-options:trickle\r\na=fingerprint:sha-256 " +
	"00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\r\n" +
	"a=setup:actpass\r\na=mid:0\r\na=sctp-port:5000\r\na=max-message-size:262144\r\n"

func TestOfferOfABrowserIsTaken(t *testing.T) {
	if _, err := readOffer(anOffer); err != nil {
		t.Error(err)
	}
}

// FuzzOffers checks that what is taken is taken again, as the same.
func FuzzOffers(f *testing.F) {
	f.Add(anOffer)
	f.Add("v=0\r\n")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		used, err := readOffer(text)
		if err != nil {
			return
		}
		again, err := readOffer(used)
		if err != nil || again != used {
			t.Fatalf("%q becomes %q, and that %q, %v", text, used, again, err)
		}
	})
}
