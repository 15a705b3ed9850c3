package netcode

import (
	"encoding/binary"
	"reflect"
	"strings"
	"testing"
)

const assetID = "asset:sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

// assetPacket puts a header in front of data by hand.
func assetPacket(mid uint16, header, data string) []byte {
	packet := binary.BigEndian.AppendUint16(nil, mid)
	packet = binary.BigEndian.AppendUint16(packet, uint16(len(header)))
	return append(packet, header+data...)
}

var assets = []struct {
	name  string
	data  []byte
	frame AssetFrame
}{
	{
		"request", assetPacket(1, `{"id":"`+assetID+`","range":[0,1048576],"published_by":"box"}`, ""),
		AssetFrame{MID: AssetRequest, Header: AssetHeader{ID: assetID, Length: 1 << 20, PublishedBy: "box"}},
	},
	{
		"request for the size", assetPacket(1, `{"id":"`+assetID+`","range":[0,0]}`, ""),
		AssetFrame{MID: AssetRequest, Header: AssetHeader{ID: assetID}},
	},
	{
		"data", assetPacket(2, `{"id":"`+assetID+`","range":[2,3],"total_length":5}`, "llo"),
		AssetFrame{MID: AssetData, Header: AssetHeader{ID: assetID, Offset: 2, Length: 3, TotalLength: 5}, Data: []byte("llo")},
	},
	{
		"no data", assetPacket(2, `{"id":"`+assetID+`","range":[0,0],"total_length":5}`, ""),
		AssetFrame{MID: AssetData, Header: AssetHeader{ID: assetID, TotalLength: 5}, Data: []byte{}},
	},
	{
		"failure", assetPacket(3, `{"id":"`+assetID+`","error_reason":"Chunk not available","error_code":1}`, ""),
		AssetFrame{MID: AssetFailure, Header: AssetHeader{ID: assetID, ErrorReason: "Chunk not available", ErrorCode: AssetNotAvailable}},
	},
}

func TestAssetFramesComeBackAsTheyWereAppended(t *testing.T) {
	for _, c := range assets {
		t.Run(c.name, func(t *testing.T) {
			got, err := ParseAsset(c.data)
			if err != nil || !reflect.DeepEqual(got, c.frame) {
				t.Fatalf("got %+v, %v", got, err)
			}
			if packet := got.Append(nil); string(packet) != string(c.data) {
				t.Errorf("\n got %q\nwant %q", packet, c.data)
			}
			for n := range c.data {
				if f, err := ParseAsset(c.data[:n:n]); err == nil {
					t.Errorf("the first %d bytes are read as %+v", n, f)
				}
			}
		})
	}
}

func TestAssetHeadersOfCClientsParse(t *testing.T) {
	packet := assetPacket(2, "{\n\t\"id\":\t\"x\",\n\t\"range\":\t[0, 2],\n\t\"total_length\":\t2\n}", "hi")
	want := AssetFrame{MID: AssetData, Header: AssetHeader{ID: "x", Length: 2, TotalLength: 2}, Data: []byte("hi")}
	if got, err := ParseAsset(packet); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	packet = assetPacket(1, `{"id":"x","range":[0,2],"published_by":null,"total_length":"?","x":[{}]}`, "")
	want = AssetFrame{MID: AssetRequest, Header: AssetHeader{ID: "x", Length: 2}}
	if got, err := ParseAsset(packet); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestMalformedAssetFramesSayWhatIsWrong(t *testing.T) {
	for _, c := range []struct {
		packet []byte
		want   string
	}{
		{nil, "asset: 0 bytes, want at least 4"},
		{[]byte("\x00\x04\x00\x00"), "asset: message id 4, want 1, 2 or 3"},
		{[]byte("\x00\x01\x00\x09{}"), "asset: a header of 9 bytes, of which 2 came"},
		{assetPacket(1, "", ""), "asset: unexpected EOF"},
		{assetPacket(1, "[1]", ""), "asset: a list, want an object"},
		{assetPacket(1, "{}", ""), "asset: id: missing"},
		{assetPacket(1, `{"id":7}`, ""), "asset: id: a number, want a string"},
		{assetPacket(1, `{"id":"`+strings.Repeat("x", 2049)+`"}`, ""), "asset: id: 2049 bytes, want at most 2048"},
		{assetPacket(1, `{"id":"x"}`, ""), "asset: range: missing"},
		{assetPacket(1, `{"id":"x","range":7}`, ""), "asset: range: a number, want a list"},
		{assetPacket(1, `{"id":"x","range":[1]}`, ""), "asset: range: want two numbers, offset and length"},
		{assetPacket(1, `{"id":"x","range":[1,2,3]}`, ""), "asset: range: want two numbers, offset and length"},
		{assetPacket(1, `{"id":"x","range":[1,-2]}`, ""), "asset: range[1]: -2, want a whole number from 0 to 2^53"},
		{assetPacket(1, `{"id":"x","range":["1",2]}`, ""), "asset: range[0]: a string, want a number"},
		{assetPacket(1, `{"id":"x","range":[0,2]}`, "hi"), "asset: 2 bytes behind a header that calls for none"},
		{assetPacket(2, `{"id":"x","range":[0,2]}`, "hi"), "asset: total_length: missing"},
		{assetPacket(2, `{"id":"x","range":[0,2],"total_length":true}`, "hi"), "asset: total_length: true or false, want a number"},
		{assetPacket(2, `{"id":"x","range":[0,3],"total_length":3}`, "hi"), "asset: range: 3 bytes, of which 2 came"},
		{assetPacket(2, `{"id":"x","range":[1,2],"total_length":2}`, "hi"), "asset: range: ends at 3, past the total_length of 2"},
		{assetPacket(3, `{"id":"x"}`, ""), "asset: error_code: missing"},
		{assetPacket(3, `{"id":"x","error_code":"1"}`, ""), "asset: error_code: a string, want a number"},
		{assetPacket(3, `{"id":"x","error_code":1.5}`, ""), "asset: error_code: 1.5, want a whole number"},
		{assetPacket(3, `{"id":"x","error_code":1}{}`, ""), "asset: something follows the end of the message"},
	} {
		_, err := ParseAsset(c.packet)
		wantError(t, err, c.want)
	}
}

func TestLongAssetTextIsCutToFitTheHeader(t *testing.T) {
	long := strings.Repeat("\x01", maxAssetText-1) + strings.Repeat("é", 40_000)
	for _, f := range []AssetFrame{
		{MID: AssetFailure, Header: AssetHeader{ID: long, ErrorReason: long, ErrorCode: AssetMalformed}},
		{MID: AssetRequest, Header: AssetHeader{ID: long, PublishedBy: long}},
	} {
		got, err := ParseAsset(f.Append(nil))
		if err != nil || got.Header.ID != long[:maxAssetText-1] {
			t.Errorf("got %d bytes of id, %v", len(got.Header.ID), err)
		}
	}
}

func FuzzAsset(f *testing.F) {
	for _, c := range assets {
		f.Add(c.data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		frame, err := ParseAsset(data)
		if err != nil {
			return
		}
		again, err := ParseAsset(frame.Append(nil))
		if err != nil || !reflect.DeepEqual(again, frame) {
			t.Errorf("%+v\nbecomes %+v, %v", frame, again, err)
		}
	})
}
