package netcode

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

const assetIDPrefix = "asset:sha256:"

// AssetHash is the SHA-256 of an asset's content, which is all that an asset's id
// says (netcode/PROTOCOL.md, "Assets").
type AssetHash [sha256.Size]byte

// ID is the hash as an asset's id.
func (h AssetHash) ID() string { return assetIDPrefix + hex.EncodeToString(h[:]) }

// AssetID is the id of an asset with this content.
func AssetID(content []byte) string { return AssetHash(sha256.Sum256(content)).ID() }

// ParseAssetID reads an asset's id. There is one way to write each: "asset:sha256:"
// and 64 hexadecimal digits in lower case.
func ParseAssetID(id string) (AssetHash, error) {
	var h AssetHash
	digits, ok := strings.CutPrefix(id, assetIDPrefix)
	if !ok || len(digits) != 2*len(h) || strings.ToLower(digits) != digits {
		return AssetHash{}, badAssetID(id)
	}
	if _, err := hex.Decode(h[:], []byte(digits)); err != nil {
		return AssetHash{}, badAssetID(id)
	}
	return h, nil
}

func badAssetID(id string) error {
	const most = 100 // bytes of it that are shown
	return fmt.Errorf("asset id %.*q, want %s and 64 hexadecimal digits in lower case", most, id, assetIDPrefix)
}
